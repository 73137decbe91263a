package retention_test

import (
	"testing"

	"github.com/fairfloor/fairfloor/pkg/clock"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/retention"
	"github.com/fairfloor/fairfloor/pkg/session"
	"github.com/fairfloor/fairfloor/pkg/session/sessiontest"
	"github.com/fairfloor/fairfloor/pkg/settings"
)

const day = 24 * 3_600_000

// stage is a session of three persons with a statement and a caption of each track.
func stage(t *testing.T) *sessiontest.Log {
	l := sessiontest.Empty(t)
	l.Sample(3, nil)
	office := sessiontest.Staff(events.Secretariat)
	l.Append(events.Registry, office, "file_text", &events.TextFiled{
		Text: sessiontest.ID[ids.Text]("text"), Applicant: sessiontest.Applicant(0), Language: "en",
		Visibility: events.PublicNow, Words: 3, Digest: events.HashBody([]byte("text")),
	})
	l.StartAt(sessiontest.Item)
	return l
}

// adjourn ends a session and, a while later, seals it.
func adjourn(l *sessiontest.Log, sealedAfter int64) (adjourned clock.Instant) {
	adjourned = l.Now
	l.Append(events.Timing, sessiontest.Staff(events.Chair), "adjourn", &events.SessionAdjourned{AdjournedAt: adjourned})
	if sealedAfter > 0 {
		l.Now = adjourned.Add(sealedAfter)
		l.Append(events.Registry, events.ByService(events.Registry), "seal", &events.SessionSealed{})
	}
	return adjourned
}

// TestWhatIsKeptUntilWhen: nothing goes before the adjournment, before the
// sealing, or without a setting; what went has no end any more.
func TestWhatIsKeptUntilWhen(t *testing.T) {
	set := retention.Settings{People: 30, Transcript: 7}
	l := stage(t)
	for _, stay := range set.Of(l.State) {
		if !stay.Until.IsZero() || !stay.EndedAt.IsZero() {
			t.Errorf("in the session: %+v", stay)
		}
	}
	adjourned := adjourn(l, 9*day)
	got := set.Of(l.State)
	want := []retention.Stay{
		{Kept: events.KeptPeople, Days: 30, Until: adjourned.Add(30 * day), Count: 3},
		{Kept: events.KeptStatements, Count: 1},
		{Kept: events.KeptTranscript, Days: 7, Until: adjourned.Add(9 * day)}, // not before it was sealed
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("after the sealing: %+v, want %+v", got[i], want[i])
		}
	}
	l.Append(events.Registry, events.ByService(events.Registry), "end_retention", &events.RetentionEnded{Kept: events.KeptPeople, Days: 30})
	if people := set.Of(l.State)[0]; people.EndedAt.IsZero() || !people.Until.IsZero() || people.Count != 0 {
		t.Errorf("after the end: %+v", people)
	}
	for id, p := range l.State.Registry.Persons {
		if !p.Erased {
			t.Errorf("%s is not shown as erased", id)
		}
	}
	if (retention.Settings{}).Of(l.State)[2].Until != 0 {
		t.Error("without a setting something goes by itself")
	}
	l.SameAgain()
}

// TestTheEndOfATranscriptLeavesNoDigestOfIt: that something was said stays, and
// nothing asks the store for the words.
func TestTheEndOfATranscriptLeavesNoDigestOfIt(t *testing.T) {
	l := stage(t)
	captioner := sessiontest.Staff(events.Captioner)
	source, segment := sessiontest.ID[ids.Source]("source"), sessiontest.ID[ids.Segment]("segment")
	digest := events.HashBody([]byte("words"))
	l.Append(events.Transcript, captioner, "open_source", &events.SourceOpened{Source: source, Track: "en", Kind: events.TypedSource}, &events.TrackTaken{Track: "en", Source: source, Epoch: 1})
	l.Append(events.Transcript, captioner, "caption", &events.CaptionWritten{Track: "en", Seq: 1, Segment: segment, Source: source, Rev: 1, Digest: digest})
	l.Append(events.Transcript, captioner, "set_glossary", &events.GlossarySet{Digest: digest, Terms: 4})
	wish := sessiontest.ID[ids.Correction]("wish")
	l.Append(events.Transcript, sessiontest.Delegate(0), "request_correction", &events.CorrectionRequested{Request: wish, Segment: segment, Digest: digest})
	adjourn(l, 7*day)
	if n := (retention.Settings{}).Of(l.State)[2].Count; n != 1 {
		t.Errorf("before the end there are %d captions", n)
	}
	l.Append(events.Registry, events.ByService(events.Registry), "end_retention", &events.RetentionEnded{Kept: events.KeptTranscript, Days: 7})
	tr := &l.State.Transcript
	seg := tr.Segments[segment]
	if !seg.Gone() || seg.State != session.CaptionRedacted || !seg.Digest.IsZero() || len(seg.Revisions) != 0 {
		t.Errorf("the segment is %+v", seg)
	}
	if !tr.Glossary.IsZero() || tr.Terms != 0 || !tr.Requests[wish].Digest.IsZero() {
		t.Errorf("a digest of words is left: glossary %v, wish %v", tr.Glossary, tr.Requests[wish].Digest)
	}
	if len(tr.Tracks["en"].Steps) != 1 || !(l.State.Registry.Persons[sessiontest.Person(0)].Digest == events.HashBody([]byte("Organisation 0"))) {
		t.Error("more was forgotten than words")
	}
	l.SameAgain()
}

// TestSettings: days are none, or at least as many as until the sealing; every
// class has a setting, and its name is that of the flag.
func TestSettings(t *testing.T) {
	for days, ok := range map[int64]bool{0: true, 7: true, 36_500: true, 1: false, 6: false, -1: false, 36_501: false} {
		for _, s := range []retention.Settings{{People: days}, {Statements: days}, {Transcript: days}} {
			if err := s.Check(); (err == nil) != ok {
				t.Errorf("%+v: %v", s, err)
			}
		}
	}
	var s retention.Settings
	values := settings.Values(&s)
	for i, kept := range events.AllKept() {
		v := values["keep-"+string(kept)+"-days"]
		if v == nil {
			t.Fatalf("%s has no setting", kept)
		}
		if v.String() != "0" {
			t.Errorf("%s goes by itself after %s days by default", kept, v)
		}
		if err := v.Set([]string{"7", "8", "9"}[i]); err != nil || s.Days(kept) != int64(7+i) {
			t.Errorf("%s: %v, %d days", kept, err, s.Days(kept))
		}
	}
	if s.Days("sound") != 0 {
		t.Error("what is not kept has an end")
	}
}
