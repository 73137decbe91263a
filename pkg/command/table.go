package command

import (
	"slices"

	"github.com/fairfloor/fairfloor/pkg/events"
)

// Expected names the members of Expect that a verb must come with.
type Expected string

// The expectations (decisions.md 4).
const (
	NoExpectation Expected = ""
	ExpectNext    Expected = "turn, entry"
	ExpectTurn    Expected = "turn"
	ExpectAct     Expected = "act"
	ExpectEntries Expected = "entries"
	ExpectPlan    Expected = "plan"
)

// Verb is one row of the table.
type Verb struct {
	Name    string
	Context events.Context
	// Roles may use it. Own verbs are a delegate's (role speaker) for their own
	// entry or organisation; the chair's side does them on a delegate's behalf.
	Roles []events.Role
	Own   bool
	// Expect is what the chair's side must send along; a delegate need not.
	Expect Expected
	// Reason is true when a free-text reason must be given.
	Reason bool
	// Args makes an empty value of the arguments.
	Args func() any
	// Summary is a sentence for documents.
	Summary string
}

// Allows reports whether one of the roles may use the verb.
func (v Verb) Allows(roles []events.Role) bool {
	return slices.ContainsFunc(roles, func(r events.Role) bool { return slices.Contains(v.Roles, r) })
}

// Internal reports whether only the services themselves use the verb.
func (v Verb) Internal() bool { return len(v.Roles) == 1 && v.Roles[0] == events.System }

// The groups of roles in the table.
var (
	chairs    = []events.Role{events.Chair, events.ViceChair}
	staff     = []events.Role{events.Chair, events.ViceChair, events.Secretariat, events.Organiser}
	floorKeys = []events.Role{events.Chair, events.ViceChair, events.Secretariat}
	office    = []events.Role{events.Secretariat, events.Organiser}
	delegates = append([]events.Role{events.Speaker}, staff...)
	evidence  = []events.Role{events.Chair, events.ViceChair, events.Secretariat, events.Technician, events.Captioner, events.Speaker, events.System}
	system    = []events.Role{events.System}
)

func args[T any]() func() any { return func() any { return new(T) } }

// table is the closed set of verbs, by context.
var table = []Verb{
	// The registry.
	{Name: "create_consultation", Context: events.Registry, Roles: office, Args: args[CreateConsultation](), Summary: "Make a consultation"},
	{Name: "create_session", Context: events.Registry, Roles: office, Args: args[CreateSession](), Summary: "Make a session with its parts and modalities"},
	{Name: "change_session", Context: events.Registry, Roles: staff, Args: args[ChangeSession](), Summary: "Change title, times or modalities"},
	{Name: "set_clock", Context: events.Registry, Roles: office, Args: args[SetClock](), Summary: "Start a new stretch of a rehearsal's clock"},
	{Name: "add_part", Context: events.Registry, Roles: staff, Args: args[PartArgs](), Summary: "Add a part to the agenda"},
	{Name: "change_part", Context: events.Registry, Roles: staff, Args: args[PartArgs](), Summary: "Change a part"},
	{Name: "apply", Context: events.Registry, Roles: append([]events.Role{events.Observer}, delegates...), Args: args[Apply](), Summary: "Apply to take the floor"},
	{Name: "change_application", Context: events.Registry, Roles: delegates, Own: true, Args: args[Apply](), Summary: "Correct an application"},
	{Name: "accept", Context: events.Registry, Roles: staff, Args: args[ApplicantRef](), Summary: "Accept an applicant"},
	{Name: "decline", Context: events.Registry, Roles: staff, Args: args[ApplicantRef](), Summary: "Decline an applicant with a reason code"},
	{Name: "object", Context: events.Registry, Roles: delegates, Reason: true, Args: args[Object](), Summary: "Object to an application, with a reason"},
	{Name: "appeal", Context: events.Registry, Roles: delegates, Own: true, Reason: true, Args: args[ApplicantRef](), Summary: "Appeal against a refused application, once, with a reason"},
	{Name: "withdraw_application", Context: events.Registry, Roles: delegates, Own: true, Args: args[ApplicantRef](), Summary: "Take an application back"},
	{Name: "import", Context: events.Registry, Roles: staff, Args: args[Import](), Summary: "Import applicants, row by row"},
	{Name: "add_person", Context: events.Registry, Roles: delegates, Own: true, Args: args[AddPerson](), Summary: "Make a delegate or another person known"},
	{Name: "change_person", Context: events.Registry, Roles: delegates, Own: true, Args: args[AddPerson](), Summary: "Correct a person's record"},
	{Name: "erase_person", Context: events.Registry, Roles: delegates, Own: true, Args: args[PersonRef](), Summary: "Forget a person: name, contacts, needs"},
	{Name: "invite", Context: events.Registry, Roles: staff, Args: args[Invite](), Summary: "Make a signed link"},
	{Name: "revoke_invitation", Context: events.Registry, Roles: staff, Args: args[InvitationRef](), Summary: "End a signed link"},
	{Name: "make_code", Context: events.Registry, Roles: staff, Args: args[InvitationRef](), Summary: "Note that a one-time code is made for a link; the code itself comes from POST .../invitations/{invitation}/code"},
	{Name: "file_text", Context: events.Registry, Roles: delegates, Own: true, Args: args[FileText](), Summary: "File a written statement"},
	{Name: "change_text_visibility", Context: events.Registry, Roles: delegates, Own: true, Args: args[TextVisibility](), Summary: "Change who may read a statement text"},
	{Name: "commit_lot", Context: events.Registry, Roles: staff, Args: args[CommitLot](), Summary: "Begin the drawing of lots: commit to a one-time code and name the randomness"},
	{Name: "fix_list", Context: events.Registry, Roles: staff, Args: args[PartRef](), Summary: "Fix whose order is drawn, and the inputs of the ordering rule"},
	{Name: "set_order", Context: events.Registry, Roles: staff, Args: args[SetOrder](), Summary: "Give the secretariat's own list, where the ordering rule is that"},
	{Name: "draw_lot", Context: events.Registry, Roles: staff, Args: args[DrawLot](), Summary: "Reveal the code and draw with the randomness"},
	{Name: "seal", Context: events.Registry, Roles: append(system, office...), Args: args[None](), Summary: "Seal an adjourned session"},

	// The list.
	{Name: "open_list", Context: events.Queue, Roles: staff, Args: args[PartRef](), Summary: "Open (or re-open) a part's list of speakers"},
	{Name: "close_list", Context: events.Queue, Roles: append(system, staff...), Args: args[CloseList](), Summary: "Close a list, now or at a time"},
	{Name: "join", Context: events.Queue, Roles: delegates, Own: true, Args: args[Join](), Summary: "Join the list of speakers"},
	{Name: "withdraw", Context: events.Queue, Roles: delegates, Own: true, Args: args[EntryRef](), Summary: "Leave the list"},
	{Name: "defer", Context: events.Queue, Roles: delegates, Own: true, Args: args[EntryRef](), Summary: "Not ready: two places back"},
	{Name: "check_in", Context: events.Queue, Roles: delegates, Own: true, Args: args[EntryRef](), Summary: "Say that the speaker is ready"},
	{Name: "propose_swap", Context: events.Queue, Roles: delegates, Own: true, Args: args[ProposeSwap](), Summary: "Ask another speaker to exchange places"},
	{Name: "accept_swap", Context: events.Queue, Roles: delegates, Own: true, Args: args[SwapRef](), Summary: "Accept a proposed exchange"},
	{Name: "decline_swap", Context: events.Queue, Roles: delegates, Own: true, Args: args[SwapRef](), Summary: "Decline a proposed exchange"},
	{Name: "swap", Context: events.Queue, Roles: staff, Expect: ExpectEntries, Args: args[ProposeSwap](), Summary: "Exchange two entries on their speakers' behalf"},
	{Name: "hand_over", Context: events.Queue, Roles: delegates, Own: true, Args: args[HandOver](), Summary: "Let a colleague of the same organisation speak"},
	{Name: "move", Context: events.Queue, Roles: staff, Expect: ExpectEntries, Reason: true, Args: args[Move](), Summary: "Move an entry before or after another, with a reason"},
	{Name: "merge", Context: events.Queue, Roles: staff, Expect: ExpectEntries, Args: args[Merge](), Summary: "Make one joint statement of several entries"},
	{Name: "split", Context: events.Queue, Roles: staff, Expect: ExpectEntries, Args: args[EntryRef](), Summary: "Undo a joint statement"},
	{Name: "note_presence", Context: events.Queue, Roles: append(system, staff...), Args: args[NotePresence](), Summary: "Say that somebody is in the room or the conference"},
	{Name: "report_absent", Context: events.Queue, Roles: delegates, Own: true, Args: args[EntryRef](), Summary: "Say that somebody is away"},
	{Name: "excuse", Context: events.Queue, Roles: staff, Args: args[EntryRef](), Summary: "Excuse an absence: credit is kept"},
	{Name: "to_standby", Context: events.Queue, Roles: staff, Args: args[EntryRef](), Summary: "Put an absent speaker's entry on standby"},
	{Name: "return", Context: events.Queue, Roles: delegates, Own: true, Args: args[EntryRef](), Summary: "Come back from standby"},
	{Name: "set_aside", Context: events.Queue, Roles: chairs, Expect: ExpectPlan, Args: args[SetAside](), Summary: "Leave those who do not fit to a second session or to written statements"},
	{Name: "call_back", Context: events.Queue, Roles: chairs, Expect: ExpectPlan, Args: args[PartRef](), Summary: "Put those who were set aside back on the list"},

	// The floor.
	{Name: "next", Context: events.Queue, Roles: floorKeys, Expect: ExpectNext, Args: args[None](), Summary: "Give the floor to the next on the list"},
	{Name: "give", Context: events.Queue, Roles: floorKeys, Expect: ExpectNext, Args: args[EntryRef](), Summary: "Give the floor to a named entry"},
	{Name: "begin", Context: events.Queue, Roles: evidence, Expect: ExpectTurn, Args: args[Begin](), Summary: "Say that the called speaker has begun"},
	{Name: "yield", Context: events.Queue, Roles: delegates, Own: true, Expect: ExpectTurn, Args: args[TurnRef](), Summary: "The holder is done"},
	{Name: "end", Context: events.Queue, Roles: append(system, floorKeys...), Expect: ExpectTurn, Args: args[TurnRef](), Summary: "End the turn"},
	{Name: "withdraw_floor", Context: events.Queue, Roles: floorKeys, Expect: ExpectTurn, Reason: true, Args: args[TurnRef](), Summary: "Take the floor away, with a reason"},
	{Name: "step_back", Context: events.Queue, Roles: append(system, floorKeys...), Expect: ExpectTurn, Args: args[TurnRef](), Summary: "The called speaker is silent: two places back"},
	{Name: "no_show", Context: events.Queue, Roles: floorKeys, Expect: ExpectTurn, Args: args[TurnRef](), Summary: "The called speaker is not there: standby"},
	{Name: "raise_point", Context: events.Queue, Roles: delegates, Own: true, Args: args[RaisePoint](), Summary: "Raise a point of order"},
	{Name: "admit_point", Context: events.Queue, Roles: floorKeys, Args: args[EntryRef](), Summary: "Hear a point of order: the turn pauses"},
	{Name: "refuse_point", Context: events.Queue, Roles: floorKeys, Args: args[EntryRef](), Summary: "Do not hear a point of order"},
	{Name: "rule", Context: events.Queue, Roles: floorKeys, Args: args[Rule](), Summary: "Rule on a point of order: the turn goes on"},
	{Name: "undo", Context: events.Queue, Roles: floorKeys, Expect: ExpectAct, Args: args[ActRef](), Summary: "Undo the last floor act"},
	{Name: "reassign", Context: events.Queue, Roles: floorKeys, Expect: ExpectTurn, Args: args[Reassign](), Summary: "Someone else is speaking"},
	{Name: "correct_turn", Context: events.Queue, Roles: floorKeys, Reason: true, Args: args[CorrectTurn](), Summary: "Correct a past turn, with a reason"},
	{Name: "enter_turn", Context: events.Queue, Roles: floorKeys, Reason: true, Args: args[EnterTurn](), Summary: "Record a turn held while the system was down"},
	{Name: "prompt", Context: events.Queue, Roles: floorKeys, Expect: ExpectTurn, Args: args[PromptArgs](), Summary: "A private word to the holder"},

	// The clock.
	{Name: "start_session", Context: events.Timing, Roles: floorKeys, Args: args[None](), Summary: "Start the session"},
	{Name: "suspend", Context: events.Timing, Roles: floorKeys, Args: args[None](), Summary: "Suspend the session"},
	{Name: "resume_session", Context: events.Timing, Roles: floorKeys, Args: args[None](), Summary: "Resume the session"},
	{Name: "extend_session", Context: events.Timing, Roles: chairs, Args: args[ExtendSession](), Summary: "Set another hard end"},
	{Name: "adjourn", Context: events.Timing, Roles: floorKeys, Expect: ExpectPlan, Args: args[None](), Summary: "Adjourn; who still waits is not reached"},
	{Name: "undo_adjournment", Context: events.Timing, Roles: floorKeys, Args: args[None](), Summary: "Reopen within 10 minutes"},
	{Name: "start_part", Context: events.Timing, Roles: floorKeys, Args: args[PartRef](), Summary: "Go on to a part"},
	{Name: "extend_turn", Context: events.Timing, Roles: floorKeys, Expect: ExpectTurn, Args: args[ExtendTurn](), Summary: "Add time to the running turn"},
	{Name: "pause_turn", Context: events.Timing, Roles: floorKeys, Expect: ExpectTurn, Args: args[PauseTurn](), Summary: "Pause the turn's clock"},
	{Name: "resume_turn", Context: events.Timing, Roles: append(system, floorKeys...), Expect: ExpectTurn, Args: args[TurnRef](), Summary: "Let the turn's clock go on"},
	{Name: "set_minimum", Context: events.Timing, Roles: chairs, Expect: ExpectPlan, Args: args[SetMinimum](), Summary: "Set another minimum for statements"},
	{Name: "use_reserves", Context: events.Timing, Roles: chairs, Expect: ExpectPlan, Args: args[None](), Summary: "Give the reserves to those who wait"},
	{Name: "keep_reserves", Context: events.Timing, Roles: chairs, Expect: ExpectPlan, Args: args[None](), Summary: "Keep the reserves after all"},
	{Name: "announce", Context: events.Timing, Roles: append(system, floorKeys...), Args: args[Announce](), Summary: "Announce the allotment (a raise is confirmed by the chair)"},
	{Name: "break_guarantee", Context: events.Timing, Roles: chairs, Expect: ExpectPlan, Reason: true, Args: args[Announce](), Summary: "Lower a guarantee, with a reason"},

	// What services do by themselves.
	{Name: "link_session", Context: events.Registry, Roles: system, Args: args[LinkSession](), Summary: "Add a new session to its consultation"},
	{Name: "reckon_credit", Context: events.Registry, Roles: system, Args: args[ReckonCredit](), Summary: "Reckon up what an adjourned session did to each organisation"},
	{Name: "carry_credit", Context: events.Registry, Roles: system, Args: args[CarryCredit](), Summary: "Take a session's reckoning over to its consultation"},
	{Name: "end_retention", Context: events.Registry, Roles: system, Args: args[EndRetention](), Summary: "Forget names, statements or words of a sealed session for good, when the time that they are kept is over"},
	{Name: "bring_credit", Context: events.Registry, Roles: system, Args: args[BringCredit](), Summary: "Bring what the organisations carry to a session ahead"},
	{Name: "open_turn", Context: events.Timing, Roles: system, Args: args[TurnRef](), Summary: "Give a called turn its allotment"},
	{Name: "follow_point", Context: events.Timing, Roles: system, Args: args[TurnRef](), Summary: "Pause or resume a turn for a point of order"},
	{Name: "mark", Context: events.Timing, Roles: system, Args: args[MarkArgs](), Summary: "Note a warning, a limit or an end that a timer reached"},
	{Name: "lengthen_turn", Context: events.Timing, Roles: system, Args: args[LengthenTurn](), Summary: "Add a sealed allowance to a turn, charged to the reserve"},
	{Name: "calibrate", Context: events.Timing, Roles: system, Args: args[Calibrate](), Summary: "Set what was learned of the deployment's own sessions about expected starts"},
	{Name: "give_etas", Context: events.Timing, Roles: system, Args: args[PartRef](), Summary: "Log the starts that were shown"},
	{Name: "order_list", Context: events.Queue, Roles: system, Args: args[PartRef](), Summary: "Put a drawn list in the order of its rule"},
	{Name: "assume_begun", Context: events.Queue, Roles: system, Args: args[TurnRef](), Summary: "Assume that a turn began (no evidence available)"},
	{Name: "end_at_limit", Context: events.Queue, Roles: system, Args: args[TurnRef](), Summary: "End a turn at its limit (hard mode)"},
	{Name: "end_with_session", Context: events.Queue, Roles: system, Args: args[TurnRef](), Summary: "End the running turn when the session is adjourned"},
}

var byName = func() map[string]Verb {
	all := map[string]Verb{}
	for _, v := range Verbs() {
		all[v.Name] = v
	}
	return all
}()

// Verbs lists the table.
func Verbs() []Verb { return slices.Concat(table, boothTable, transcriptTable) }

// Lookup gives a verb by its name.
func Lookup(name string) (Verb, bool) {
	v, ok := byName[name]
	return v, ok
}
