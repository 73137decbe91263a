package rehearse_test

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
)

// TestRehearseSpeaks is "fairfloor rehearse speaks: simulated speakers caption
// their turns": typed, pushed and from the prompter, in five languages, each
// caption by the turn in which it was said, and the report still the same bytes
// for the same seed, as without captions.
func TestRehearseSpeaks(t *testing.T) {
	flags := []string{"--applicants=9", "--minutes=20", "--seed=1"}
	spoken, _, lines := run(t, append(flags, "--captions=on")...)
	silent, _, _ := run(t, append(flags, "--captions=off")...)
	if !bytes.Equal(spoken, silent) {
		t.Errorf("captions change what the report says:\n%s\n%s", spoken, silent)
	}
	written := map[string]int{}
	kinds := map[string]events.SourceKind{}
	begun := map[ids.Turn]bool{}
	inTurns := map[ids.Turn]int{}
	for _, line := range lines {
		var stored struct {
			Body string `json:"body"`
		}
		must(t, json.Unmarshal([]byte(line), &stored))
		var c events.Commit
		must(t, json.Unmarshal([]byte(stored.Body), &c))
		for _, e := range c.Events {
			switch e := e.(type) {
			case *events.SourceOpened:
				kinds[e.Track] = e.Kind
			case *events.TurnBegun:
				begun[e.Turn] = true
			case *events.CaptionWritten:
				written[e.Track]++
				inTurns[e.Speaker.Turn]++
				if !begun[e.Speaker.Turn] {
					t.Errorf("a caption of %s belongs to no turn that has begun", e.Track)
				}
			}
		}
	}
	for track, kind := range map[string]events.SourceKind{
		"en": events.TypedSource, "es": events.PushSource, "fr": events.ScriptSource, "ar": events.ScriptSource, "zh": events.ScriptSource,
	} {
		if written[track] < 5 || kinds[track] != kind {
			t.Errorf("track %s: %d captions by %q", track, written[track], kinds[track])
		}
	}
	for turn := range begun {
		if inTurns[turn] == 0 {
			t.Errorf("nobody captioned turn %s", turn)
		}
	}
}
