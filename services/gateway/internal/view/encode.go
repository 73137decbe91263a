package view

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/cespare/xxhash/v2"

	"github.com/fairfloor/fairfloor/pkg/api"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/session"
)

// Encode writes the view of one audience, without null members. It clears v of
// what the audience may not see, for good: one View serves several audiences
// when they are asked for from the widest to the narrowest (api.Audiences).
// Asking for a wider one afterwards is a fault of the program and an error.
func (v *View) Encode(audience api.Audience) (json.RawMessage, error) {
	if !slices.Contains(api.Audiences(), audience) {
		return nil, fmt.Errorf("there is no audience %q", audience)
	}
	if v.narrowed != "" && !v.narrowed.Includes(audience) {
		return nil, fmt.Errorf("a view narrowed for %s cannot be encoded for %s", v.narrowed, audience)
	}
	v.narrowed = audience
	api.Clear(&v.View, audience)
	v.restrict(audience)
	raw, err := json.Marshal(&v.View)
	if err != nil {
		return nil, fmt.Errorf("view for %s: %w", audience, err)
	}
	return withoutNulls(raw), nil
}

// restrict takes out what depends on more than the field: points of order that
// were not heard, texts that are not for everybody, and what the publication
// modality keeps from the public.
func (v *View) restrict(audience api.Audience) {
	if readable, limited := v.readable[audience]; limited {
		for id := range v.Texts {
			if !readable[id] {
				delete(v.Texts, id)
			}
		}
	}
	if audience != api.ForPublic {
		return
	}
	for id, e := range v.Entries {
		if e.State == session.Raised || e.State == session.Refused {
			delete(v.Entries, id)
		}
	}
	switch v.publication {
	case "public", "organisation_only":
		// No view of the public holds a person: it is about organisations anyway.
	case "delayed":
		// What is delayed is published when the session is over.
		if !v.adjourned() {
			v.frameOnly()
		}
	case "participants_only":
		v.frameOnly()
	default:
		// Confidential, and whatever a later version may add: closed until known.
		v.frameOnly()
		v.Session.Title, v.Session.Languages = "", []string{}
		v.Session.NotReached = nil
		v.Parts, v.Agenda = map[ids.Part]*api.PartView{}, []ids.Part{}
		v.Session.Part = ids.Part{}
	}
}

// frameOnly leaves title, times and agenda: nobody's name, order or seconds.
func (v *View) frameOnly() {
	v.Entries, v.Applicants = map[ids.Entry]api.EntryView{}, map[ids.Applicant]api.ApplicantView{}
	v.Lists, v.Standby = map[ids.Part][]ids.Entry{}, []ids.Entry{}
	v.Turns, v.TurnOrder = map[ids.Turn]*api.TurnView{}, []ids.Turn{}
	v.Texts, v.Floor, v.Plan = map[ids.Text]api.TextView{}, api.FloorView{}, api.PlanView{}
	v.Session.NotReached = nil
	for _, p := range v.Parts {
		p.GuaranteeMS, p.AnnouncedMS = 0, 0
	}
}

// Of builds and encodes the view of one audience, with its cursor: what a
// single request needs. Live connections share encodings instead.
func Of(s *session.State, names Names, audience api.Audience) (json.RawMessage, api.Cursor, error) {
	raw, err := Build(s, names).Encode(audience)
	if err != nil {
		return nil, "", err
	}
	return raw, CursorOf(s.Incarnation, s.Sequence, audience, raw), nil
}

// cursorVersion is the first part of a cursor; another form gets another one.
const cursorVersion = "1"

// CursorOf names an encoding: the stream's life, the log position, the audience
// and a hash of the very bytes. Equal cursors mean equal views, at whichever
// gateway and from whichever version of the program, so that a resumed client
// can never be patched from a view that it does not have (decisions.md 28).
func CursorOf(incarnation string, seq uint64, audience api.Audience, encoding []byte) api.Cursor {
	return api.Cursor(strings.Join([]string{
		cursorVersion, incarnation, strconv.FormatUint(seq, 10), string(audience), strconv.FormatUint(xxhash.Sum64(encoding), 36),
	}, "~"))
}

// ParseCursor gives a cursor's log position and stream life; ok is false for a
// text that is no cursor of this version.
func ParseCursor(c api.Cursor) (incarnation string, seq uint64, ok bool) {
	parts := strings.Split(string(c), "~")
	if len(parts) != 5 || parts[0] != cursorVersion {
		return "", 0, false
	}
	seq, err := strconv.ParseUint(parts[2], 10, 64)
	return parts[1], seq, err == nil
}

// Viewer is who looks, as their token says.
type Viewer struct {
	Actor    events.Actor
	Audience api.Audience
}
