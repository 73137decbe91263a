package session

import "github.com/fairfloor/fairfloor/pkg/events"

// Preset is a proven way of running a session: modalities and an agenda that an
// organiser starts from. Its sentence in six languages is the page's.
type Preset struct {
	// ID is what a program calls it, stable.
	ID string `json:"id" doc:"Stable name of the preset"`
	// Minutes is the length of the session that the agenda is made for.
	Minutes    int64             `json:"minutes" doc:"Length in minutes that its agenda is made for"`
	Modalities events.Modalities `json:"modalities"`
	// Agenda is the parts in order, without titles and ids: a title is written in
	// the language of the session.
	Agenda []PresetPart `json:"agenda"`
}

// PresetPart is a part of a preset's agenda.
type PresetPart struct {
	Kind    events.PartKind `json:"kind"`
	Minutes int64           `json:"minutes" doc:"Planned length in minutes"`
	LimitMS int64           `json:"limit_ms,omitempty" doc:"Most ms of one turn; the session's maximum when left out"`
	HasList bool            `json:"has_list" doc:"Whether it has a list of speakers"`
}

// Presets gives the presets in the order in which they are offered. Each value
// is the caller's own, passes CheckModalities unchanged and, with its minutes,
// CheckRoom.
func Presets() []Preset {
	return []Preset{consultation(), forum(), panel(), microphone(), topics(), hearing()}
}

// consultation is "UN informal consultation, 90 min": one number for everybody,
// what fits of it guaranteed at list close, groups in proportion (fairness.md).
func consultation() Preset {
	m := DefaultModalities()
	m.Order = OrderSainteLague
	return Preset{"un_consultation", 90, m, []PresetPart{{Kind: events.Item, Minutes: 90, HasList: true}}}
}

// forum is "public forum, 2 min, room and remote in turn": anybody may apply,
// nobody has more than two minutes, and less when many come.
func forum() Preset {
	m := DefaultModalities()
	m.Order, m.OpenApplications = OrderRoomRemote, true
	m.MinimumMS, m.MaximumMS = 45_000, 120_000
	m.JointStatements = false
	return Preset{"public_forum", 60, m, []PresetPart{{Kind: events.Item, Minutes: 60, HasList: true}}}
}

// panel is "panel with questions": panellists with what they asked for, then a
// list of its own on which a question has a minute and a half.
func panel() Preset {
	m := DefaultModalities()
	m.Allotment, m.MaximumMS, m.MinimumMS = "individual", 600_000, 45_000
	m.OpeningMS, m.Order = 0, OrderBySecretariat
	return Preset{"panel", 90, m, []PresetPart{
		{Kind: events.Opening, Minutes: 5},
		{Kind: events.Panel, Minutes: 45, HasList: true},
		{Kind: events.Questions, Minutes: 35, LimitMS: 90_000, HasList: true},
		{Kind: events.Closing, Minutes: 5},
	}}
}

// microphone is "microphone line: open list, no limit": as people come, and
// nothing ends a turn; the countdown only says what an equal part would be.
func microphone() Preset {
	m := DefaultModalities()
	m.Order, m.OpenApplications, m.JointStatements = OrderByList, true, false
	m.Allotment, m.Limit = "individual", events.Soft
	m.MinimumMS, m.MaximumMS = leastMinimumMS, mostMaximumMS
	m.OpeningMS, m.GraceMS = 60_000, 0
	return Preset{"microphone_line", 60, m, []PresetPart{{Kind: events.Item, Minutes: 60, HasList: true}}}
}

// topics is "topics with replies and clarifying questions first": one list a
// topic; a question goes before the next statement, a reply behind the last.
func topics() Preset {
	m := DefaultModalities()
	m.Order, m.OpeningMS = OrderByList, 0
	m.MinimumMS, m.MaximumMS = 60_000, 180_000
	m.Replies, m.ReplyMS = 2, 60_000
	return Preset{"topics", 120, m, []PresetPart{
		{Kind: events.Opening, Minutes: 5},
		{Kind: events.Item, Minutes: 37, HasList: true},
		{Kind: events.Item, Minutes: 37, HasList: true},
		{Kind: events.Item, Minutes: 37, HasList: true},
		{Kind: events.Closing, Minutes: 4},
	}}
}

// hearing is "council hearing: fixed equal minutes that never adapt": three
// minutes each, ended by the program, whoever else still waits.
func hearing() Preset {
	m := DefaultModalities()
	m.Order, m.Allotment, m.Limit = OrderFirstCome, "fixed", events.Hard
	m.MinimumMS, m.MaximumMS = 180_000, 180_000
	m.JointStatements = false
	return Preset{"council_hearing", 60, m, []PresetPart{{Kind: events.Item, Minutes: 60, HasList: true}}}
}
