package command

import (
	"github.com/fairfloor/fairfloor/pkg/clock"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
)

// The arguments of the verbs. Times are session time in ms since 1970,
// lengths are ms; free text (Reason) is taken out by the gateway, stored in the
// store that can forget, and travels on as a note.

// CreateConsultation makes a consultation.
type CreateConsultation struct {
	Title     string `json:"title" doc:"Title, 1 to 200 characters"`
	CarryOver bool   `json:"carry_over,omitempty" doc:"Carry credit from one session to the next"`
}

// CreateSession makes a session; its id is the request's session.
type CreateSession struct {
	Consultation ids.Consultation   `json:"consultation,omitzero" doc:"The consultation it belongs to; none makes one of the same title"`
	Title        string             `json:"title" doc:"Title, 1 to 200 characters"`
	PlannedStart clock.Instant      `json:"planned_start" doc:"Planned start, ms since 1970"`
	HardEnd      clock.Instant      `json:"hard_end" doc:"Hard end (room, interpretation), ms since 1970; within 24 h of the start"`
	Zone         string             `json:"zone" doc:"IANA time zone for showing times, such as Europe/Zurich"`
	Languages    []string           `json:"languages,omitempty" doc:"Languages of the session, BCP 47"`
	Modalities   *events.Modalities `json:"modalities,omitempty" doc:"The rules; defaults where left out"`
	Parts        []PartArgs         `json:"parts,omitempty" doc:"Parts in order; one item with a list when left out"`
	Clock        *clock.Mapping     `json:"clock,omitempty" doc:"Scaled time, for rehearsals only"`
	ClockMode    string             `json:"clock_mode,omitempty" enum:"real,scaled,gated" doc:"Which clock runs the session"`
}

// PartArgs describes a part that is to be made or changed.
type PartArgs struct {
	Part    ids.Part        `json:"part,omitzero" doc:"The part to change; none makes one"`
	Kind    events.PartKind `json:"kind" enum:"opening,item,panel,questions,break,closing"`
	Title   string          `json:"title" doc:"Title, 1 to 200 characters"`
	Minutes int64           `json:"minutes" doc:"Planned length in minutes, 1 to 1440"`
	LimitMS int64           `json:"limit_ms,omitempty" doc:"Most ms of one turn; 0 for the session's maximum"`
	HasList bool            `json:"has_list" doc:"Whether it has a list of speakers"`
}

// ChangeSession changes what is given; the rest stays.
type ChangeSession struct {
	Title        *string            `json:"title,omitempty"`
	PlannedStart *clock.Instant     `json:"planned_start,omitempty"`
	HardEnd      *clock.Instant     `json:"hard_end,omitempty"`
	Zone         *string            `json:"zone,omitempty"`
	Languages    []string           `json:"languages,omitempty"`
	Modalities   *events.Modalities `json:"modalities,omitempty"`
}

// SetClock starts a new stretch of the session's clock.
type SetClock struct {
	Clock clock.Mapping `json:"clock"`
	Mode  string        `json:"mode" enum:"real,scaled,gated"`
}

// Apply is an application to take the floor, also one row of an import.
type Apply struct {
	Applicant    ids.Applicant `json:"applicant,omitzero" doc:"For a change: which application"`
	Organisation string        `json:"organisation" doc:"Name of the organisation, 1 to 300 characters"`
	Category     string        `json:"category,omitempty" doc:"state, intergovernmental, stakeholder or another category of the modalities"`
	Group        string        `json:"group,omitempty" doc:"Stakeholder group; unspecified when left out"`
	Region       string        `json:"region,omitempty" doc:"Regional group; unspecified when left out"`
	Language     string        `json:"language,omitempty" doc:"Language of the statement, BCP 47"`
	RequestedMS  int64         `json:"requested_ms,omitempty" doc:"Wished length in ms, 30000 to 600000"`
	Parts        []ids.Part    `json:"parts,omitempty" doc:"Parts they want to speak in; all when left out"`
	FirstTime    bool          `json:"first_time,omitempty" doc:"They have not spoken in this consultation before"`
	Remote       bool          `json:"remote,omitempty" doc:"They take part over the conference"`
	Accept       bool          `json:"accept,omitempty" doc:"Accept at once (chair's side only)"`
}

// Import applies many at once; each row is taken or refused by itself.
type Import struct {
	Rows []Apply `json:"rows" doc:"At most 2,000 rows"`
}

// ApplicantRef names an applicant; Reason is a code, for decline only.
type ApplicantRef struct {
	Applicant ids.Applicant `json:"applicant"`
	Code      string        `json:"code,omitempty" doc:"For decline: one of the published reason codes"`
}

// Object is an objection to somebody else's application; the words are the
// command's reason.
type Object struct {
	Applicant ids.Applicant `json:"applicant" doc:"Whose application"`
	By        ids.Applicant `json:"by,omitzero" doc:"Who objects: a delegate's own organisation when left out; for the chair's side, itself"`
}

// PersonValue is what is known of a human being. It never reaches the log: the
// registry takes it out of the arguments, stores it where it can be forgotten,
// and leaves a digest. Its members are those of the stored person.
type PersonValue struct {
	Name          string `json:"name" doc:"Name as the chair should say it, 1 to 200 characters"`
	FormOfAddress string `json:"form_of_address,omitempty" doc:"Such as Ms, Dr or H.E."`
	Pronunciation string `json:"pronunciation,omitempty" doc:"How to say the name"`
	DisplayName   string `json:"display_name,omitempty" doc:"Under which name they are in the videoconference, for booth and technician"`
	Email         string `json:"email,omitempty"`
	Phone         string `json:"phone,omitempty"`
	Postal        string `json:"postal,omitempty"`
	AccessNeeds   string `json:"access_needs,omitempty" doc:"What they need in order to take part"`
	AccessSeconds int64  `json:"access_seconds,omitempty" doc:"Granted extra seconds, 0 to 600"`
	AccessPercent int64  `json:"access_percent,omitempty" doc:"Granted length in percent of the allotment, 100 to 300; 0 grants none"`
}

// LengthenTurn adds a sealed allowance to the running turn.
type LengthenTurn struct {
	Turn       ids.Turn    `json:"turn"`
	AddedMS    int64       `json:"added_ms"`
	Commitment events.Hash `json:"commitment"`
}

// AddPerson makes a person known. Value goes to the store that can forget; the
// registry takes it out and sets Digest.
type AddPerson struct {
	Person    ids.Person    `json:"person,omitzero" doc:"For a change: which person"`
	Applicant ids.Applicant `json:"applicant,omitzero" doc:"The organisation they speak for"`
	Roles     []events.Role `json:"roles,omitempty"`
	// Value is present on the way to the registry only.
	Value  *PersonValue `json:"value,omitempty" doc:"What is known of the person; kept where it can be forgotten"`
	Digest events.Hash  `json:"digest,omitzero" doc:"Set by the service: commitment to the stored value"`
}

// PersonRef names a person.
type PersonRef struct {
	Person ids.Person `json:"person"`
}

// Invite asks for a signed link.
type Invite struct {
	Roles     []events.Role `json:"roles" doc:"What the link's bearer may act as"`
	Person    ids.Person    `json:"person,omitzero"`
	Applicant ids.Applicant `json:"applicant,omitzero" doc:"For speakers: the organisation"`
	Expires   int64         `json:"expires" doc:"Wall-clock ms since 1970, at most 400 days ahead"`
}

// InvitationRef names an invitation.
type InvitationRef struct {
	Invitation ids.Invitation `json:"invitation"`
}

// LinkSession adds a session to its consultation; the registry itself does it
// after a session was created. A consultation that is not there yet is made.
type LinkSession struct {
	Linked       ids.Session      `json:"linked"`
	Title        string           `json:"title"`
	CarryOver    bool             `json:"carry_over,omitempty"`
	Organisation ids.Organisation `json:"organisation,omitzero"`
}

// FileText files a written statement; Content goes to the store that can
// forget, the registry takes it out and sets Words and Digest.
type FileText struct {
	Text       ids.Text          `json:"text,omitzero" doc:"For a new version: which text"`
	Applicant  ids.Applicant     `json:"applicant,omitzero" doc:"Whose; a delegate's own when left out"`
	Part       ids.Part          `json:"part,omitzero"`
	Language   string            `json:"language" doc:"BCP 47"`
	Visibility events.Visibility `json:"visibility" enum:"owner,interpreters_and_captioners,public_at_delivery,public_now"`
	// Content is present on the way to the registry only.
	Content string      `json:"content,omitempty" doc:"The statement, at most 256 KiB; paragraphs divided by an empty line"`
	Words   int64       `json:"words,omitempty" doc:"Set by the service"`
	Digest  events.Hash `json:"digest,omitzero" doc:"Set by the service"`
}

// TextVisibility changes who may read a text.
type TextVisibility struct {
	Text       ids.Text          `json:"text"`
	Visibility events.Visibility `json:"visibility" enum:"owner,interpreters_and_captioners,public_at_delivery,public_now"`
}

// CommitLot begins the drawing of lots for a part's list.
type CommitLot struct {
	Part       ids.Part         `json:"part" doc:"Whose list"`
	Source     string           `json:"source" doc:"Where the randomness will come from, in words, 1 to 300 characters: something that is published after the list is fixed"`
	Labels     events.LabelRule `json:"labels,omitempty" enum:"organisation,entry" doc:"What is drawn for each entry; organisation when left out"`
	Commitment string           `json:"commitment,omitempty" doc:"SHA-256 of your own one-time code, 64 hexadecimal digits; the program's own when left out"`
}

// SetOrder gives the secretariat's own list for a part, for the rule "secretariat".
type SetOrder struct {
	Part    ids.Part    `json:"part" doc:"Whose list"`
	Entries []ids.Entry `json:"entries" doc:"Statements that wait, next first; those left out follow in the order of joining"`
}

// BringCredit tells a session what the organisations carry into it; the
// registry itself does it.
type BringCredit struct {
	Consultation ids.Consultation            `json:"consultation"`
	Version      uint64                      `json:"version"`
	Credits      []events.OrganisationCredit `json:"credits"`
}

// CarryCredit takes a session's reckoning over to its consultation; the registry
// itself does it.
type CarryCredit struct {
	From        ids.Session        `json:"from"`
	AdjournedAt clock.Instant      `json:"adjourned_at"`
	Rows        []events.CreditRow `json:"rows"`
}

// ReckonCredit reckons up what an adjourned session did to each organisation;
// the registry itself does it.
type ReckonCredit struct {
	AdjournedAt clock.Instant `json:"adjourned_at"`
}

// DrawLot reveals the one-time code and draws.
type DrawLot struct {
	Part       ids.Part `json:"part" doc:"Whose list"`
	Randomness string   `json:"randomness" doc:"The bytes that the named source has published, 1 to 4096, as text"`
	Code       string   `json:"code,omitempty" doc:"The one-time code, 64 hexadecimal digits; the program's own when left out"`
}

// PartRef names a part.
type PartRef struct {
	Part ids.Part `json:"part,omitzero"`
}

// CloseList closes a list, at once or at a time.
type CloseList struct {
	Part ids.Part      `json:"part"`
	At   clock.Instant `json:"at,omitempty" doc:"When to close; now when left out"`
}

// Join puts an applicant on a part's list.
type Join struct {
	Part        ids.Part         `json:"part" doc:"Which list"`
	Applicant   ids.Applicant    `json:"applicant,omitzero" doc:"Whom: needed when the chair's side acts; a delegate's own otherwise"`
	Kind        events.EntryKind `json:"kind,omitempty" enum:"statement,question,right_of_reply" doc:"statement when left out"`
	RequestedMS int64            `json:"requested_ms,omitempty" doc:"Wished ms, 30000 to 600000"`
	Turn        ids.Turn         `json:"turn,omitzero" doc:"For a question: whose turn it is about"`
	Delegate    ids.Person       `json:"delegate,omitzero" doc:"Who will speak"`
	Stance      events.Stance    `json:"stance,omitempty" enum:"for,against" doc:"For a statement: on which side it is; neither when left out"`
}

// EntryRef names an entry.
type EntryRef struct {
	Entry ids.Entry `json:"entry"`
}

// ProposeSwap asks another speaker to exchange places; the chair's side may
// exchange at once with the verb swap.
type ProposeSwap struct {
	Entry ids.Entry `json:"entry"`
	With  ids.Entry `json:"with"`
}

// SwapRef names a proposal.
type SwapRef struct {
	Swap ids.Swap `json:"swap"`
}

// HandOver gives an entry to a colleague of the same organisation.
type HandOver struct {
	Entry    ids.Entry  `json:"entry"`
	Delegate ids.Person `json:"delegate"`
}

// Move moves an entry before or after another of the same list.
type Move struct {
	Entry  ids.Entry `json:"entry"`
	Before ids.Entry `json:"before,omitzero"`
	After  ids.Entry `json:"after,omitzero"`
}

// Merge makes one joint statement, at the lead's place.
type Merge struct {
	Lead    ids.Entry   `json:"lead"`
	Members []ids.Entry `json:"members"`
}

// NotePresence says on what basis somebody is there.
type NotePresence struct {
	Entry ids.Entry    `json:"entry"`
	Basis events.Basis `json:"basis" enum:"room,conference,check_in,seen"`
}

// TurnRef names a turn.
type TurnRef struct {
	Turn ids.Turn `json:"turn"`
}

// PauseTurn stops a turn's clock.
type PauseTurn struct {
	Turn  ids.Turn          `json:"turn"`
	Cause events.PauseCause `json:"cause,omitempty" enum:"chair,lost_line" doc:"chair when left out; lost_line stands for the longest handover at most, once in a turn"`
}

// Begin says that a turn began.
type Begin struct {
	Turn  ids.Turn      `json:"turn"`
	At    clock.Instant `json:"at,omitempty" doc:"When, not before it was given; now when left out"`
	Basis events.Basis  `json:"basis,omitempty" enum:"chair,self,audio,caption,assumed" doc:"chair or self when left out"`
}

// RaisePoint raises a point of order.
type RaisePoint struct {
	Applicant ids.Applicant `json:"applicant,omitzero" doc:"Who: needed when the chair's side acts"`
}

// Rule answers a point of order.
type Rule struct {
	Entry  ids.Entry     `json:"entry"`
	Ruling events.Ruling `json:"ruling" enum:"upheld,dismissed,noted"`
}

// ActRef names an act.
type ActRef struct {
	Act ids.Command `json:"act"`
}

// Reassign says that someone else is speaking.
type Reassign struct {
	Turn  ids.Turn  `json:"turn"`
	Entry ids.Entry `json:"entry" doc:"Who really speaks"`
}

// CorrectTurn corrects a past turn.
type CorrectTurn struct {
	Turn    ids.Turn      `json:"turn"`
	Entry   ids.Entry     `json:"entry,omitzero"`
	BegunAt clock.Instant `json:"begun_at,omitempty"`
	EndedAt clock.Instant `json:"ended_at,omitempty"`
}

// EnterTurn records a turn held while the system was down.
type EnterTurn struct {
	Entry   ids.Entry     `json:"entry"`
	BegunAt clock.Instant `json:"begun_at"`
	EndedAt clock.Instant `json:"ended_at"`
}

// PromptArgs is a private word to the holder.
type PromptArgs struct {
	Turn ids.Turn          `json:"turn"`
	Kind events.PromptKind `json:"kind" enum:"please_conclude,you_are_muted,slow_down"`
}

// ExtendSession sets another hard end; exactly one of the two is given.
type ExtendSession struct {
	HardEnd clock.Instant `json:"hard_end,omitempty" doc:"The new hard end"`
	ByMS    int64         `json:"by_ms,omitempty" doc:"How much later (or earlier), in ms"`
}

// ExtendTurn adds to the running turn.
type ExtendTurn struct {
	Turn ids.Turn `json:"turn"`
	ByMS int64    `json:"by_ms" doc:"1000 to 600000"`
}

// SetMinimum sets another minimum for statements.
type SetMinimum struct {
	MinimumMS  int64 `json:"minimum_ms" doc:"5000 to 600000"`
	Guarantees bool  `json:"guarantees,omitempty" doc:"Lower promises above it too, with a reason"`
}

// SetAside chooses a rung of the ladder that does not hear everybody in this
// session.
type SetAside struct {
	Part   ids.Part        `json:"part" doc:"Whose list"`
	How    events.AsideHow `json:"how" enum:"second_session,apportion" doc:"What becomes of the rest"`
	Places int64           `json:"places" doc:"How many speak in this session: the rung's number"`
}

// Announce confirms a raise of what is announced, or lowers a guarantee with a reason.
type Announce struct {
	Part    ids.Part `json:"part"`
	LevelMS int64    `json:"level_ms,omitempty" doc:"The number for everyone remaining, the proposed one when left out; for break_guarantee: the new guarantee"`
}

// Calibrate sets the table by which expected starts are made; only the service
// itself uses it.
type Calibrate struct {
	Name        string              `json:"name"`
	CoveragePPM int64               `json:"coverage_ppm"`
	Sessions    int                 `json:"sessions"`
	Buckets     []events.EtaOffsets `json:"buckets"`
}

// MarkArgs is a timer's fact; only the service itself uses it.
type MarkArgs struct {
	Turn  ids.Turn      `json:"turn,omitzero"`
	Mark  events.Mark   `json:"mark"`
	Due   clock.Instant `json:"due"`
	Epoch int           `json:"epoch"`
}

// None is for verbs without arguments.
type None struct{}

// EndRetention forgets a class of what can be forgotten, for a whole session; the
// registry says so to itself.
type EndRetention struct {
	Kept events.Kept `json:"kept" doc:"people, statements or transcript"`
	// Days is the setting that is followed, in whole days after the adjournment.
	Days int64 `json:"days" doc:"Days after the adjournment"`
}
