package acceptance

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/fairfloor/fairfloor/pkg/api"
	"github.com/fairfloor/fairfloor/pkg/client"
	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/problem"
	"github.com/fairfloor/fairfloor/pkg/token"
)

// "53, and 500, joins sent at the same instant by different clients over real
// websockets: every one stored exactly once and answered with a receipt that
// names its place; all connected clients show the same order; three runs."
func TestJoinsSentAtTheSameInstant(t *testing.T) {
	for range 3 {
		t.Run("53", func(t *testing.T) { joinsAtOnce(t, 53) })
	}
	// 500 clients that parse every frame cost half a minute of this machine, and
	// ten times that under the race detector, where this same test runs without it
	// in a process of its own. The long run (./scripts/test all) has three of them.
	if raced {
		t.Run("500", func(t *testing.T) {
			path := filepath.Join(folder, "acceptance.test")
			err := run("go", "test", "-c", "-o", path, "github.com/fairfloor/fairfloor/services/fairfloor/internal/acceptance")
			if err == nil {
				err = run(path, "-test.run=^TestJoinsSentAtTheSameInstant$/^500", "-test.v")
			}
			if err != nil {
				t.Fatal(err)
			}
		})
		return
	}
	runs := 1
	if os.Getenv("FAIRFLOOR_LONG") != "" {
		runs = 3
	}
	for range runs {
		t.Run("500", func(t *testing.T) { joinsAtOnce(t, 500) })
	}
}

func joinsAtOnce(t *testing.T, n int) {
	s := start(t, setup{applicants: n, listOpen: true})
	clients := make([]*client.Live, n)
	for i := range clients {
		clients[i] = s.connect(s.speaker(i))
	}
	receipts := make([]command.Receipt, n)
	errs := make([]error, n)
	together(n, func(i int) {
		receipts[i], errs[i] = clients[i].Do(s.ctx, "join", nil, command.Join{Part: s.part})
	})
	places := map[int]ids.Entry{}
	last := uint64(0)
	for i, r := range receipts {
		if errs[i] != nil {
			t.Fatalf("client %d: %v", i, errs[i])
		}
		// A client whose answer was "not now" asked again with the same id.
		if r.Outcome != command.Accepted && r.Outcome != command.Duplicate || r.Place < 1 || r.Place > n {
			t.Fatalf("client %d: %s at place %d", i, r.Outcome, r.Place)
		}
		entry := made[ids.Entry](t, r, "entry")
		if other, taken := places[r.Place]; taken {
			t.Fatalf("place %d was given to %s and to %s", r.Place, other, entry)
		}
		places[r.Place] = entry
		last = max(last, r.Seq)
	}
	// Everybody shows one view to the byte, in the order that the receipts name.
	s.quiet()
	var heads struct {
		Sequence uint64 `json:"sequence"`
	}
	s.must(json.Unmarshal([]byte(s.heads()), &heads))
	last = max(last, heads.Sequence)
	var shown []byte
	for i, l := range clients {
		s.must(l.WaitSeq(s.ctx, last))
		raw, err := l.JSON()
		s.must(err)
		if shown == nil {
			shown = raw
		}
		if !bytes.Equal(shown, raw) {
			t.Fatalf("client %d shows another view than client 0", i)
		}
	}
	var view api.View
	s.must(json.Unmarshal(shown, &view))
	if len(view.Lists[s.part]) != n {
		t.Fatalf("%d entries are shown", len(view.Lists[s.part]))
	}
	for at, entry := range view.Lists[s.part] {
		if places[at+1] != entry {
			t.Fatalf("%s is shown at place %d, the receipt says %s", entry, at+1, places[at+1])
		}
	}
	// Stored exactly once, by the log.
	commands, applicants := map[ids.Command]int{}, map[ids.Applicant]int{}
	for _, c := range s.commits(s.export()) {
		for _, e := range c.Events {
			if joined, ok := e.(*events.EntryJoined); ok {
				commands[c.Command]++
				applicants[joined.Applicant]++
			}
		}
	}
	if len(commands) != n || len(applicants) != n {
		t.Fatalf("%d join commands of %d applicants are stored, want %d", len(commands), len(applicants), n)
	}
	for i, r := range receipts {
		if commands[r.CommandID] != 1 || applicants[s.applicants[i]] != 1 {
			t.Fatalf("the join of client %d is stored %d times", i, commands[r.CommandID])
		}
	}
}

// speaker signs a speaker's token of the i-th applicant, as an invitation does.
func (s *stand) speaker(i int) string {
	s.t.Helper()
	id := ids.New[ids.Invitation]()
	text, err := s.app.Gateway.Authority().Issue(token.Claims{
		Subject: "invitation/" + id.String(), Session: s.session, Roles: []events.Role{events.Speaker},
		Applicant: s.applicants[i], Expires: time.Now().Add(time.Hour), ID: id,
	})
	s.must(err)
	return text
}

// "The same person twice at once: one entry." From two devices, over both doors.
func TestTheSamePersonTwiceAtOnceOneEntry(t *testing.T) {
	s := start(t, setup{applicants: 8, listOpen: true})
	for i := range s.applicants {
		text := s.speaker(i)
		phone := s.connect(text)
		desk := client.HTTP{Base: s.app.URL(), Token: text}
		errs := make([]error, 3)
		together(3, func(n int) {
			args := command.Join{Part: s.part}
			if n == 0 {
				_, errs[n] = phone.Do(s.ctx, "join", nil, args)
				return
			}
			_, errs[n] = desk.Command(s.ctx, s.session, "join", nil, args, "")
		})
		accepted := 0
		for _, err := range errs {
			switch {
			case err == nil:
				accepted++
			case !problem.Is(err, problem.Already):
				t.Errorf("a second join: %v, want already", err)
			case problem.From(err).Do == "" || problem.From(err).Field == "":
				t.Errorf("a second join is refused without a field or a way on: %v", err)
			}
		}
		if accepted != 1 {
			t.Errorf("applicant %d: %d of 3 joins were accepted", i, accepted)
		}
	}
	if view := s.view(); len(view.Lists[s.part]) != 8 || len(view.Entries) != 8 {
		t.Errorf("%d entries wait of %d", len(view.Lists[s.part]), len(view.Entries))
	}
}

// "Next pressed twice, and by two chairs at once: one step, nobody skipped, the
// second answer says why."
func TestNextPressedTwiceAndByTwoChairsAtOnce(t *testing.T) {
	s := start(t, setup{applicants: 12, listOpen: true})
	for i := range s.applicants {
		s.join(i)
	}
	s.ask0("start_session")
	order := s.view().Lists[s.part]
	chairs := []*client.Live{
		s.connect(s.link(command.Invite{Roles: []events.Role{events.Chair}}).Token),
		s.connect(s.link(command.Invite{Roles: []events.Role{events.ViceChair}}).Token),
	}
	var given []ids.Entry
	for step := range 6 {
		var current ids.Turn
		var button ids.Entry
		for _, l := range chairs {
			s.must(l.Wait(s.ctx, func(l *client.Locked) bool { return len(l.View().TurnOrder) == step }))
			view, err := l.View()
			s.must(err)
			current, button = view.Floor.Turn, view.Floor.Next
		}
		if button != order[step] {
			t.Fatalf("step %d: %s stands on the button, want %s", step, button, order[step])
		}
		// Even steps: the same chair twice (two ids, as two presses make); odd steps: two chairs.
		pressed := []*client.Live{chairs[0], chairs[step%2]}
		errs := make([]error, 2)
		var mu sync.Mutex
		together(2, func(i int) {
			_, err := pressed[i].Do(s.ctx, "next", &command.Expect{Turn: &current, Entry: &button}, command.None{})
			mu.Lock()
			errs[i] = err
			mu.Unlock()
		})
		slices.SortFunc(errs, func(a, b error) int {
			if a == nil {
				return -1
			}
			return 1
		})
		var refused *problem.Error
		if errs[0] != nil || !problem.Is(errs[1], problem.Stale) {
			t.Fatalf("step %d: %v and %v, want one step and one stale", step, errs[0], errs[1])
		}
		refused = problem.From(errs[1])
		if refused.Field != "expect.turn" || refused.Do == "" || refused.Detail == "" || !namesAct(refused.Since, "next") {
			t.Errorf("step %d: the second answer does not say why: %+v", step, refused)
		}
		s.quiet()
		view := s.view()
		if len(view.TurnOrder) != step+1 {
			t.Fatalf("step %d: %d turns were given", step, len(view.TurnOrder))
		}
		_, err := chairs[0].Do(s.ctx, "begin", turn(view.TurnOrder[step]), command.Begin{Turn: view.TurnOrder[step]})
		s.must(err)
		given = append(given, view.Turns[view.TurnOrder[step]].Entry)
	}
	if !slices.Equal(given, order[:6]) {
		t.Errorf("given %v, the list said %v", given, order[:6])
	}
	checkOneHolder(t, s.view())
}

// ask0 is a command without arguments.
func (s *stand) ask0(verb string) command.Receipt {
	s.t.Helper()
	return s.askAs(s.as(events.Chair, 0), verb, nil, command.None{}, "")
}

// namesAct reports whether the acts that a refusal names hold a verb.
func namesAct(since any, verb string) bool {
	acts, ok := since.([]any)
	return ok && slices.ContainsFunc(acts, func(act any) bool {
		fields, ok := act.(map[string]any)
		return ok && fields["verb"] == verb
	})
}

// checkOneHolder checks that no two turns that stand overlap.
func checkOneHolder(t *testing.T, view *api.View) {
	t.Helper()
	var last *api.TurnView
	for _, id := range view.TurnOrder {
		turn := view.Turns[id]
		if turn.Void || turn.Entered {
			continue
		}
		if last != nil && (last.EndedAt.IsZero() || turn.GivenAt < last.EndedAt) {
			t.Errorf("turn %s was given at %s while %s held the floor until %s", id, turn.GivenAt, last.ID, last.EndedAt)
		}
		last = turn
	}
}
