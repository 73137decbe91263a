package rehearse

import (
	"fmt"
	"slices"
	"time"

	"github.com/fairfloor/fairfloor/pkg/api"
	"github.com/fairfloor/fairfloor/pkg/clock"
	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/session"
)

func sortInstants(all []clock.Instant) { slices.Sort(all) }

// breathMS is what the chair takes to thank one speaker and call the next.
const breathMS = 1500

// run calls everybody, one after the other, until nobody waits or the time for
// another turn is over.
func (s *stage) run() error {
	for {
		if err := s.between(); err != nil {
			return err
		}
		view, err := s.view()
		if err != nil {
			return err
		}
		if s.comeLate(view) {
			if view, err = s.view(); err != nil {
				return err
			}
		}
		list := view.Lists[s.item]
		if len(list) == 0 {
			if len(s.outside) == 0 {
				return nil
			}
			// Nobody waits, and somebody is still to come.
			if err := s.until(max(s.now(), s.joiners[0])); err != nil {
				return err
			}
			continue
		}
		if s.now() >= s.hardEnd.Add(-view.Session.MinimumMS/2) {
			return nil // nothing that is given now could be finished
		}
		if err := s.ready(view, list); err != nil {
			return err
		}
		if err := s.call(list[0]); err != nil {
			return err
		}
	}
}

// comeLate brings the late back from standby as soon as others wait behind
// them, and reports whether the list changed.
func (s *stage) comeLate(view *api.View) bool {
	changed := false
	for _, id := range view.Standby {
		d := s.byEntry[id]
		if d == nil || !d.late {
			continue
		}
		d.late, d.absent = false, false
		if _, err := s.delegateDo(d, "return", nil, command.EntryRef{Entry: id}); err == nil {
			changed = true
		}
	}
	return changed
}

// ready lets those at the first three places check in.
func (s *stage) ready(view *api.View, list []ids.Entry) error {
	for _, id := range list[:min(3, len(list))] {
		d := s.byEntry[id]
		if d == nil || d.absent || view.Entries[id].CheckedIn {
			continue
		}
		if _, err := s.delegateDo(d, "check_in", nil, command.EntryRef{Entry: id}); err != nil {
			return err
		}
	}
	return nil
}

// call gives the floor to the next and follows the turn to its end.
func (s *stage) call(next ids.Entry) error {
	view, err := s.view()
	if err != nil {
		return err
	}
	released := s.now()
	if err := s.until(released.Add(breathMS)); err != nil {
		return err
	}
	turn := view.Floor.Turn
	r, err := s.ask("next", &command.Expect{Turn: &turn, Entry: &next}, command.None{})
	if err != nil {
		return err
	}
	id, err := ids.Parse[ids.Turn](r.Made["turn"])
	if err != nil {
		return err
	}
	d := s.byEntry[next]
	if d == nil {
		return fmt.Errorf("entry %s on the list belongs to nobody", next)
	}
	if d.absent {
		return s.silent(id, next)
	}
	if err := s.until(max(s.now(), released.Add(d.handoverMS))); err != nil {
		return err
	}
	if _, err := s.delegateDo(d, "begin", expectTurn(id), command.Begin{Turn: id}); err != nil {
		return err
	}
	return s.speak(d, id)
}

// silent waits the longest handover, then steps the entry back twice, then
// puts it on standby: what the console proposes, confirmed by one key.
func (s *stage) silent(turn ids.Turn, entry ids.Entry) error {
	view, err := s.view()
	if err != nil {
		return err
	}
	if err := s.until(s.now().Add(view.Session.Modalities.MaxHandoverMS)); err != nil {
		return err
	}
	verb := "step_back"
	if view.Entries[entry].Deferrals >= 2 || len(view.Lists[s.item]) == 0 {
		verb = "no_show"
	}
	_, err = s.ask(verb, expectTurn(turn), command.TurnRef{Turn: turn})
	return err
}

// allotmentPatience is how long a turn may be without its allotment while the
// service that gives it is being replaced.
const allotmentPatience = 30 * time.Second

// allotted gives the view once it has the turn's allotment. In one process it is
// there when the services have settled; across processes it may come later, such
// as after one of them was killed.
func (s *stage) allotted(id ids.Turn) (*api.View, error) {
	for end := time.Now().Add(allotmentPatience); ; {
		view, err := s.view()
		if err != nil {
			return nil, err
		}
		if turn := view.Turns[id]; turn != nil && turn.AllottedMS > 0 {
			return view, nil
		}
		if s.Gate != nil || time.Now().After(end) {
			return nil, fmt.Errorf("turn %s has no allotment after its services settled", id)
		}
		select {
		case <-time.After(50 * time.Millisecond):
		case <-s.ctx.Done():
			return nil, s.ctx.Err()
		}
	}
}

// speak lets the delegate speak as long as their text is, or until the chair
// ends the overrun.
func (s *stage) speak(d *delegate, id ids.Turn) error {
	view, err := s.allotted(id)
	if err != nil {
		return err
	}
	turn := view.Turns[id]
	if err := s.pointOfOrder(turn); err != nil {
		return err
	}
	if view, err = s.view(); err != nil {
		return err
	}
	turn = view.Turns[id]
	prepared := int64(float64(turn.AllottedMS)*d.spread) / 1000 * 1000
	limit := turn.AllottedMS + view.Session.Modalities.GraceMS
	length, ended := prepared, false
	if prepared > limit && d.patienceMS >= 0 && prepared > limit+d.patienceMS {
		length, ended = limit+d.patienceMS, true
	}
	// An interruption stands between the first word and the last.
	if err := s.say(d, id, max(s.now(), turn.BegunAt.Add(turn.PausedMS+length))); err != nil {
		return err
	}
	if ended {
		_, err = s.ask("end", expectTurn(id), command.TurnRef{Turn: id})
	} else {
		_, err = s.delegateDo(d, "yield", expectTurn(id), command.TurnRef{Turn: id})
	}
	if err != nil {
		return err
	}
	s.done++
	if s.Progress != nil {
		s.Progress(s.done, len(s.delegates), s.now())
	}
	return nil
}

// pointOfOrder raises, hears and rules on the point that is due, if one is.
func (s *stage) pointOfOrder(turn *api.TurnView) error {
	if len(s.points) == 0 || s.now() < s.points[0] {
		return nil
	}
	s.points = s.points[1:]
	by := s.delegates[s.random.IntN(len(s.delegates))]
	if by == s.byEntry[turn.Entry] {
		return nil
	}
	if err := s.until(s.now().Add(10_000)); err != nil {
		return err
	}
	r, err := s.delegateDo(by, "raise_point", nil, command.RaisePoint{Applicant: by.applicant})
	if err != nil {
		return err
	}
	entry, err := ids.Parse[ids.Entry](r.Made["entry"])
	if err != nil {
		return err
	}
	if _, err := s.ask("admit_point", nil, command.EntryRef{Entry: entry}); err != nil {
		return err
	}
	if err := s.until(s.now().Add(30_000 + s.random.Int64N(60_001))); err != nil {
		return err
	}
	_, err = s.ask("rule", nil, command.Rule{Entry: entry, Ruling: events.Noted})
	return err
}

// close closes the session: a minute of the chair's words, then adjournment.
func (s *stage) close() error {
	if s.Parts {
		if err := s.questions(); err != nil {
			return err
		}
	}
	// A second before the hard end at the latest.
	if err := s.until(min(s.now().Add(60_000), max(s.now(), s.hardEnd.Add(-1_000)))); err != nil {
		return err
	}
	view, err := s.view()
	if err != nil {
		return err
	}
	_, err = s.ask("adjourn", &command.Expect{Plan: view.Plan.Digest}, command.None{})
	return err
}

// questions runs the third part: its list stands alone, and two ask.
func (s *stage) questions() error {
	view, err := s.view()
	if err != nil {
		return err
	}
	var part ids.Part
	for _, id := range view.Agenda {
		if view.Parts[id].Kind == events.Questions {
			part = id
		}
	}
	if _, err := s.ask("start_part", nil, command.PartRef{Part: part}); err != nil {
		return err
	}
	if _, err := s.ask("open_list", nil, command.PartRef{Part: part}); err != nil {
		return err
	}
	item := s.item
	s.item = part
	defer func() { s.item = item }()
	for _, d := range s.delegates[:min(2, len(s.delegates))] {
		r, err := s.delegateDo(d, "join", nil, command.Join{Part: part, Applicant: d.applicant})
		if err != nil {
			return err
		}
		entry, err := ids.Parse[ids.Entry](r.Made["entry"])
		if err != nil {
			return err
		}
		s.byEntry[entry] = d
	}
	if _, err := s.ask("close_list", nil, command.CloseList{Part: part}); err != nil {
		return err
	}
	return s.run()
}

// stands reports whether a turn of the view counts.
func stands(t *api.TurnView) bool { return !t.Void && !t.BegunAt.IsZero() }

// spoken reports whether an entry was heard.
func spoken(e api.EntryView) bool { return e.State == session.Spoken }
