package registry

import (
	"testing"

	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/fairness/lot"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/problem"
	"github.com/fairfloor/fairfloor/pkg/session"
)

// TestTheProgramsOwnCommitment: without a code of the organiser's the program
// commits to its own, the same in every replica and for a repeated command,
// another for every part, and nothing of the code is in the log.
func TestTheProgramsOwnCommitment(t *testing.T) {
	w := newWorld(t)
	one, _ := w.registry("one")
	two, _ := w.registry("two")
	id := ids.New[ids.Session]()
	args := good()
	modalities := session.DefaultModalities()
	modalities.Order = session.OrderSainteLague
	args.Modalities = &modalities
	args.Parts = []command.PartArgs{
		{Kind: events.Item, Title: "First", Minutes: 40, HasList: true}, {Kind: events.Item, Title: "Second", Minutes: 40, HasList: true},
	}
	w.must(id, "create_session", args)
	var parts []ids.Part
	look(t, one, id, func(s *session.State) { parts = []ids.Part{s.Registry.Parts[0].ID, s.Registry.Parts[1].ID} })
	r := request(id, "commit_lot", command.CommitLot{Part: parts[0], Source: "drand round 5000000"})
	first, err := w.ask(r)
	if err != nil {
		t.Fatal(err)
	}
	again, err := w.ask(r)
	if err != nil || again.Outcome != command.Duplicate || again.Seq != first.Seq {
		t.Errorf("the repeated command gives %+v (%v)", again, err)
	}
	w.must(id, "commit_lot", command.CommitLot{Part: parts[1], Source: "drand round 5000000"})
	settled(t, one, two)
	seen := map[string]bool{}
	for _, part := range parts {
		code, commitment, err := one.lotOf(id, part)
		others, _, _ := two.lotOf(id, part)
		if err != nil || code != others || !lot.Reveals(commitment, code) {
			t.Errorf("two replicas have the codes %s and %s for %s (%v)", code, others, commitment, err)
		}
		look(t, two, id, func(s *session.State) {
			if got := s.Registry.Lots[part].Commitment; lot.Code(got) != commitment {
				t.Errorf("committed to %s, not %s", got, commitment)
			}
		})
		if found := w.files(code.String()); len(found) > 0 || seen[code.String()] {
			t.Errorf("the code of %s is found in %v, or is another part's", part, found)
		}
		seen[code.String()] = true
	}
	// A draw without a code gets the one that opens the commitment; one with a
	// code of the organiser's own stays as it is.
	for given, want := range map[string]bool{"": true, "00": false} {
		own := request(id, "draw_lot", command.DrawLot{Part: parts[0], Randomness: "123", Code: given})
		var filled command.DrawLot
		if err := one.prepare(t.Context(), own); err != nil {
			t.Fatal(err)
		}
		if err := own.Read(&filled); err != nil || seen[filled.Code] != want || filled.Randomness != "123" || filled.Part != parts[0] {
			t.Errorf("the code %q becomes %+v (%v)", given, filled, err)
		}
	}
	// A draw that is refused reveals nothing.
	refusal := request(id, "draw_lot", command.DrawLot{Part: parts[0], Randomness: "123"})
	w.refused(refusal, problem.WrongState, "args.part")
	w.refused(request(id, "draw_lot", map[string]any{"part": parts[0], "colour": "red"}), problem.Malformed, "args.colour")
	code, _, _ := one.lotOf(id, parts[0])
	if found := w.files(code.String()); len(found) > 0 || w.lines.contain(code.String()) {
		t.Errorf("a refused draw leaves the code in %v or in a log line", found)
	}
}
