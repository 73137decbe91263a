package bubble

import (
	"bytes"
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/fairfloor/fairfloor/pkg/clock"
	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/eventlog/logtest"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/process"
	"github.com/fairfloor/fairfloor/pkg/retention"
	"github.com/fairfloor/fairfloor/pkg/session"
	"github.com/fairfloor/fairfloor/pkg/session/sessiontest"
	"github.com/fairfloor/fairfloor/services/registry"
	"github.com/fairfloor/fairfloor/services/transcript"
)

// remembering are the real services, transcript and all, which keep no longer
// than some days.
func remembering(days retention.Settings) map[events.Context]builder {
	all := builders()
	all[events.Registry] = func(ctx context.Context, p *process.Process) (part, error) {
		p.Settings.Retention = days
		return registry.New(ctx, p)
	}
	all[events.Transcript] = func(ctx context.Context, p *process.Process) (part, error) {
		return transcript.New(ctx, p, transcript.Settings{})
	}
	return all
}

// halt stops every replica, as at the end of a meeting's day.
func (s *stack) halt() {
	s.t.Helper()
	for c, all := range s.running {
		for _, r := range all {
			r.stop()
		}
		s.running[c] = nil
	}
}

// holding lists which of some texts stand in any file under the stack's folder.
func (s *stack) holding(texts ...string) (found []string) {
	s.t.Helper()
	err := filepath.WalkDir(s.folder, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		raw, err := os.ReadFile(path)
		for _, text := range texts {
			if bytes.Contains(raw, []byte(text)) && !slices.Contains(found, text) {
				found = append(found, text)
			}
		}
		return err
	})
	if err != nil {
		s.t.Fatalf("%v", err)
	}
	return found
}

// lead is how long before a deadline the services are started, in ms; day is one
// of session time.
const lead, day = 60_000, 24 * 3_600_000

// TestRetentionAndErasureJobs on the real server, with three replicas of the
// registry: a session seals itself seven days after its adjournment; on the day
// that the settings name, and not a minute before, everything that was kept of it
// is in no file any more, by one fact for each class; services that were away all
// the time do it when they are back; the chain and the record verify throughout.
func TestRetentionAndErasureJobs(t *testing.T) {
	logtest.Bubble(t, func(t *testing.T) {
		s := newStack(t, remembering(retention.Settings{People: 8, Statements: 8, Transcript: 9}))
		s.start(events.Transcript)
		m := s.open(t, agenda{minutes: 10, applicants: 2})
		m.must(office, "add_person", command.AddPerson{Applicant: m.delegates[0].Applicant, Value: &command.PersonValue{Name: "Melchizedek Person"}})
		m.must(m.delegates[0], "file_text", command.FileText{Language: "en", Visibility: events.PublicNow, Content: "Melchizedek's statement"})
		m.gathered()
		m.begins()
		captioner := sessiontest.Staff(events.Captioner)
		opened := m.must(captioner, "open_source", command.OpenSource{Track: "en", Kind: events.TypedSource})
		m.must(captioner, "caption", command.Caption{
			Source: ids.MustParse[ids.Source](opened.Made["source"]), Epoch: 1,
			Segments: []command.CaptionSegment{{Segment: ids.New[ids.Segment](), Rev: 1, Text: "Melchizedek's words"}},
		})
		m.holds(60_000)
		m.must(chair, "adjourn", command.None{})
		adjourned := clock.Instant(0)
		m.look(func(st *session.State) { adjourned = st.Timing.AdjournedAt })
		kept := []string{"Melchizedek Person", "Melchizedek's statement", "Melchizedek's words"}
		wants := func(when string, sealed bool, ended int, texts []string) {
			t.Helper()
			sleep(0)
			s.running[events.Registry][0].View(m.id, func(st *session.State) {
				if st.Registry.Sealed != sealed || len(st.Registry.Ended) != ended {
					t.Errorf("%s: sealed %v, ended %v", when, st.Registry.Sealed, st.Registry.Ended)
				}
			})
			found := s.holding(kept...)
			slices.Sort(found)
			if !slices.Equal(found, texts) && len(found)+len(texts) > 0 {
				t.Errorf("%s: the files hold %q, want %q", when, found, texts)
			}
		}
		// until lets days go by from the adjournment, with every service away but for the last minute.
		until := func(days int64) {
			t.Helper()
			s.halt()
			sleep(adjourned.Add(days*day - lead).Sub(now()))
			for _, c := range []events.Context{events.Registry, events.Registry, events.Registry, events.Transcript} {
				s.start(c)
			}
		}
		until(7)
		wants("a minute before seven days", false, 0, kept)
		sleep(lead)
		wants("after seven days", true, 0, kept)
		m.verified()
		until(8)
		wants("a minute before eight days", true, 0, kept)
		sleep(lead)
		wants("after eight days", true, 2, kept[2:])
		m.verified()
		s.halt()
		sleep(adjourned.Add(10 * day).Sub(now()))
		// All of them were away when it was due, and the transcript comes later than the fact.
		s.start(events.Registry)
		wants("with the registry alone", true, 3, kept[2:])
		s.start(events.Transcript)
		wants("with the transcript", true, 3, nil)
		m.verified()
		raw, _, err := s.raw(m.id)
		if err != nil {
			t.Fatal(err)
		}
		facts := 0
		for _, r := range raw {
			facts += strings.Count(string(r.Body), `"retention_ended"`)
		}
		if facts != 3 {
			t.Errorf("%d facts say what was forgotten, want one for each class", facts)
		}
	})
}
