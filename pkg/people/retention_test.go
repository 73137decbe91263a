package people_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/people"
	"github.com/fairfloor/fairfloor/pkg/problem"
)

// Rule 15: everything of a kind that a session has is erased, with every earlier
// value and with what no commit came to name; nothing of another kind or session.
func TestEraseAllOfASession(t *testing.T) {
	b := newBench(t)
	s := b.open(people.Config{})
	session, other := ids.New[ids.Session](), ids.New[ids.Session]()
	const persons = 30
	all, digests := make([]ids.Person, persons), make([]events.Hash, persons)
	for i := range all {
		all[i] = ids.New[ids.Person]()
		w := who{session, all[i]}
		if i%3 == 0 { // an earlier value that nobody settled
			putPerson(t, s, w, people.Person{Name: fmt.Sprintf("Zerubbabel Old %02d", i)})
		}
		digests[i] = putPerson(t, s, w, people.Person{Name: fmt.Sprintf("Zerubbabel New %02d", i)})
	}
	bystander := putPerson(t, s, who{other, all[0]}, people.Person{Name: "Bystander Elsewhere"})
	text := ids.New[ids.Text]()
	filed, err := s.PutText(t.Context(), session, text, ids.New[ids.Command](), people.StatementText{Text: "Statement that stays"})
	if err != nil {
		t.Fatal(err)
	}
	b.wantFiles("before", "Zerubbabel", true)
	// What a kill in the middle leaves: the keys are erased one by one, some are
	// gone, and the others wait, with every value, for the next call.
	half := persons / 2
	for _, id := range all[:half] {
		if _, err := s.Erase(t.Context(), people.PersonKey(session, id)); err != nil {
			t.Fatal(err)
		}
	}
	for i := range all {
		b.wantFiles("after the interruption", fmt.Sprintf("Zerubbabel New %02d", i), i >= half)
		if i%3 == 0 {
			b.wantFiles("after the interruption", fmt.Sprintf("Zerubbabel Old %02d", i), i >= half)
		}
	}
	if n, err := b.open(people.Config{}).EraseAll(t.Context(), session, people.Persons); n != persons-half || err != nil {
		t.Errorf("the next call erased %d of the %d that were left: %v", n, persons-half, err)
	}
	b.wantFiles("afterwards", "Zerubbabel", false)
	for i, id := range all {
		if _, err := s.GetPerson(t.Context(), session, id, digests[i]); !errors.Is(err, people.ErrErased) {
			t.Errorf("person %d: %v", i, err)
		}
		if _, err := s.PutPerson(t.Context(), session, id, ids.New[ids.Command](), people.Person{Name: "Back"}); !problem.Is(err, problem.WrongState) {
			t.Errorf("person %d can be written again: %v", i, err)
		}
	}
	if n, err := s.EraseAll(t.Context(), session, people.Persons); n != 0 || err != nil {
		t.Errorf("once more it erases %d: %v", n, err)
	}
	if got, err := s.GetPerson(t.Context(), other, all[0], bystander); err != nil || got.Name != "Bystander Elsewhere" {
		t.Errorf("of another session: %+v, %v", got, err)
	}
	if got, err := s.GetText(t.Context(), session, text, filed); err != nil || got.Text != "Statement that stays" {
		t.Errorf("of another kind: %+v, %v", got, err)
	}
	if n, err := s.EraseAll(t.Context(), ids.New[ids.Session](), people.Texts); n != 0 || err != nil {
		t.Errorf("of a session without any: %d, %v", n, err)
	}
	if _, err := s.EraseAll(t.Context(), session, "audio"); err == nil {
		t.Error("a kind that the store does not hold is erased")
	}
}
