package plain

import (
	_ "embed"
	"html/template"
	"slices"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/fairfloor/fairfloor/pkg/api"
	"github.com/fairfloor/fairfloor/pkg/clock"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/problem"
	"github.com/fairfloor/fairfloor/pkg/session"
)

// What fits into MaxBytes with names of the longest kind.
const (
	perPage   = 20    // places of the list
	longest   = 60    // characters of a name in it
	captioned = 2_500 // bytes of the transcript, as written in HTML
	// captionFrame is what stands around a caption's text and speaker.
	captionFrame = 110
	// A reader may ask for a reload every 10 to 300 s.
	leastReload, mostReload = 10, 300
)

//go:embed page.html
var source string

var layout = template.Must(template.New("page").Parse(source))

// doc is what the template shows. Texts are in the reader's language already.
type doc struct {
	numerals
	W         *words
	Language  string
	Direction string
	Languages []tongue
	Code      string
	Title     string
	Phase     string
	Times     string
	Now       string
	Every     int
	Refused   *problem.Error
	// Why and How say Refused in the reader's language.
	Why, How string
	Done     string
	Known    bool
	// Form is set when the session is shown, or a link can be given.
	Form bool

	Floor  *floor
	Mine   []place
	Joins  []join
	List   []place
	Pages  []number
	Count  int
	Notice string

	Tracks   []track
	Captions []caption
	Earlier  int

	// at is session time and late how much later than expected everybody speaks, ms.
	at   clock.Instant
	late int64
}

type tongue struct{ Tag, Name string }

// floor is who has it.
type floor struct {
	Who, State, Left string
	Turn             ids.Turn
	Mine, Called     bool
	Begin, Yield     string // the forms' command ids
}

// place is an entry, with the ids of the commands that its forms would send.
type place struct {
	Entry                             ids.Entry
	Number                            int
	Who, Kind, Part, State            string
	Start, Guaranteed, Expected       string
	Ahead                             int
	Waiting, CheckedIn, Standby, Mine bool
	ID                                string
}

type join struct {
	Part  ids.Part
	Title string
	ID    string
}

type number struct {
	N    int
	Here bool
}

type track struct {
	Tag  string
	Here bool
}

type caption struct{ At, Who, Text, Mark string }

// nothing is the document for a code that no session has.
func nothing(v visit) *doc {
	d := frame(v)
	d.Title, d.Refused = v.words.NoSession, own(problem.NotFound, v.words.NoSession, v.words.NoSessionDo)
	return d
}

// alone is the document of a session that is not shown: why, and the form for a link.
func (p *page) alone(v visit, refused *problem.Error) *doc {
	d := frame(v)
	d.Title, d.Form, d.Refused = v.words.Private, true, refused
	return d
}

func frame(v visit) *doc {
	d := &doc{numerals: v.numerals, W: v.words, Language: v.language, Direction: "ltr", Code: v.code, Refused: v.refused, Known: v.known}
	if v.language == "ar" {
		d.Direction = "rtl"
	}
	for _, tag := range tags {
		d.Languages = append(d.Languages, tongue{tag, catalogue[tag].Name})
	}
	return d
}

// document shows a session as of now.
func document(v visit, seen *api.View, me *api.Me, now clock.Instant) *doc {
	d := frame(v)
	zone, err := time.LoadLocation(seen.Session.Zone)
	if err != nil {
		zone = time.UTC
	}
	d.Form, d.Title = true, seen.Session.Title
	d.Phase = v.words.phase(seen.Session.Phase)
	d.Times = both(seen.Session.PlannedStart, zone) + " – " + both(seen.Session.HardEnd, zone)
	d.Now, d.at, d.late = both(now, zone), now, shift(seen, now)
	d.Done = v.words.done(v.done)
	if me.Notice != nil {
		d.Notice = v.words.notice(me.Notice.Kind)
	}
	d.floor(v, seen, me, now)
	d.own(v, seen, me)
	return d
}

// both writes a time in the session's zone, with UTC beside.
func both(at clock.Instant, zone *time.Location) string {
	t := time.UnixMilli(int64(at))
	return t.In(zone).Format("15:04") + " (" + t.UTC().Format("15:04") + " UTC)"
}

// written is the length of a text in HTML.
func written(text string) int { return len(template.HTMLEscapeString(text)) }

// short cuts a name so that a page of the longest ones keeps its size.
func short(name string) string {
	if utf8.RuneCountInString(name) <= longest {
		return name
	}
	return string([]rune(name)[:longest-1]) + "…"
}

// clockOf writes ms as minutes and seconds.
func clockOf(ms int64) string {
	sign := ""
	if ms < 0 {
		sign, ms = "−", -ms
	}
	s := ms / 1000
	return sign + strconv.FormatInt(s/60, 10) + ":" + strconv.FormatInt(s%60/10, 10) + strconv.FormatInt(s%10, 10)
}

func (d *doc) floor(v visit, seen *api.View, me *api.Me, now clock.Instant) {
	turn := seen.Turns[seen.Floor.Turn]
	if turn == nil {
		d.Floor = &floor{State: v.words.FloorFree}
		return
	}
	f := &floor{Who: seen.Entries[turn.Entry].Organisation, Turn: turn.ID, Mine: mine(seen, me, turn.Entry)}
	switch {
	case !seen.Floor.Point.IsZero():
		f.State = v.words.FloorPoint
	case turn.BegunAt.IsZero():
		f.State, f.Called = v.words.FloorCalled, true
	case !turn.PausedSince.IsZero():
		f.State, now = v.words.FloorPaused, turn.PausedSince
	default:
		f.State = v.words.FloorSpeaks
	}
	if !turn.BegunAt.IsZero() && turn.AllottedMS > 0 {
		f.Left = clockOf(turn.AllottedMS + turn.AddedMS - (int64(now-turn.BegunAt) - turn.PausedMS))
	}
	if f.Mine {
		f.Begin, f.Yield = ids.New[ids.Command]().String(), ids.New[ids.Command]().String()
	}
	d.Floor = f
}

// mine reports whether an entry, or one that it leads, is the reader's.
func mine(seen *api.View, me *api.Me, entry ids.Entry) bool {
	return slices.ContainsFunc(me.Entries, func(e ids.Entry) bool { return e == entry || seen.Entries[e].MergedInto == entry })
}

// own fills the reader's entries, and the lists that they may join.
func (d *doc) own(v visit, seen *api.View, me *api.Me) {
	joined := map[ids.Part]bool{}
	for _, id := range me.Entries {
		e := seen.Entries[id]
		joined[e.Part] = joined[e.Part] || e.State == session.Waiting || e.State == session.Standby || e.State == session.OnFloor || e.State == session.Merged
		one := d.place(v.words, seen, &e)
		one.Mine, one.ID = true, ids.New[ids.Command]().String()
		d.Mine = append(d.Mine, one)
	}
	if me.Applicant.IsZero() || seen.Applicants[me.Applicant].State != session.AcceptedApplicant || seen.Session.Phase == session.Adjourned {
		return
	}
	for _, id := range seen.Agenda {
		if part := seen.Parts[id]; part != nil && part.HasList && !joined[id] && (part.List == events.ListOpen || part.List == events.ListClosing) {
			d.Joins = append(d.Joins, join{id, part.Title, ids.New[ids.Command]().String()})
		}
	}
}

// place says how an entry of the reader's stands.
func (d *doc) place(w *words, seen *api.View, e *api.EntryView) place {
	one := place{Entry: e.ID, Number: e.Place, Who: e.Organisation, Kind: w.kind(e.Kind), CheckedIn: e.CheckedIn && !e.Absent}
	if part := seen.Parts[e.Part]; part != nil && len(seen.Agenda) > 1 {
		one.Part = part.Title
	}
	switch e.State {
	case session.Waiting:
		one.Waiting, one.Ahead = true, e.Place-1
		one.Start = w.start(e, d.at, d.late)
		if e.GuaranteeMS > 0 {
			one.Guaranteed = clockOf(e.GuaranteeMS)
		}
		if e.AllotmentMS > 0 {
			one.Expected = clockOf(e.AllotmentMS)
		}
	case session.Standby:
		one.Standby, one.State = true, w.Standby
	case session.Merged:
		one.State = w.Joint + " " + seen.Entries[e.MergedInto].Organisation
	default:
		one.State = w.state(e.State)
	}
	return one
}

// shift is how much later everybody speaks by now, ms: what the running turn has
// taken beyond its expected end; while the floor is free, what has passed since
// the next one was expected to begin.
func shift(seen *api.View, now clock.Instant) int64 {
	due := seen.Floor.ExpectedEnd
	if seen.Floor.Turn.IsZero() {
		next, ok := seen.Entries[seen.Floor.Next]
		if !ok || next.Start == nil {
			return 0
		}
		due = next.Start.Middle
	}
	if due == 0 {
		return 0
	}
	return max(0, int64(now-due))
}

// list fills one page of the current part's list.
func (d *doc) list(seen *api.View, wanted int) {
	part := seen.Session.Part
	if part.IsZero() || seen.Parts[part] == nil || !seen.Parts[part].HasList {
		for _, id := range seen.Agenda {
			if seen.Parts[id].HasList && seen.Parts[id].EndedAt.IsZero() {
				part = id
				break
			}
		}
	}
	waiting := seen.Lists[part]
	d.Count = len(waiting)
	pages := (len(waiting) + perPage - 1) / perPage
	wanted = max(1, min(wanted, pages))
	if pages > 1 {
		for n := 1; n <= pages; n++ {
			// The first, the last and those around: 500 pages are no list either.
			if n == 1 || n == pages || n >= wanted-2 && n <= wanted+2 {
				d.Pages = append(d.Pages, number{n, n == wanted})
			}
		}
	}
	for i := (wanted - 1) * perPage; i < min(wanted*perPage, len(waiting)); i++ {
		e := seen.Entries[waiting[i]]
		one := place{Number: i + 1, Who: short(e.Organisation)}
		if e.Start != nil {
			one.Start = d.W.start(&e, d.at, d.late)
		} else if !e.Reached {
			one.Start = d.W.NotReached
		}
		if slices.ContainsFunc(d.Mine, func(m place) bool { return m.Entry == e.ID }) {
			one.Mine = true
		}
		d.List = append(d.List, one)
	}
}

// captions fills the end of a track, or what lies before segment number earlier.
func (p *page) captions(v visit, seen *api.View, d *doc, wanted string, earlier int) {
	offered := p.Tracks(seen)
	if len(offered) == 0 {
		return
	}
	if !slices.Contains(offered, wanted) {
		wanted = offered[0]
		if slices.Contains(offered, v.language) {
			wanted = v.language
		}
	}
	for _, tag := range offered {
		d.Tracks = append(d.Tracks, track{tag, tag == wanted})
	}
	all := p.Transcript(v.session, v.claims.Audience, wanted)
	end := len(all)
	if earlier > 0 && earlier < end {
		end = earlier
	}
	zone, err := time.LoadLocation(seen.Session.Zone)
	if err != nil {
		zone = time.UTC
	}
	size := 0
	first := end
	for first > 0 && size < captioned {
		if first--; size+written(all[first].Text) > 2*captioned && first < end-1 {
			first++ // a very long one begins the page before
			break
		}
		size += written(all[first].Text) + written(short(all[first].Speaker.Label)) + captionFrame
	}
	for _, s := range all[first:end] {
		c := caption{At: time.UnixMilli(int64(s.Start)).In(zone).Format("15:04"), Who: short(s.Speaker.Label), Text: s.Text}
		switch {
		case s.State == api.SegmentRedacted:
			c.Mark = v.words.Redacted
		case s.State == api.SegmentRetracted:
			continue
		case s.Prepared:
			c.Mark = v.words.Prepared
		case s.Edited:
			c.Mark = v.words.Edited
		}
		if c.Who == "" && s.Speaker.Chair {
			c.Who = v.words.Chair
		}
		d.Captions = append(d.Captions, c)
	}
	d.Earlier = first
}
