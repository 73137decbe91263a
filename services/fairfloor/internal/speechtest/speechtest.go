// Package speechtest gives tests real speech and a real speech engine: flite
// says a text, and pocketsphinx behind the vosk-server protocol hears it.
//
// It guarantees that what it starts is gone when the test ends, and that a
// machine without the two programs fails the test with the name of the package
// to install, since a skipped test tells nobody anything.
package speechtest

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// SampleRate is that of the voice and of the engine, in Hz.
const SampleRate = 16_000

// BytesPerMS is the size of a millisecond of 16-bit mono audio.
const BytesPerMS = SampleRate / 1_000 * 2

// Statements are five statements of some 60 words each, in the manner of a
// consultation, in words that the engine's dictionary has.
func Statements() []string {
	return []string{
		`Thank you very much, dear chair. We welcome the work of this group and the open way in which it has been led. Our members run small networks in forty countries. They need clear rules, simple reports, and people who answer the phone when something breaks. We ask the group to keep one hour of each meeting for those who do the work every day.`,
		`Good morning to all of you. I speak for teachers who show children how to be safe on the network. Every week we see new tricks that steal money from families. We ask all countries to share what they know about these tricks within two days. A warning that comes after a month helps nobody. Please write this into the final report of the group.`,
		`Thank you for giving me the floor. Hospitals in my region were closed for nine days because of one attack. Doctors wrote with paper and pens, and operations had to wait. No state should ever allow such an attack from its own land. We ask for a clear promise, a public list of contacts, and help for small hospitals that have no experts.`,
		`Good afternoon. Our organization brings together people with disabilities from every part of the world. Many of us follow this meeting only through text on a screen. When the words come late, we are late. When the names are wrong, we do not know who is speaking. Please make good captions a rule and not a gift, in every room and in every language.`,
		`Thank you, madam chair. The report before us is good, but it can be better. It speaks about trust between states, and says little about trust between people. We study how rules are used after they are made. Our advice is simple. Measure what you promise, publish what you measure, and come back to this room every year to tell us the results.`,
	}
}

// Say has flite's voice rms read the text, and gives 16-bit little-endian mono PCM at SampleRate.
func Say(t testing.TB, text string) []byte {
	t.Helper()
	need(t, "flite", "flite")
	source, file := filepath.Join(t.TempDir(), "speech.txt"), filepath.Join(t.TempDir(), "speech.wav")
	if err := os.WriteFile(source, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	// From a file it pauses after a sentence as a speaker does; a text given by -t is read in one breath.
	if out, err := exec.CommandContext(t.Context(), "flite", "-voice", "rms", "-f", source, "-o", file).CombinedOutput(); err != nil {
		t.Fatalf("flite: %v: %s", err, out)
	}
	wav, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	pcm, err := samples(wav)
	if err != nil {
		t.Fatal(err)
	}
	return pcm
}

// samples gives the audio of a RIFF file, which has to be in our form.
func samples(wav []byte) ([]byte, error) {
	if len(wav) < 12 || string(wav[:4]) != "RIFF" || string(wav[8:12]) != "WAVE" {
		return nil, fmt.Errorf("speechtest: not a WAVE file")
	}
	formed := false
	for rest := wav[12:]; len(rest) >= 8; {
		name, size := string(rest[:4]), int(binary.LittleEndian.Uint32(rest[4:8]))
		body := rest[8:min(8+size, len(rest))]
		switch name {
		case "fmt ":
			form := []any{uint16(0), uint16(0), uint32(0), uint32(0), uint16(0), uint16(0)}
			if len(body) < 16 {
				return nil, fmt.Errorf("speechtest: the format is cut off")
			}
			form[0], form[1], form[2] = binary.LittleEndian.Uint16(body), binary.LittleEndian.Uint16(body[2:]), binary.LittleEndian.Uint32(body[4:])
			if bits := binary.LittleEndian.Uint16(body[14:]); form[0] != uint16(1) || form[1] != uint16(1) || form[2] != uint32(SampleRate) || bits != 16 {
				return nil, fmt.Errorf("speechtest: the audio is not 16-bit mono PCM at %d Hz", SampleRate)
			}
			formed = true
		case "data":
			if !formed {
				return nil, fmt.Errorf("speechtest: audio before its format")
			}
			return body[:len(body)&^1], nil
		}
		rest = rest[min(8+size+size%2, len(rest)):]
	}
	return nil, fmt.Errorf("speechtest: no audio in the file")
}

// Silence gives so many ms of it.
func Silence(ms int) []byte { return make([]byte, ms*BytesPerMS) }

// Pieces cuts audio into pieces of so many ms.
func Pieces(pcm []byte, ms int) [][]byte {
	var out [][]byte
	for len(pcm) > 0 {
		n := min(ms*BytesPerMS, len(pcm))
		out = append(out, pcm[:n])
		pcm = pcm[n:]
	}
	return out
}

// Play hands pieces of 100 ms to write at the pace of speech: each when its
// last sample has been spoken, as a microphone does. It ends early with ctx.
func Play(ctx context.Context, pcm []byte, write func(piece []byte)) {
	const piece = 100 // ms
	tick := time.NewTicker(piece * time.Millisecond)
	defer tick.Stop()
	for _, p := range Pieces(pcm, piece) {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			write(p)
		}
	}
}

// Engine starts the speech engine for this test and gives its URL.
func Engine(t testing.TB) string {
	t.Helper()
	need(t, "pkg-config", "pkg-config")
	if err := exec.CommandContext(t.Context(), "pkg-config", "--exists", "pocketsphinx").Run(); err != nil {
		t.Fatal("libpocketsphinx-dev is missing: install it and pocketsphinx-en-us, as ./scripts/test does")
	}
	program := filepath.Join(t.TempDir(), "sphinx")
	build := exec.CommandContext(t.Context(), "go", "build", "-tags", "pocketsphinx", "-o", program,
		"github.com/fairfloor/fairfloor/services/fairfloor/internal/sphinx/cmd/sphinx")
	build.Env = append(os.Environ(), "CGO_ENABLED=1")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build the speech engine: %v\n%s", err, out)
	}
	var said bytes.Buffer
	command := exec.Command(program, "-listen", "127.0.0.1:0")
	command.Stderr = &said
	out, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = command.Process.Signal(os.Interrupt)
		_ = command.Wait() // it ends by our signal, or has failed the test already
	})
	address, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatalf("the speech engine does not start: %v %s", err, said.String())
	}
	return strings.TrimSpace(address)
}

func need(t testing.TB, program, debianPackage string) {
	t.Helper()
	if _, err := exec.LookPath(program); err != nil {
		t.Fatalf("%s is missing: install Debian's %s, as ./scripts/test does", program, debianPackage)
	}
}
