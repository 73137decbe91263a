package faults_test

import (
	"bytes"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/fairfloor/fairfloor/pkg/client"
	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/services/fairfloor/internal/record"
)

// unspeakable is a word that stands nowhere else; no layout of captions breaks it.
const unspeakable = "Quixomarmaladia"

// TestARedactedSentenceIsNowhere is the bullet "A redacted sentence is nowhere:
// not in any view, export, reconnect, snapshot, … or the stream's files after
// secure deletion", through a kill -9 of the process; and the record still
// verifies, with what the transcript did by itself decided again.
func TestARedactedSentenceIsNowhere(t *testing.T) {
	s := serve(t, t.TempDir(), "--log-level", "debug")
	m := meet(t, s.url(), s.organiser, 2)
	chair := m.chair()
	ask(t, chair, "start_session", nil, command.None{})
	d := m.captioner("en")
	entry, free := m.enlist(chair, 0), ids.Turn{}
	turn := parse[ids.Turn](t, ask(t, chair, "next", &command.Expect{Turn: &free, Entry: &entry}, command.None{}).Made["turn"])
	segment := ids.New[ids.Segment]()
	write := func(rev int64, text string) error {
		_, err := d.live.Do(timeout(t), "caption", nil, command.Caption{
			Track: "en", Source: d.source, Epoch: d.epoch, Segments: []command.CaptionSegment{{Segment: segment, Rev: rev, Text: text}},
		})
		return err
	}
	for rev, text := range []string{"the " + unspeakable, "that " + unspeakable} {
		if err := write(int64(rev+1), text); err != nil {
			t.Fatal(err)
		}
	}
	if err := d.say(timeout(t), ">> An ordinary sentence that stays."); err != nil {
		t.Fatal(err)
	}
	// The mark was the called speaker's first word.
	if err := chair.Wait(timeout(t), func(l *client.Locked) bool {
		of := l.View().Turns[turn]
		return of != nil && !of.BegunAt.IsZero() && of.Basis == events.ByCaption
	}); err != nil {
		t.Errorf("the caption did not begin the turn: %v", err)
	}
	holds := func() []string {
		t.Helper()
		var all []string
		trace := []byte(unspeakable)
		err := filepath.WalkDir(s.data, func(path string, entry fs.DirEntry, err error) error {
			if err != nil || !entry.Type().IsRegular() {
				return err
			}
			raw, err := os.ReadFile(path)
			if os.IsNotExist(err) {
				return nil // the server renames its index files
			}
			if bytes.Contains(raw, trace) {
				all = append(all, path)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return all
	}
	shown := func() []string {
		t.Helper()
		var all []string
		for _, path := range []string{"", "/log", "/transcript/en", "/transcript/en.vtt", "/transcript/en.srt", "/transcript/en.ttml", "/transcript/en.txt", "/transcript/en.md", "/transcript/en.json"} {
			var raw []byte
			if err := m.http.Do(timeout(t), http.MethodGet, "/api/v1/sessions/"+m.id.String()+path, nil, &raw); err != nil {
				t.Fatalf("%s: %v", path, err)
			}
			if bytes.Contains(raw, []byte(unspeakable)) {
				all = append(all, path)
			}
		}
		return all
	}
	if len(holds()) == 0 || len(shown()) < 7 {
		t.Fatalf("before, the sentence is in the files %v and in %v: the test could not fail", holds(), shown())
	}
	if _, err := m.http.Command(timeout(t), m.id, "redact", nil, command.SegmentRef{Segment: segment, Rev: 2}, "personal data of a third person"); err != nil {
		t.Fatal(err)
	}
	// Killed at once: what was acknowledged is finished by the next start.
	s.kill()
	s.start(t)
	defer func() {
		if t.Failed() {
			t.Logf("it is in %v", holds())
		}
	}()
	until(t, "every file is clean", func() bool { return len(holds()) == 0 })
	connected(t, chair, 1)
	nowhere := func(when string) {
		t.Helper()
		if files, surfaces := holds(), shown(); len(files)+len(surfaces) > 0 {
			t.Errorf("%s: the sentence is in %v and in %v", when, files, surfaces)
		}
		if bytes.Contains([]byte(s.everything()), []byte(unspeakable)) {
			t.Errorf("%s: the sentence is in the log lines", when)
		}
	}
	nowhere("after the kill")
	if err := write(3, "once more "+unspeakable); err == nil {
		t.Error("its source wrote it again")
	}
	nowhere("after an attempt to bring it back")
	if code := s.term(); code != 0 {
		t.Errorf("the process ended with %d", code)
	}
	s.start(t)
	connected(t, chair, 2)
	nowhere("after a restart")
	// Who, when and why are known, and the record verifies.
	log := m.export()
	redacted := 0
	for _, line := range log.Lines {
		if bytes.Contains([]byte(line.Body), []byte(`"caption_redacted"`)) && bytes.Contains([]byte(line.Body), []byte(`"reason":{`)) {
			redacted++
		}
	}
	if redacted != 1 {
		t.Errorf("%d commits say who redacted and why", redacted)
	}
	built, err := record.Build(log.Lines)
	if err != nil {
		t.Fatal(err)
	}
	for _, difference := range record.Verify(built) {
		t.Error(difference)
	}
}
