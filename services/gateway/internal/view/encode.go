package view

import (
	"encoding/json"
	"strconv"
	"strings"

	"github.com/cespare/xxhash/v2"

	"github.com/fairfloor/fairfloor/pkg/api"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/session"
)

// Encode writes the view of one audience. It changes nothing in v.
func (v *View) Encode(audience api.Audience) (json.RawMessage, error) {
	e, err := (&Encoder{}).Encode(v, audience)
	if err != nil {
		return nil, err
	}
	return e.JSON, nil
}

// narrow gives a copy of the view, without its four large maps, that holds what
// the audience may see: by the tags, and by what depends on more than the field.
// open is false when those maps are kept from the audience as well.
func (v *View) narrow(audience api.Audience) (out api.View, open bool) {
	out = v.View
	out.Entries, out.Applicants, out.Turns, out.Persons = nil, nil, nil, nil
	// Clear changes the values of a map in place, and these maps are shared.
	out.Parts = make(map[ids.Part]*api.PartView, len(v.Parts))
	for id, p := range v.Parts {
		part := *p
		if p.Plan != nil {
			plan := *p.Plan
			part.Plan = &plan
		}
		out.Parts[id] = &part
	}
	readable, limited := v.readable[audience]
	out.Texts = make(map[ids.Text]api.TextView, len(v.Texts))
	for id, text := range v.Texts {
		if !limited || readable[id] {
			out.Texts[id] = text
		}
	}
	api.Clear(&out, audience)
	if audience != api.ForPublic {
		return out, true
	}
	switch v.publication {
	case "public", "organisation_only":
		// No view of the public holds a person: it is about organisations anyway.
		return out, true
	case "delayed":
		// What is delayed is published when the session is over.
		if v.adjourned() {
			return out, true
		}
		v.frameOnly(&out)
	case "participants_only":
		v.frameOnly(&out)
	default:
		// Confidential, and whatever a later version may add: closed until known.
		v.frameOnly(&out)
		out.Session.Title, out.Session.Languages = "", []string{}
		out.Parts, out.Agenda = map[ids.Part]*api.PartView{}, []ids.Part{}
		out.Session.Part = ids.Part{}
	}
	return out, false
}

// frameOnly leaves title, times and agenda: nobody's name, order or seconds.
func (v *View) frameOnly(out *api.View) {
	out.Lists, out.Standby = map[ids.Part][]ids.Entry{}, []ids.Entry{}
	out.TurnOrder, out.Floor, out.Plan = []ids.Turn{}, api.FloorView{}, api.PlanView{}
	out.Texts, out.Session.NotReached = map[ids.Text]api.TextView{}, nil
	out.Tracks = map[string]api.TrackView{}
	out.Parts = make(map[ids.Part]*api.PartView, len(v.Parts))
	for id, p := range v.Parts {
		part := *p
		part.GuaranteeMS, part.AnnouncedMS, part.UniformMS, part.Plan = 0, 0, 0, nil
		out.Parts[id] = &part
	}
}

// notHeard reports whether an entry is kept from the public: a point of order
// that was not heard.
func notHeard(e *api.EntryView) bool { return e.State == session.Raised || e.State == session.Refused }

// Of builds and encodes the view of one audience, with its cursor: what a
// single request needs. Live connections share encodings instead.
func Of(s *session.State, names Names, audience api.Audience) (json.RawMessage, api.Cursor, error) {
	raw, err := Build(s, names).Encode(audience)
	if err != nil {
		return nil, "", err
	}
	return raw, CursorOf(s.Incarnation, s.ViewSequence, audience, raw), nil
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
