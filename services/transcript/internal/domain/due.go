package domain

import (
	"encoding/json"
	"fmt"

	"github.com/fairfloor/fairfloor/pkg/clock"
	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/session"
)

// Due derives from the State alone what the transcript does by itself: it
// attributes segments anew when the floor's history changed, ends scripts with
// their turns, notes silence under a held floor, and hands on a track whose
// source is gone.
func Due(s *session.State) []command.Deadline {
	if !s.Exists() || s.Registry.Sealed || len(s.Transcript.TrackOrder) == 0 {
		return nil
	}
	var all []command.Deadline
	heads := s.Heads
	// A replica that had not seen a change of the floor when it wrote a caption puts
	// it right after; so the id is of all that the attribution rests on.
	if len(moved(s, s.FloorHistory())) > 0 {
		name := fmt.Sprintf("follow/%d/%d/%d", heads[events.Queue].Sequence, heads[events.Timing].Sequence, heads[events.Transcript].Sequence)
		all = append(all, reaction(s, "follow_floor", name))
	}
	if len(overScripts(s)) > 0 {
		all = append(all, reaction(s, "end_scripts", fmt.Sprintf("scripts/%d/%d", heads[events.Queue].Sequence, heads[events.Transcript].Sequence)))
	}
	for _, track := range s.Transcript.TrackOrder {
		if due := s.MissingDue(track); !due.IsZero() {
			all = append(all, timer(s, due, "note_missing", command.TrackRef{Track: track}, fmt.Sprintf("missing/%s/%d", track, due)))
		}
		active := s.Transcript.Active(track)
		if active == nil {
			continue
		}
		gone := s.LeaseEnds(active).Add(1)
		d := &deciding{s: s, t: &s.Transcript, now: gone}
		if d.waiting(track) != nil {
			all = append(all, timer(s, gone, "hand_track", command.TrackRef{Track: track}, fmt.Sprintf("hand/%s/%d", track, gone)))
		}
	}
	return all
}

// reaction is what follows at once from the latest fact of queue or timing.
func reaction(s *session.State, verb, name string) command.Deadline {
	cause := events.Queue
	if s.Heads[events.Timing].Sequence > s.Heads[cause].Sequence {
		cause = events.Timing
	}
	head := s.Heads[cause]
	request := request(s, verb, command.None{}, name)
	request.Cause = &events.Cause{Subject: events.Subject(cause, s.ID), Sequence: head.Sequence, Reaction: verb}
	// A caption that was written since is part of it.
	request.CausedAt = max(head.At, s.Heads[events.Transcript].At)
	return command.Deadline{At: request.CausedAt, Request: request}
}

// timer is what is due at an instant.
func timer(s *session.State, at clock.Instant, verb string, args any, name string) command.Deadline {
	return command.Deadline{At: at, Timer: true, Request: request(s, verb, args, name)}
}

// request makes a request of the service itself.
func request(s *session.State, verb string, args any, name string) command.Request {
	// The arguments are plain structs of package command, which always have a JSON form.
	raw, err := json.Marshal(args)
	if err != nil {
		panic(err)
	}
	return command.Request{
		ID: ids.Named[ids.Command](s.ID, "transcript/"+name), Session: s.ID, Verb: verb, Actor: events.ByService(events.Transcript), Args: raw,
	}
}
