package domain

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/fairness/lot"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/problem"
	"github.com/fairfloor/fairfloor/pkg/roster"
	"github.com/fairfloor/fairfloor/pkg/session"
)

const (
	// maxSource is the most characters of a source of randomness.
	maxSource = 300
	// maxRandomness is the most bytes of randomness.
	maxRandomness = 4096
)

// The drawing of lots has three steps, each a commit of its own: the commitment
// names code and randomness before anybody can know what they will give; the
// fixing publishes every input, with a time to object; the draw opens the code
// and gives the positions. Nothing of it can be done twice once the list is fixed.

// commitLot begins the drawing for a part's list. Until the list is fixed
// another commitment or source may replace it, which the log shows.
func commitLot(c call) (result, error) {
	a, err := decode(c, command.CommitLot{Labels: events.LabelOrganisation})
	if err != nil {
		return result{}, err
	}
	before, err := c.drawing(a.Part)
	if err != nil {
		return result{}, err
	}
	if rule := c.s.Registry.Modalities.Order; !session.DrawsLot(rule) {
		return result{}, problem.New(problem.WrongState, "the ordering rule %q draws no lot", rule).On("args.part").
			Try("fix the list (fix_list); it is then put in its order")
	}
	if before != nil && before.Fixed != nil {
		return result{}, problem.New(problem.WrongState, "the list was fixed on another commitment").On("args.part").
			Try("draw the lot with the source that was named")
	}
	source, ok := roster.CleanText(a.Source)
	switch n := utf8.RuneCountInString(source); {
	case !ok:
		return result{}, problem.Field("args.source", "the source holds characters that are not text").Try("type it anew")
	case n == 0:
		return result{}, problem.Field("args.source", "the source of the randomness is missing").
			Try("name something that is published after the list is fixed, such as a round of drand")
	case n > maxSource:
		return result{}, problem.Field("args.source", "the source has %d characters, more than %d", n, maxSource).Try("shorten it")
	}
	if a.Labels != events.LabelOrganisation && a.Labels != events.LabelEntry {
		return result{}, problem.Field("args.labels", "%q is none of %s", clip(string(a.Labels)), list(events.LabelRules())).Try("choose one of them")
	}
	commitment, err := code("args.commitment", a.Commitment)
	if err != nil {
		return result{}, err
	}
	f := &events.LotCommitted{Part: a.Part, Commitment: commitment, Source: source, Labels: a.Labels}
	if before != nil && before.LotCommitted == *f {
		return result{}, unchanged("the commitment")
	}
	return facts(f)
}

// fixList fixes a closed list: its statements that wait or are on standby, and
// what the rule looks at of each. Who joins later comes late, whatever happens.
func fixList(c call) (result, error) {
	a, err := decode(c, command.PartRef{})
	if err != nil {
		return result{}, err
	}
	begun, err := c.drawing(a.Part)
	if err != nil {
		return result{}, err
	}
	switch {
	case begun == nil && session.DrawsLot(c.s.Registry.Modalities.Order):
		return result{}, problem.New(problem.WrongState, "nothing is committed to for this list").On("args.part").
			Try("commit to a code and name the randomness first (commit_lot)")
	case begun != nil && begun.Fixed != nil:
		return result{}, unchanged("the fixed list")
	case c.s.Queue.List(a.Part).State != events.ListClosed:
		return result{}, problem.New(problem.WrongState, "the list is not closed").On("args.part").Try("close the list first")
	}
	rules := c.s.Registry.Modalities
	f := &events.ListFixed{Part: a.Part, Rule: rules.Order, Inputs: []events.OrderInput{}}
	if rules.Order == session.OrderByCategory {
		f.Categories = append(f.Categories, rules.OrderCategories...)
	}
	// Where no lot is drawn an entry's own name cannot be drawn twice.
	rule := events.LabelEntry
	if begun != nil {
		rule = begun.Labels
	}
	labels := map[string]bool{}
	for i, id := range c.s.Queue.EntryOrder {
		e := c.s.Queue.Entries[id]
		waits := e.State == session.Waiting || e.State == session.Standby
		if e.Part != a.Part || e.Kind != events.Statement || !waits {
			continue
		}
		in := c.input(e, rule, int64(i)+1)
		if rules.Order == session.OrderBySecretariat {
			in.Rank = int64(slices.Index(c.s.Registry.OwnLists[a.Part], id) + 1)
		}
		if labels[in.Label] {
			return result{}, problem.New(problem.WrongState, "%q stands twice on the list", in.Label).On("args.part").
				Try("merge or withdraw one of the two entries, or draw with the label rule entry")
		}
		labels[in.Label] = true
		f.Inputs = append(f.Inputs, in)
	}
	if len(f.Inputs) == 0 {
		return result{}, problem.New(problem.WrongState, "no statement waits on the list").On("args.part").Try("open the list and let speakers join")
	}
	if n, err := size([]events.Event{f}); err != nil || n > maxCommit {
		return result{}, problem.New(problem.TooLarge, "the inputs of %d entries do not fit into one commit", len(f.Inputs)).On("args.part").
			Try("divide the list among several parts")
	}
	return facts(f)
}

// input is what the rule looks at of an entry.
func (c call) input(e *session.Entry, labels events.LabelRule, joined int64) events.OrderInput {
	in := events.OrderInput{Entry: e.ID, Label: e.ID.String(), Joined: joined, Stance: e.Stance}
	if a := c.s.Registry.Applicants[e.Applicant]; a != nil {
		in.CreditMS = carried(c.s.Registry.Credit, a.Organisation)
		in.Group, in.Region, in.Category, in.FirstTime, in.Remote = a.Group, a.Region, a.Category, a.FirstTime, a.Remote
		if labels == events.LabelOrganisation {
			in.Label = a.Organisation
		}
	}
	return in
}

// setOrder takes the secretariat's own list, where the rule is that. Who is left
// out follows in the order of joining; until the list is fixed another list may
// replace it, which the log shows.
func setOrder(c call) (result, error) {
	a, err := decode(c, command.SetOrder{})
	if err != nil {
		return result{}, err
	}
	begun, err := c.drawing(a.Part)
	switch {
	case err != nil:
		return result{}, err
	case c.s.Registry.Modalities.Order != session.OrderBySecretariat:
		return result{}, problem.New(problem.WrongState, "the session's ordering rule is %q, not the secretariat's own list", c.s.Registry.Modalities.Order).
			On("args.part").Try("choose the rule secretariat first (change_session, modalities.order)")
	case begun != nil && begun.Fixed != nil:
		return result{}, problem.New(problem.WrongState, "the list was fixed at %s", begun.FixedAt).On("args.part").
			Try("move entries one by one, with a reason (move)")
	case len(a.Entries) == 0:
		return result{}, problem.Field("args.entries", "the list is empty").Try("name at least one entry that waits")
	}
	for i, id := range a.Entries {
		e := c.s.Queue.Entries[id]
		switch {
		case e == nil:
			return result{}, problem.New(problem.NotFound, "there is no entry %s in this session", id).On("args.entries").Try("read the list again and name its entries")
		case e.Part != a.Part || e.Kind != events.Statement || e.State != session.Waiting && e.State != session.Standby:
			return result{}, problem.New(problem.WrongState, "entry %s is no statement that waits on this list", id).On("args.entries").Try("leave it out")
		case slices.Contains(a.Entries[:i], id):
			return result{}, problem.Field("args.entries", "entry %s stands there twice", id).Try("name each entry once")
		}
	}
	if slices.Equal(c.s.Registry.OwnLists[a.Part], a.Entries) {
		return result{}, unchanged("the secretariat's list")
	}
	return facts(&events.ListSet{Part: a.Part, Entries: a.Entries})
}

// drawLot opens the commitment and draws.
func drawLot(c call) (result, error) {
	a, err := decode(c, command.DrawLot{})
	if err != nil {
		return result{}, err
	}
	begun, err := c.drawing(a.Part)
	if err != nil {
		return result{}, err
	}
	switch {
	case begun != nil && begun.Fixed != nil && !session.DrawsLot(begun.Fixed.Rule):
		return result{}, problem.New(problem.WrongState, "the ordering rule %q draws no lot", begun.Fixed.Rule).On("args.part").Try("nothing needs to be done")
	case begun == nil || begun.Fixed == nil:
		return result{}, problem.New(problem.WrongState, "the list is not fixed").On("args.part").Try("fix the list first (fix_list)")
	case begun.Drawn():
		return result{}, problem.New(problem.Already, "the lot was drawn at %s", begun.DrawnAt).On("args.part").Try("nothing needs to be done")
	case len(a.Randomness) > maxRandomness || !utf8.ValidString(a.Randomness):
		return result{}, problem.Field("args.randomness", "the randomness is not a text of at most %d bytes", maxRandomness).
			Try("send what the source published, in hexadecimal if it is not text")
	}
	revealed, err := code("args.code", a.Code)
	if err != nil {
		return result{}, err
	}
	if !lot.Reveals(lot.Code(begun.Commitment), lot.Code(revealed)) {
		return result{}, problem.Field("args.code", "the code is not the one that was committed to: its SHA-256 is another than %s", begun.Commitment).
			Try("give the code whose SHA-256 is the commitment")
	}
	draw, err := lot.NewDraw(lot.Code(revealed), []byte(a.Randomness))
	if err != nil {
		return result{}, under(err)
	}
	entries, labels := map[string]ids.Entry{}, make([]string, 0, len(begun.Fixed.Inputs))
	for i := range begun.Fixed.Inputs {
		in := &begun.Fixed.Inputs[i]
		entries[in.Label] = in.Entry
		labels = append(labels, in.Label)
	}
	drawn, err := draw.Order(labels)
	if err != nil {
		return result{}, under(err)
	}
	f := &events.LotDrawn{Part: a.Part, Positions: make([]events.LotPosition, 0, len(drawn))}
	for _, d := range drawn {
		f.Positions = append(f.Positions, events.LotPosition{Entry: entries[d.Label], Position: events.Hash(d.Position)})
	}
	return facts(&events.LotRevealed{Part: a.Part, Code: revealed, Randomness: a.Randomness}, f)
}

// drawing gives what was done so far about the lot of a part, nil for nothing.
// It refuses parts without a list, and sessions whose rule draws no lot.
func (c call) drawing(part ids.Part) (*session.Lot, error) {
	if err := c.open(); err != nil {
		return nil, err
	}
	p, _, ok := c.s.Registry.Part(part)
	switch {
	case part.IsZero():
		return nil, problem.Field("args.part", "the part is missing").Try("name the part whose list is drawn")
	case !ok:
		return nil, problem.New(problem.NotFound, "there is no part %s", part).On("args.part").Try("name a part of this session")
	case !p.HasList:
		return nil, problem.Field("args.part", "%q has no list of speakers", p.Title).Try("name a part that has a list")
	}
	// The rule of a fixed list is in the log with it.
	begun := c.s.Registry.Lots[part]
	if (begun == nil || begun.Fixed == nil) && c.s.Registry.Modalities.Order == session.OrderByList {
		return nil, problem.New(problem.WrongState, "the session's ordering rule is the order of joining, which fixes no list").On("args.part").
			Try("choose another rule first (change_session, modalities.order)")
	}
	return begun, nil
}

// code reads a one-time code or a commitment.
func code(field, text string) (events.Hash, error) {
	read, err := lot.ParseCode(text)
	if err != nil {
		return events.Hash{}, problem.Field(field, "%q is not 64 hexadecimal digits", clip(strings.TrimSpace(text))).
			Try("send a SHA-256 in hexadecimal, or leave it out for the program's own")
	}
	return events.Hash(read), nil
}

// under puts the field of a refusal of package lot under the arguments.
func under(err error) error {
	p := *problem.From(err)
	if p.Field != "" {
		p.Field = "args." + p.Field
	}
	if p.Do == "" {
		p.Do = "check the arguments"
	}
	return &p
}

// undrawn refuses another ordering rule once a list was fixed by the former.
func undrawn(s *session.State) error {
	for _, l := range s.Registry.Lots {
		if l.Fixed != nil {
			return problem.New(problem.WrongState, "a list was fixed by the rule %q", l.Fixed.Rule).On("args.modalities.order").
				Try("keep the rule; the chair can still move entries, with a reason")
		}
	}
	return nil
}
