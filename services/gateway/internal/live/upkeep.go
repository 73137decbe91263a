package live

import (
	"bytes"
	"context"
	"slices"

	"github.com/fairfloor/fairfloor/pkg/api"
	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/presence"
	"github.com/fairfloor/fairfloor/pkg/problem"
)

// count notes how a connection got its view.
func (s *Server) count(resumed bool) {
	how := "snapshot"
	if resumed {
		how = "resume"
	}
	s.metrics.joined.WithLabelValues(how).Inc()
}

// see notes in the log, once for each entry, that a device of its delegate was
// seen (decisions.md 17). It does not wait.
func (f *feed) see(entry ids.Entry) {
	f.mu.Lock()
	known := f.seen[entry]
	f.seen[entry] = true
	f.mu.Unlock()
	if known {
		return
	}
	s := f.server
	end := s.config.Follower.Activity().Begin()
	s.all.Go(func() {
		defer end()
		// The same id from every gateway and after every restart: it is noted once.
		id := ids.Named[ids.Command](entry, "seen")
		if err := s.config.Asker.Noted(s.work, f.session, "note_presence", id, command.NotePresence{Entry: entry, Basis: events.Seen}); err != nil {
			s.log.Warn("a seen delegate is not noted", "session", f.session.String(), "entry", entry.String(), "error", err)
			if problem.Is(err, problem.Busy) || problem.Is(err, problem.Unknown) {
				f.mu.Lock()
				delete(f.seen, entry)
				f.mu.Unlock()
			}
		}
	})
}

// isDelegate reports whether somebody speaks for an applicant.
func isDelegate(actor events.Actor) bool {
	return actor.Has(events.Speaker) && !actor.Applicant.IsZero()
}

// keepPresence renews the leases of the feed's connections when it is time, and
// tells who is connected when that has changed. The store may hang: it is asked
// in a goroutine of its own, one at a time.
func (f *feed) keepPresence(renew bool) {
	f.mu.Lock()
	asking := f.asking
	f.asking = true
	f.mu.Unlock()
	if asking {
		return
	}
	var members []presence.Member
	if renew {
		for _, c := range f.everybody() {
			members = append(members, c.member())
		}
	}
	s := f.server
	s.all.Go(func() {
		defer func() {
			f.mu.Lock()
			f.asking = false
			f.mu.Unlock()
		}()
		ctx, cancel := context.WithTimeout(s.work, presenceCall)
		defer cancel()
		if len(members) > 0 {
			if err := s.config.Presence.Hold(ctx, f.session, members...); err != nil {
				s.log.Debug("presence is not renewed", "session", f.session.String(), "error", err)
			}
		}
		who, err := s.config.Presence.Who(ctx, f.session)
		// Unknown is shown as unknown, never as away.
		f.showPresence(who, err == nil)
	})
}

// showPresence sends who is connected to all but the public, when it changed.
func (f *feed) showPresence(who presence.Who, known bool) {
	frame := api.Presence{Type: api.FramePresence, Known: known, Connected: []ids.Entry{}}
	f.mu.Lock()
	if known {
		frame.Observers = who.Others
		for applicant, entries := range f.own {
			for _, entry := range entries {
				if who.Applicants[applicant] > 0 || who.Entries[entry] > 0 {
					frame.Connected = append(frame.Connected, entry)
				}
			}
		}
		slices.SortFunc(frame.Connected, ids.Entry.Compare)
	}
	framed := text(frame)
	same := bytes.Equal(framed, f.presence)
	f.presence = framed
	var conns []*conn
	if !same {
		for _, a := range api.Audiences() {
			if a != api.ForPublic {
				conns = append(conns, f.channels[a].list()...)
			}
		}
	}
	f.mu.Unlock()
	for _, c := range conns {
		c.put(presences, framed)
	}
}
