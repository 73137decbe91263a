package events

import (
	"github.com/fairfloor/fairfloor/pkg/clock"
	"github.com/fairfloor/fairfloor/pkg/ids"
)

// PartKind says what a part is for.
type PartKind string

// The kinds of part.
const (
	Opening   PartKind = "opening"
	Item      PartKind = "item"
	Panel     PartKind = "panel"
	Questions PartKind = "questions"
	Break     PartKind = "break"
	Closing   PartKind = "closing"
)

// PartKinds lists the kinds of part.
func PartKinds() []PartKind { return []PartKind{Opening, Item, Panel, Questions, Break, Closing} }

// Part is a stretch of a session with its own list of speakers.
type Part struct {
	ID    ids.Part `json:"id"`
	Kind  PartKind `json:"kind"`
	Title string   `json:"title"`
	// Minutes is the planned length, 1 to 1440.
	Minutes int64 `json:"minutes"`
	// LimitMS is the most one turn gets, in ms; zero means the session's maximum.
	LimitMS int64 `json:"limit_ms,omitempty"`
	// HasList is false for a part without speakers of its own, such as an opening or a break.
	HasList bool `json:"has_list"`
}

// LimitMode says what happens at the limit of a turn (fairness.md).
type LimitMode string

// The limit modes.
const (
	Gavel LimitMode = "gavel"
	Soft  LimitMode = "soft"
	Hard  LimitMode = "hard"
)

// LimitModes lists the limit modes.
func LimitModes() []LimitMode { return []LimitMode{Gavel, Soft, Hard} }

// EntryKind is the kind of an entry on a list of speakers.
type EntryKind string

// The kinds of entry.
const (
	Statement    EntryKind = "statement"
	Question     EntryKind = "question"
	RightOfReply EntryKind = "right_of_reply"
	PointOfOrder EntryKind = "point_of_order"
)

// EntryKinds lists the kinds of entry.
func EntryKinds() []EntryKind { return []EntryKind{Statement, Question, RightOfReply, PointOfOrder} }

// Evidence says whether the room can say when a turn begins.
type Evidence string

// The values of Evidence.
const (
	// EvidenceKeyed waits for somebody or something to say that the turn began.
	EvidenceKeyed Evidence = "keyed"
	// EvidenceNone assumes it, at the call plus the learned handover (decisions.md 13).
	EvidenceNone Evidence = "none"
)

// Modalities are the published rules of a session.
type Modalities struct {
	// Rights says which kinds of entry each category may make. A category that
	// is not named has the rights of "*".
	Rights map[string][]EntryKind `json:"rights"`
	// Order names the ordering rule; "list" is the order of joining.
	Order string `json:"order"`
	// OrderCategories is the sequence of the rule "categories"; those who are not
	// named follow by name.
	OrderCategories []string `json:"order_categories,omitempty"`
	// Allotment is "uniform", "individual" or "fixed" (fairness.md).
	Allotment string `json:"allotment"`
	// Limit is what happens when a turn reaches its limit.
	Limit LimitMode `json:"limit"`
	// Limits holds the categories of which another thing happens at the limit.
	Limits map[string]LimitMode `json:"limits,omitempty"`
	// Strict reckons with the longest possible handovers: the guarantee then holds
	// whatever happens, at the price of idle minutes.
	Strict bool `json:"strict,omitempty"`
	// GroupBudgetsMS holds the most speaking time of stakeholder groups on one
	// list, in ms, all their statements together. What was promised is kept.
	GroupBudgetsMS map[string]int64 `json:"group_budgets_ms,omitempty"`
	// MinimumMS and MaximumMS bound one statement's seconds, in ms.
	MinimumMS int64 `json:"minimum_ms"`
	MaximumMS int64 `json:"maximum_ms"`
	// GraceMS is the grace after the limit, in ms; MaxHandoverMS the longest wait after a call (h_max).
	GraceMS       int64 `json:"grace_ms"`
	MaxHandoverMS int64 `json:"max_handover_ms"`
	// OpeningMS, ClosingMS are kept for the chair's words, ReserveMS for interruptions
	// and replies, of which ReserveKeptMS stays to the end.
	OpeningMS     int64 `json:"opening_ms"`
	ClosingMS     int64 `json:"closing_ms"`
	ReserveMS     int64 `json:"reserve_ms"`
	ReserveKeptMS int64 `json:"reserve_kept_ms"`
	// Evidence says how a turn's begin is known.
	Evidence Evidence `json:"evidence"`
	// OpenApplications lets anybody apply without an invitation.
	OpenApplications bool `json:"open_applications"`
	// PublicLive lets observers follow without a login.
	PublicLive bool `json:"public_live"`
	// Publication is what is public of whom: "public", "organisation_only",
	// "delayed", "participants_only" or "confidential".
	Publication string `json:"publication"`
	// JointStatements allows merging.
	JointStatements bool `json:"joint_statements"`
	// ReplyMS is the most of an organisation's first right of reply on a list, in
	// ms; later ones get half of it. Zero means half of the maximum.
	ReplyMS int64 `json:"reply_ms,omitempty"`
	// Replies is how many rights of reply an organisation has on one list; zero means two.
	Replies int64 `json:"replies,omitempty"`
	// Automatic lets the program put a silent speaker two places back by itself
	// after the longest wait; otherwise it only proposes to.
	Automatic bool `json:"automatic,omitempty"`
}

// SessionCreated is a session's first fact.
type SessionCreated struct {
	Consultation ids.Consultation `json:"consultation"`
	Title        string           `json:"title"`
	// PlannedStart and HardEnd are session time; Zone is an IANA name for showing them.
	PlannedStart clock.Instant `json:"planned_start"`
	HardEnd      clock.Instant `json:"hard_end"`
	Zone         string        `json:"zone"`
	Languages    []string      `json:"languages"`
	Modalities   Modalities    `json:"modalities"`
	Parts        []Part        `json:"parts"`
	// Code is the six-character code of the session's short links.
	Code string `json:"code"`
	// PublicKey is the Ed25519 key that signs receipts, in base64url.
	PublicKey string        `json:"public_key"`
	Clock     clock.Mapping `json:"clock"`
	// ClockMode is "real", "scaled" or "gated".
	ClockMode string `json:"clock_mode"`
	// Organisation is whose session it is, for ever; left out for the deployment's own.
	Organisation ids.Organisation `json:"organisation,omitzero"`
}

// SessionChanged replaces what may be changed before the session is adjourned.
type SessionChanged struct {
	Title        string        `json:"title"`
	PlannedStart clock.Instant `json:"planned_start"`
	HardEnd      clock.Instant `json:"hard_end"`
	Zone         string        `json:"zone"`
	Languages    []string      `json:"languages"`
	Modalities   Modalities    `json:"modalities"`
}

// PartAdded adds a part at the end of the agenda.
type PartAdded struct {
	Part Part `json:"part"`
}

// PartChanged replaces a part's title, minutes, kind or limit.
type PartChanged struct {
	Part Part `json:"part"`
}

// ClockSet starts a new stretch of the session's clock mapping.
type ClockSet struct {
	Clock clock.Mapping `json:"clock"`
	Mode  string        `json:"mode"`
}

// ApplicantApplied records an application. Names of organisations may be in the log.
type ApplicantApplied struct {
	Applicant    ids.Applicant `json:"applicant"`
	Organisation string        `json:"organisation"`
	Category     string        `json:"category"`
	Group        string        `json:"group"`
	Region       string        `json:"region"`
	Language     string        `json:"language"`
	// RequestedMS is what they ask for, in ms, 30 s to 600 s; zero means no wish.
	RequestedMS int64      `json:"requested_ms,omitempty"`
	Parts       []ids.Part `json:"parts,omitempty"`
	FirstTime   bool       `json:"first_time,omitempty"`
	// Remote is true when they take part over the conference.
	Remote bool `json:"remote,omitempty"`
}

// ApplicantChanged corrects an application; the whole of it is repeated.
type ApplicantChanged struct {
	ApplicantApplied
}

// ApplicantAccepted admits an applicant to the lists of its parts.
type ApplicantAccepted struct {
	Applicant ids.Applicant `json:"applicant"`
}

// ApplicantDeclined refuses an application with a reason code of DeclineReasons.
type ApplicantDeclined struct {
	Applicant ids.Applicant `json:"applicant"`
	Reason    string        `json:"reason"`
}

// DeclineReasons lists the reason codes of a refused application.
func DeclineReasons() []string {
	return []string{"duplicate", "not_accredited", "objection", "out_of_scope", "too_late", "withdrawn_by_organisation", "other"}
}

// ApplicantWithdrawn takes an application back.
type ApplicantWithdrawn struct {
	Applicant ids.Applicant `json:"applicant"`
}

// ObjectionMade records an objection to an application; why is the commit's
// note. By is the organisation that objects, none for the chair's side itself.
type ObjectionMade struct {
	Applicant ids.Applicant `json:"applicant"`
	By        ids.Applicant `json:"by,omitzero"`
}

// AppealLodged asks for a refused application to be decided again; why is the
// commit's note.
type AppealLodged struct {
	Applicant ids.Applicant `json:"applicant"`
}

// PersonAdded says that a person is known; everything about them is in the
// store that can forget, and digest commits to it (event-log.md 15).
type PersonAdded struct {
	Person    ids.Person    `json:"person"`
	Applicant ids.Applicant `json:"applicant,omitzero"`
	Roles     []Role        `json:"roles"`
	Digest    Hash          `json:"digest"`
}

// PersonChanged commits to a new value of the person's record.
type PersonChanged struct {
	Person ids.Person `json:"person"`
	Digest Hash       `json:"digest"`
}

// PersonErased says that value and salt are gone.
type PersonErased struct {
	Person ids.Person `json:"person"`
}

// InvitationIssued names a signed link; the token itself is never stored.
type InvitationIssued struct {
	Invitation ids.Invitation `json:"invitation"`
	Roles      []Role         `json:"roles"`
	Person     ids.Person     `json:"person,omitzero"`
	Applicant  ids.Applicant  `json:"applicant,omitzero"`
	// Expires is I/O time (wall clock), in ms since 1970.
	Expires int64 `json:"expires"`
}

// InvitationRevoked ends a link before its time.
type InvitationRevoked struct {
	Invitation ids.Invitation `json:"invitation"`
}

// JoinCodeMade says that a one-time code was made for a link, for somebody who
// stands before the secretariat without it. The code itself is never stored.
type JoinCodeMade struct {
	Invitation ids.Invitation `json:"invitation"`
}

// Visibility says who may read a statement text (architecture.md).
type Visibility string

// The visibilities.
const (
	OwnerOnly        Visibility = "owner"
	BoothOnly        Visibility = "interpreters_and_captioners"
	PublicAtDelivery Visibility = "public_at_delivery"
	PublicNow        Visibility = "public_now"
)

// Visibilities lists the visibilities.
func Visibilities() []Visibility {
	return []Visibility{OwnerOnly, BoothOnly, PublicAtDelivery, PublicNow}
}

// TextFiled says that a written statement is in the store that can forget.
type TextFiled struct {
	Text       ids.Text      `json:"text"`
	Applicant  ids.Applicant `json:"applicant"`
	Part       ids.Part      `json:"part,omitzero"`
	Language   string        `json:"language"`
	Visibility Visibility    `json:"visibility"`
	Words      int64         `json:"words"`
	Digest     Hash          `json:"digest"`
}

// TextVisibilityChanged changes who may read it.
type TextVisibilityChanged struct {
	Text       ids.Text   `json:"text"`
	Visibility Visibility `json:"visibility"`
}

// SessionSealed is a session's last commit (event-log.md 14), but for what is
// erased later.
type SessionSealed struct{}

// ConsultationCreated is a consultation's first fact, on its own subject.
type ConsultationCreated struct {
	Consultation ids.Consultation `json:"consultation"`
	Title        string           `json:"title"`
	// CarryOver says whether credit is carried from one session to the next.
	CarryOver bool `json:"carry_over"`
	// Organisation is whose consultation it is; left out for the deployment's own.
	Organisation ids.Organisation `json:"organisation,omitzero"`
}

// ConsultationSessionAdded links a session to its consultation.
type ConsultationSessionAdded struct {
	Session ids.Session `json:"session"`
}

func (*SessionCreated) Type() string           { return "session_created" }
func (*SessionChanged) Type() string           { return "session_changed" }
func (*PartAdded) Type() string                { return "part_added" }
func (*PartChanged) Type() string              { return "part_changed" }
func (*ClockSet) Type() string                 { return "clock_set" }
func (*ApplicantApplied) Type() string         { return "applicant_applied" }
func (*ApplicantChanged) Type() string         { return "applicant_changed" }
func (*ApplicantAccepted) Type() string        { return "applicant_accepted" }
func (*ApplicantDeclined) Type() string        { return "applicant_declined" }
func (*ApplicantWithdrawn) Type() string       { return "applicant_withdrawn" }
func (*ObjectionMade) Type() string            { return "objection_made" }
func (*AppealLodged) Type() string             { return "appeal_lodged" }
func (*PersonAdded) Type() string              { return "person_added" }
func (*PersonChanged) Type() string            { return "person_changed" }
func (*PersonErased) Type() string             { return "person_erased" }
func (*InvitationIssued) Type() string         { return "invitation_issued" }
func (*InvitationRevoked) Type() string        { return "invitation_revoked" }
func (*JoinCodeMade) Type() string             { return "join_code_made" }
func (*TextFiled) Type() string                { return "text_filed" }
func (*TextVisibilityChanged) Type() string    { return "text_visibility_changed" }
func (*SessionSealed) Type() string            { return "session_sealed" }
func (*ConsultationCreated) Type() string      { return "consultation_created" }
func (*ConsultationSessionAdded) Type() string { return "consultation_session_added" }

// registryTypes makes an empty value of each type that the registry context writes.
var registryTypes = []func() Event{
	func() Event { return &SessionCreated{} },
	func() Event { return &SessionChanged{} },
	func() Event { return &PartAdded{} },
	func() Event { return &PartChanged{} },
	func() Event { return &ClockSet{} },
	func() Event { return &ApplicantApplied{} },
	func() Event { return &ApplicantChanged{} },
	func() Event { return &ApplicantAccepted{} },
	func() Event { return &ApplicantDeclined{} },
	func() Event { return &ApplicantWithdrawn{} },
	func() Event { return &ObjectionMade{} },
	func() Event { return &AppealLodged{} },
	func() Event { return &PersonAdded{} },
	func() Event { return &PersonChanged{} },
	func() Event { return &PersonErased{} },
	func() Event { return &InvitationIssued{} },
	func() Event { return &InvitationRevoked{} },
	func() Event { return &JoinCodeMade{} },
	func() Event { return &TextFiled{} },
	func() Event { return &TextVisibilityChanged{} },
	func() Event { return &SessionSealed{} },
	func() Event { return &ConsultationCreated{} },
	func() Event { return &ConsultationSessionAdded{} },
	func() Event { return &LotCommitted{} },
	func() Event { return &ListFixed{} },
	func() Event { return &LotRevealed{} },
	func() Event { return &LotDrawn{} },
	func() Event { return &ListSet{} },
	func() Event { return &CreditBrought{} },
	func() Event { return &CreditReckoned{} },
	func() Event { return &CreditCarried{} },
	func() Event { return &NoteWritten{} },
	func() Event { return &NoteRemoved{} },
	func() Event { return &RetentionEnded{} },
}
