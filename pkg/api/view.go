// Package api holds what Fairfloor says to its clients: the view of a session,
// the frames of the websocket and the bodies of the HTTP API.
//
// Guarantee: gateway, Go client, documents and pages agree on these types. What
// an audience may see is said once, by the tag `see` on each field of the view:
// a field without it is public, a field with it is for the audiences named and
// nobody else. The view is a function of the log up to its cursor (and of the
// persons' store for names), so every gateway makes the same one; nothing in it
// changes by the mere passing of time.
package api

import (
	"github.com/fairfloor/fairfloor/pkg/clock"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/session"
)

// View is a session as an audience sees it. Maps are keyed by id and orders are
// lists of ids, so that a JSON merge patch (RFC 7396) of a change is small.
type View struct {
	Session SessionView             `json:"session"`
	Parts   map[ids.Part]*PartView  `json:"parts"`
	Agenda  []ids.Part              `json:"agenda"`
	Entries map[ids.Entry]EntryView `json:"entries"`
	// Lists holds the waiting entries of each part, next first.
	Lists map[ids.Part][]ids.Entry `json:"lists"`
	// Standby are entries whose speakers were not there when called.
	Standby []ids.Entry `json:"standby"`
	// Raised are points of order that wait for the chair.
	Raised []ids.Entry            `json:"raised" see:"chair"`
	Floor  FloorView              `json:"floor"`
	Turns  map[ids.Turn]*TurnView `json:"turns"`
	// TurnOrder is the order of giving.
	TurnOrder []ids.Turn `json:"turn_order"`
	Plan      PlanView   `json:"plan"`
	// Applicants are those who applied, whatever became of it.
	Applicants map[ids.Applicant]ApplicantView `json:"applicants"`
	// Register counts the applications and, by reason, the refusals: the reasons
	// themselves are the applicants' own.
	Register RegisterView `json:"register"`
	// Persons hold what the chair's side needs to address somebody.
	Persons map[ids.Person]PersonView `json:"persons" see:"chair,booth"`
	Texts   map[ids.Text]TextView     `json:"texts"`
	Swaps   map[ids.Swap]SwapView     `json:"swaps" see:"chair"`
	// Tracks are the languages of the transcript, by tag. Captions themselves come in
	// frames of their own; a caption changes nothing in the view.
	Tracks map[string]TrackView `json:"tracks"`
	// Sources are what writes the tracks, or waits to.
	Sources map[ids.Source]SourceView `json:"sources" see:"chair,booth"`
	// Glossary says which list of names and terms is in force; the terms are a request of their own.
	Glossary *GlossaryView `json:"glossary,omitempty" see:"chair,booth"`
	// Corrections are the speakers' wishes about their own words; the words are a request of their own.
	Corrections map[ids.Correction]CorrectionView `json:"corrections" see:"chair,booth"`
	Relays      map[ids.Relay]RelayView           `json:"relays" see:"chair,booth"`
	// Booth is what interpreters and technician say, and whose microphone is called for.
	Booth *BoothView `json:"booth,omitempty" see:"chair,booth"`
	// Notes are the private ones of the chair and the secretariat, in order of writing.
	Notes []NoteView `json:"notes,omitempty" see:"chair"`
	// Measures reckon up what happened so far.
	Measures *MeasuresView `json:"measures,omitempty" see:"chair"`
	// Acts are the latest acts, at most 20, for "what happened since".
	Acts []session.Act `json:"acts" see:"chair"`
}

// SessionView is what holds for the whole session. Times are session time in
// ms since 1970, lengths are ms.
type SessionView struct {
	ID           ids.Session       `json:"id"`
	Title        string            `json:"title"`
	Phase        session.Phase     `json:"phase"`
	PlannedStart clock.Instant     `json:"planned_start"`
	HardEnd      clock.Instant     `json:"hard_end"`
	Zone         string            `json:"zone"`
	Languages    []string          `json:"languages"`
	StartedAt    clock.Instant     `json:"started_at,omitempty"`
	SuspendedAt  clock.Instant     `json:"suspended_since,omitempty"`
	AdjournedAt  clock.Instant     `json:"adjourned_at,omitempty"`
	Sealed       bool              `json:"sealed,omitempty"`
	Part         ids.Part          `json:"part,omitzero"`
	Code         string            `json:"code"`
	Modalities   events.Modalities `json:"modalities"`
	// MinimumMS is the minimum in force.
	MinimumMS int64 `json:"minimum_ms"`
	// Clock maps the wall clock to session time; ClockMode says which clock runs.
	Clock     clock.Mapping `json:"clock"`
	ClockMode string        `json:"clock_mode"`
	// PublicKey signs receipts (Ed25519, base64url); Fingerprint is for people to compare.
	PublicKey   string `json:"public_key"`
	Fingerprint string `json:"fingerprint"`
	// NotReached are the entries that an adjournment left unheard.
	NotReached []ids.Entry `json:"not_reached,omitempty"`
	// CloseNowAt and HardEndAt are set when a timer noted them.
	CloseNowAt clock.Instant `json:"close_now_at,omitempty"`
	HardEndAt  clock.Instant `json:"hard_end_at,omitempty"`
}

// PartView is a part of the session and the state of its list.
type PartView struct {
	ID        ids.Part         `json:"id"`
	Kind      events.PartKind  `json:"kind"`
	Title     string           `json:"title"`
	Minutes   int64            `json:"minutes"`
	LimitMS   int64            `json:"limit_ms,omitempty"`
	HasList   bool             `json:"has_list"`
	List      events.ListState `json:"list"`
	ClosesAt  clock.Instant    `json:"closes_at,omitempty"`
	StartedAt clock.Instant    `json:"started_at,omitempty"`
	EndedAt   clock.Instant    `json:"ended_at,omitempty"`
	// Deadline is when the part should end, with what flowed on to it.
	Deadline clock.Instant `json:"deadline,omitempty"`
	// GuaranteeMS and AnnouncedMS are what was announced for its ordinary entries.
	GuaranteeMS int64 `json:"guarantee_ms,omitempty"`
	AnnouncedMS int64 `json:"announced_ms,omitempty"`
	// UniformMS is the one number in force where one holds for all ordinary
	// entries ("write for 1:00"); AnnouncedMS is then what was likely when the list
	// closed ("up to 1:24 is likely").
	UniformMS int64 `json:"uniform_ms,omitempty"`
	// Plan is this part's own, for a part with a list.
	Plan *PlanView `json:"plan,omitempty"`
	// Order says by which rule the list is ordered; none for a part without a list.
	Order *OrderView `json:"order,omitempty"`
}

// OrderView is the ordering rule of a list, in plain words, and how far the
// drawing of its lot has come. What the rule looks at of each entry is in
// EntryView.Input: with Code and Randomness that is all that is needed to
// compute the order again.
type OrderView struct {
	Rule  string `json:"rule"`
	Words string `json:"words"`
	// Categories is the sequence of the rule "categories".
	Categories []string `json:"categories,omitempty"`
	// Own is the secretariat's own list for the rule "secretariat", as last set;
	// entries that it leaves out follow in the order of joining.
	Own []ids.Entry `json:"own,omitempty"`
	// Lot says that the rule draws a lot; without one the list is in its order as
	// soon as it is fixed. Credit says that credit is carried over.
	Lot    bool `json:"lot,omitempty"`
	Credit bool `json:"credit,omitempty"`
	// Commitment and Source are set when the drawing was begun.
	Commitment string           `json:"commitment,omitempty"`
	Source     string           `json:"source,omitempty"`
	Labels     events.LabelRule `json:"labels,omitempty"`
	// FixedAt is when the list was fixed, DrawnAt when its lot was drawn with Code
	// and Randomness.
	FixedAt    clock.Instant `json:"fixed_at,omitempty"`
	Code       string        `json:"code,omitempty"`
	Randomness string        `json:"randomness,omitempty"`
	DrawnAt    clock.Instant `json:"drawn_at,omitempty"`
	// Fixed says that the list is in the order of its rule; until then, for every
	// rule but "list", the order of joining is a draft.
	Fixed bool `json:"fixed"`
	// Kept is how many places at the head stayed as they were, because the part
	// was being called when the lot was drawn.
	Kept int `json:"kept,omitempty"`
}

// InputView is what the ordering rule looks at of one entry, as fixed before
// the draw; later changes of the application change nothing of it.
type InputView struct {
	Label     string `json:"label"`
	Group     string `json:"group"`
	Region    string `json:"region"`
	Category  string `json:"category"`
	FirstTime bool   `json:"first_time,omitempty"`
	CreditMS  int64  `json:"credit_ms,omitempty"`
	// Remote is looked at, and told, by the rule "room_remote" alone.
	Remote bool `json:"remote,omitempty"`
	// Stance and Rank are looked at, and told, by the rules "for_against" and
	// "secretariat" alone; Rank counts from 1.
	Stance events.Stance `json:"stance,omitempty"`
	Rank   int64         `json:"rank,omitempty"`
	// Lot is the drawn position in hexadecimal digits, empty before the draw.
	Lot string `json:"lot,omitempty"`
}

// EntryView is one entry. Organisation and labels are repeated from its
// applicant, so that one entry can be shown by itself.
type EntryView struct {
	ID           ids.Entry          `json:"id"`
	Part         ids.Part           `json:"part"`
	Applicant    ids.Applicant      `json:"applicant"`
	Organisation string             `json:"organisation"`
	Group        string             `json:"group,omitempty"`
	Region       string             `json:"region,omitempty"`
	Kind         events.EntryKind   `json:"kind"`
	State        session.EntryState `json:"state"`
	Language     string             `json:"language,omitempty"`
	Late         bool               `json:"late,omitempty"`
	// Stance is on which side a statement is, empty for neither.
	Stance events.Stance `json:"stance,omitempty"`
	// Delegate is the person who will speak; their record is in Persons.
	Delegate ids.Person `json:"delegate,omitzero" see:"chair,booth"`
	// RequestedMS is their wish.
	RequestedMS int64         `json:"requested_ms,omitempty"`
	Deferrals   int           `json:"deferrals,omitempty"`
	CheckedIn   bool          `json:"checked_in,omitempty"`
	Absent      bool          `json:"absent,omitempty"`
	Presence    events.Basis  `json:"presence,omitempty" see:"chair,booth"`
	Excused     bool          `json:"excused,omitempty" see:"chair"`
	Members     []ids.Entry   `json:"members,omitempty"`
	MergedInto  ids.Entry     `json:"merged_into,omitzero"`
	Turn        ids.Turn      `json:"turn,omitzero"`
	Ruling      events.Ruling `json:"ruling,omitempty"`
	// Place counts from 1; zero when it does not wait.
	Place int `json:"place,omitempty"`
	// AllotmentMS is expected, GuaranteeMS promised.
	AllotmentMS int64 `json:"allotment_ms,omitempty"`
	GuaranteeMS int64 `json:"guarantee_ms,omitempty"`
	// ToldMS is what was last announced to its speaker; it changes by 5 s or more
	// only. Cut says that AllotmentMS is less than what was announced, because
	// otherwise somebody would not be reached.
	ToldMS int64 `json:"told_ms,omitempty"`
	Cut    bool  `json:"cut,omitempty"`
	// Aside is set for an entry in the state "set_aside".
	Aside *AsideView `json:"aside,omitempty"`
	// Reached is false for a waiting entry that is not expected to be called.
	Reached bool `json:"reached"`
	// Start is the expected start; none for those who will not be called.
	Start *RangeView `json:"start,omitempty"`
	// Input is what the ordering rule looks at; none before the list is fixed, and
	// for those who came later.
	Input *InputView `json:"input,omitempty"`
}

// RangeView is an expected start as of the view's cursor. A client adds what
// the running turn has taken beyond Floor.ExpectedEnd since.
type RangeView struct {
	Low    clock.Instant `json:"low"`
	Middle clock.Instant `json:"middle"`
	High   clock.Instant `json:"high"`
}

// FloorView says who has the floor.
type FloorView struct {
	// Turn has the floor; none when it is free.
	Turn ids.Turn `json:"turn,omitzero"`
	// Point is the point of order that is being heard, Since when.
	Point      ids.Entry     `json:"point,omitzero"`
	PointSince clock.Instant `json:"point_since,omitempty"`
	// FreeSince is when the floor was last released.
	FreeSince clock.Instant `json:"free_since,omitempty"`
	// ExpectedEnd is when the running turn was expected to end as of the cursor.
	ExpectedEnd clock.Instant `json:"expected_end,omitempty"`
	// Next is the entry on the button.
	Next ids.Entry `json:"next,omitzero"`
	// Undo is the act that can be undone, until UndoUntil.
	Undo      ids.Command   `json:"undo,omitzero" see:"chair"`
	UndoVerb  string        `json:"undo_verb,omitempty" see:"chair"`
	UndoUntil clock.Instant `json:"undo_until,omitempty" see:"chair"`
	// Prompt is the private word to the holder.
	Prompt *PromptView `json:"prompt,omitempty" see:"chair"`
}

// PromptView is a private word to the holder.
type PromptView struct {
	ID    ids.Prompt        `json:"id"`
	Kind  events.PromptKind `json:"kind"`
	Until clock.Instant     `json:"until"`
}

// TurnView is one holding of the floor. The countdown at session time t is
//
//	allotted_ms + added_ms - (t - begun_at - paused_ms)
//
// with t replaced by paused_since while that is set, and by ended_at when it is over.
type TurnView struct {
	ID          ids.Turn       `json:"id"`
	Entry       ids.Entry      `json:"entry"`
	Part        ids.Part       `json:"part"`
	GivenAt     clock.Instant  `json:"given_at"`
	BegunAt     clock.Instant  `json:"begun_at,omitempty"`
	Basis       events.Basis   `json:"basis,omitempty"`
	EndedAt     clock.Instant  `json:"ended_at,omitempty"`
	How         events.TurnEnd `json:"how,omitempty"`
	AllottedMS  int64          `json:"allotted_ms,omitempty"`
	AddedMS     int64          `json:"added_ms,omitempty"`
	GuaranteeMS int64          `json:"guarantee_ms,omitempty"`
	// PausedMS is the sum of the closed pauses since the begin; PausedSince is
	// set while the clock stands.
	PausedMS    int64             `json:"paused_ms,omitempty"`
	PausedSince clock.Instant     `json:"paused_since,omitempty"`
	PauseCause  events.PauseCause `json:"pause_cause,omitempty"`
	// UsedMS is set when the turn is over.
	UsedMS    int64 `json:"used_ms,omitempty"`
	Void      bool  `json:"void,omitempty"`
	Corrected int   `json:"corrected,omitempty"`
	Entered   bool  `json:"entered,omitempty"`
	// Warning, Expired, GraceOver and Silent are set once a timer noted them.
	Warning   bool `json:"warning,omitempty"`
	Expired   bool `json:"expired,omitempty"`
	GraceOver bool `json:"grace_over,omitempty"`
	Silent    bool `json:"silent,omitempty"`
	// Limit is what happens when its time is over: gavel, soft or hard.
	Limit events.LimitMode `json:"limit,omitempty"`
	// LostLine says that the clock stood once for a lost line: it does not again.
	LostLine bool `json:"lost_line,omitempty"`
}

// ApplicantView is an organisation that applied.
type ApplicantView struct {
	ID           ids.Applicant          `json:"id"`
	Organisation string                 `json:"organisation"`
	Category     string                 `json:"category,omitempty"`
	Group        string                 `json:"group,omitempty"`
	Region       string                 `json:"region,omitempty"`
	Language     string                 `json:"language,omitempty"`
	State        session.ApplicantState `json:"state"`
	// Reason is the code of a refusal: the chair's side sees it here, the
	// applicant in Me.
	Reason      string `json:"reason,omitempty" see:"chair"`
	RequestedMS int64  `json:"requested_ms,omitempty" see:"chair"`
	FirstTime   bool   `json:"first_time,omitempty"`
	Remote      bool   `json:"remote,omitempty" see:"chair,booth"`
	// Objections counts the objections to the application, Appealed says that an
	// appeal against its refusal waits for a decision; the words are a request of their own.
	Objections int  `json:"objections,omitempty" see:"chair"`
	Appealed   bool `json:"appealed,omitempty" see:"chair"`
}

// RegisterView counts the applications by what became of them.
type RegisterView struct {
	Applied   int `json:"applied"`
	Accepted  int `json:"accepted"`
	Withdrawn int `json:"withdrawn"`
	// Declined counts the refusals by their reason code.
	Declined map[string]int `json:"declined"`
	// Objections and Appeals count those that were made, whatever came of them.
	Objections int `json:"objections"`
	Appeals    int `json:"appeals"`
}

// PersonView is how somebody is addressed. Contacts and access needs are in no view.
type PersonView struct {
	ID            ids.Person    `json:"id"`
	Applicant     ids.Applicant `json:"applicant,omitzero"`
	Name          string        `json:"name,omitempty"`
	FormOfAddress string        `json:"form_of_address,omitempty"`
	Pronunciation string        `json:"pronunciation,omitempty"`
	// DisplayName is under which name they are in the videoconference.
	DisplayName string `json:"display_name,omitempty"`
	Erased      bool   `json:"erased,omitempty"`
}

// TextView says that a statement text was filed; its words are a request of their own.
type TextView struct {
	ID         ids.Text          `json:"id"`
	Applicant  ids.Applicant     `json:"applicant"`
	Language   string            `json:"language"`
	Words      int64             `json:"words"`
	Visibility events.Visibility `json:"visibility" see:"chair,booth"`
}

// SwapView is a proposed exchange of places.
type SwapView struct {
	ID    ids.Swap  `json:"id"`
	Entry ids.Entry `json:"entry"`
	With  ids.Entry `json:"with"`
}

// Me is what is personal: small, and sent apart from the view.
type Me struct {
	Subject   string        `json:"subject"`
	Roles     []events.Role `json:"roles"`
	Audience  Audience      `json:"audience"`
	Applicant ids.Applicant `json:"applicant,omitzero"`
	Person    ids.Person    `json:"person,omitzero"`
	// Entries are those of one's own applicant.
	Entries []ids.Entry `json:"entries,omitempty"`
	// Notice is the most urgent thing to know; see Notice.
	Notice *Notice `json:"notice,omitempty"`
	// Prompt is a private word from the chair's side, for the holder.
	Prompt *PromptView `json:"prompt,omitempty"`
	// Swaps are proposals to or from one's own entries.
	Swaps map[ids.Swap]SwapView `json:"swaps,omitempty"`
	// Texts are the statements of one's own applicant, whoever else may read them.
	Texts map[ids.Text]TextView `json:"texts,omitempty"`
	// Reason is the code with which one's own application was declined.
	Reason string `json:"reason,omitempty"`
	// AccessMS is one's own access allowance, in ms.
	AccessMS int64 `json:"access_ms,omitempty"`
	// AccessPercent is one that multiplies, in percent of the allotment.
	AccessPercent int64 `json:"access_percent,omitempty"`
}

// NoticeKind is what a delegate is told.
type NoticeKind string

// The notices, the most urgent first.
const (
	NoticeCalled    NoticeKind = "called"      // you have the floor: begin
	NoticeWarning   NoticeKind = "warning"     // 30 seconds, or 20 %, are left
	NoticeExpired   NoticeKind = "expired"     // your time is over
	NoticeNext      NoticeKind = "next"        // you are next
	NoticeThird     NoticeKind = "third"       // two before you
	NoticeFifth     NoticeKind = "fifth"       // four before you
	NoticeStandby   NoticeKind = "standby"     // you were called and not there
	NoticeNotReach  NoticeKind = "not_reached" // time ran out
	NoticeSwapAsked NoticeKind = "swap_asked"  // somebody asks to exchange places
)

// Notice is derived from the state, so a reconnect shows what was missed.
type Notice struct {
	Kind  NoticeKind `json:"kind"`
	Entry ids.Entry  `json:"entry,omitzero"`
	Turn  ids.Turn   `json:"turn,omitzero"`
}
