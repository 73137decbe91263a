package speechtest

import (
	"cmp"
	"encoding/binary"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fairfloor/fairfloor/pkg/clock"
	"github.com/fairfloor/fairfloor/pkg/script"
	"github.com/fairfloor/fairfloor/pkg/vosk"
)

// hears sends audio to the engine as fast as it takes it, or at the pace of
// speech, and gives the finals with when each came. The audio begins at began.
func hears(t *testing.T, engine string, pcm []byte, paced bool) (finals []vosk.Event, came []clock.Instant, began clock.Instant) {
	t.Helper()
	client, err := vosk.New(vosk.Config{URL: engine, Buffer: 10 * time.Minute, Patience: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	began = clock.Of(time.Now())
	var mu sync.Mutex
	done := make(chan error, 1)
	go func() {
		done <- client.Run(t.Context(), func(e vosk.Event) {
			mu.Lock()
			defer mu.Unlock()
			switch e.Kind {
			case vosk.Final:
				finals, came = append(finals, e), append(came, clock.Of(time.Now()))
			case vosk.Down, vosk.Lost:
				t.Errorf("%s %s", e.Kind, e.Reason)
			}
		})
	}()
	at := began
	write := func(piece []byte) {
		client.Write(at, piece)
		at = at.Add(int64(len(piece) / BytesPerMS))
	}
	if paced {
		Play(t.Context(), pcm, write)
	} else {
		for _, piece := range Pieces(pcm, 100) {
			write(piece)
		}
	}
	client.Close()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	return finals, came, began
}

func textOf(finals []vosk.Event) string {
	var out []string
	for _, e := range finals {
		out = append(out, e.Text)
	}
	return strings.Join(out, " ")
}

// Of five statements the short run hears one, the long run all; the figures
// are printed, and asserted loosely because other machines hear otherwise.
func TestTheEngineHearsAVoiceWithFewErrors(t *testing.T) {
	statements := Statements()
	if os.Getenv("FAIRFLOOR_LONG") == "" {
		statements = statements[:1]
	}
	engine := Engine(t)
	var all script.Errors
	for i, text := range statements {
		pcm := slices.Concat(Silence(500), Say(t, text), Silence(700))
		began := time.Now()
		finals, _, zero := hears(t, engine, pcm, false)
		errs := script.Compare(text, textOf(finals))
		t.Logf("statement %d: %d words in %.1f s of speech, heard in %.1f s, word error rate %.1f %%", i+1, errs.Words,
			float64(len(pcm))/BytesPerMS/1000, time.Since(began).Seconds(), 100*errs.Rate())
		if errs.Rate() > 0.4 {
			t.Errorf("heard: %s", textOf(finals))
		}
		all.Words += errs.Words
		all.Substituted += errs.Substituted
		all.Inserted += errs.Inserted
		all.Deleted += errs.Deleted
		// Words have times inside the audio, in order; the first is said after half a second, on every connection.
		// The engine reckons in frames of 10 ms, and two neighbours may share one.
		const frame = 10
		last, length := int64(500), int64(len(pcm)/BytesPerMS)
		for i, e := range finals {
			from, to := e.Start.Sub(zero), e.End.Sub(zero)
			if len(e.Words) == 0 || from < last-frame || to < from || to > length || i == 0 && from > 1_500 {
				t.Errorf("%q from %d to %d after %d of %d ms", e.Text, from, to, last, length)
			}
			last = to
		}
	}
	t.Logf("word error rate over %d words: %.1f %%", all.Words, 100*all.Rate())
	if all.Rate() > 0.30 {
		t.Errorf("word error rate %.1f %%, at most 30 %% wanted", 100*all.Rate())
	}
}

func TestFinalsComeSoonAfterTheLastWord(t *testing.T) {
	text := "Thank you very much, dear chair. We welcome the work of this group. Our members run small networks in forty countries."
	pcm := slices.Concat(Silence(500), Say(t, text), Silence(1_500))
	finals, came, _ := hears(t, Engine(t), pcm, true)
	if len(finals) < 2 {
		t.Fatalf("%d finals: %s", len(finals), textOf(finals))
	}
	var delays []int64
	for i, e := range finals {
		delays = append(delays, came[i].Sub(e.End))
	}
	slices.SortFunc(delays, func(a, b int64) int { return cmp.Compare(a, b) })
	t.Logf("%d finals, %d to %d ms after their last word", len(delays), delays[0], delays[len(delays)-1])
	// A loaded machine is slower than the 3 s that an unloaded one is held to.
	if most := delays[len(delays)-1]; delays[0] < 0 || most > 10_000 {
		t.Errorf("finals came %v ms after their last word", delays)
	}
}

func TestPlayKeepsThePaceOfSpeech(t *testing.T) {
	t.Parallel()
	began, bytes := time.Now(), 0
	Play(t.Context(), Silence(350), func(piece []byte) { bytes += len(piece) })
	if took := time.Since(began); bytes != 350*BytesPerMS || took < 390*time.Millisecond {
		t.Errorf("%d bytes in %s", bytes, took)
	}
}

func TestWAVEFilesOfOtherForms(t *testing.T) {
	t.Parallel()
	file := func(rate uint32, chunks ...string) []byte {
		form := binary.LittleEndian.AppendUint16(nil, 1)
		form = binary.LittleEndian.AppendUint16(form, 1)
		form = binary.LittleEndian.AppendUint32(form, rate)
		form = append(form, 0, 0, 0, 0, 2, 0, 16, 0)
		out := []byte("RIFF\x00\x00\x00\x00WAVE")
		for _, c := range chunks {
			body := map[string][]byte{"fmt ": form, "LIST": []byte("odd"), "data": {1, 2, 3, 4, 5}}[c]
			out = append(binary.LittleEndian.AppendUint32(append(out, c...), uint32(len(body))), body...)
			if len(body)%2 != 0 {
				out = append(out, 0)
			}
		}
		return out
	}
	if pcm, err := samples(file(SampleRate, "fmt ", "LIST", "data")); err != nil || !slices.Equal(pcm, []byte{1, 2, 3, 4}) {
		t.Errorf("%v %v", pcm, err)
	}
	for name, wav := range map[string][]byte{
		"nothing": nil, "no audio": file(SampleRate, "fmt "), "no format": file(SampleRate, "data"), "8 kHz": file(8_000, "fmt ", "data"),
		"cut off": file(SampleRate, "fmt ")[:24],
	} {
		if _, err := samples(wav); err == nil {
			t.Errorf("%s was read", name)
		}
	}
}
