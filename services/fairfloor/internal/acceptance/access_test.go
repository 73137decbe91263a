package acceptance

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/fairfloor/fairfloor/pkg/api"
	"github.com/fairfloor/fairfloor/pkg/client"
	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/services/fairfloor/internal/record"
)

// TestAnAccessAllowanceIsGrantedInAdvanceChargedToTheReserveAndPrivate: of two
// speakers who use the same 75 s, the one with 20 s more is not over time, costs
// the reserve what lies beyond the allotment, and looks in figures and record like
// the other at its limit; nobody but they are told.
func TestAnAccessAllowanceIsGrantedInAdvanceChargedToTheReserveAndPrivate(t *testing.T) {
	s := start(t, setup{applicants: 4, gated: true, listOpen: true, modalities: func(m *events.Modalities) { m.Allotment = "fixed"; m.MaximumMS = 60_000 }})
	granted := made[ids.Person](t, s.ask("add_person", nil, command.AddPerson{
		Applicant: s.applicants[1], Roles: []events.Role{events.Speaker},
		Value: &command.PersonValue{Name: "A delegate", AccessSeconds: 5, AccessPercent: 125},
	}), "person")
	for i := range 3 {
		s.join(i)
	}
	s.ask("close_list", nil, command.CloseList{Part: s.part})
	chair := s.as(events.Chair, 0)
	s.askAs(chair, "start_session", nil, command.None{}, "")
	s.pass(180_000)
	speak := func(ms int64) *api.TurnView {
		id := s.next(chair)
		s.pass(8_000)
		s.askAs(chair, "begin", turn(id), command.Begin{Turn: id}, "")
		s.pass(ms)
		running := s.view().Turns[id]
		s.askAs(chair, "end", turn(id), command.TurnRef{Turn: id}, "")
		s.quiet()
		return running
	}
	first, second := speak(75_000), speak(75_000)
	if !first.Expired || first.AddedMS != 0 || first.AllottedMS != 60_000 {
		t.Errorf("without an allowance: %+v", first)
	}
	// 5 s and a quarter of 60 s.
	if second.Expired || second.AddedMS != 20_000 || second.AllottedMS != 60_000 {
		t.Errorf("with an allowance: %+v", second)
	}
	ended := s.view()
	if over := ended.Turns[second.ID]; over.AddedMS != 0 || over.UsedMS != 60_000 {
		t.Errorf("afterwards their turn shows %+v", over)
	}
	for _, who := range []struct {
		name string
		role events.Role
		of   int
	}{{"the chair", events.Chair, 0}, {"another delegate", events.Speaker, 0}, {"an observer", events.Observer, 0}} {
		var raw []byte
		s.must(s.as(who.role, who.of).Do(s.ctx, http.MethodGet, s.path(""), nil, &raw))
		if bytes.Contains(raw, []byte("access_")) || bytes.Contains(raw, []byte(`"added_ms":20000`)) {
			t.Errorf("%s is shown it", who.name)
		}
	}
	link := s.link(command.Invite{Roles: []events.Role{events.Speaker}, Applicant: s.applicants[1], Person: granted})
	own := s.connect(link.Token)
	s.must(own.Wait(s.ctx, func(l *client.Locked) bool { return l.Me().Subject != "" }))
	me := own.Me()
	if me.AccessMS != 5_000 || me.AccessPercent != 125 {
		t.Errorf("they themselves are told %d ms, %d %%", me.AccessMS, me.AccessPercent)
	}
	digest := s.view().Plan.Digest
	s.askAs(chair, "adjourn", &command.Expect{Plan: digest}, command.None{}, "")
	s.quiet()
	log := s.export()
	r, err := record.Build(log.Lines)
	s.must(err)
	if r.Access == nil || r.Access.ChargedMS != 15_000 || len(r.Access.Commitments) != 1 {
		t.Errorf("charged to the reserve: %+v", r.Access)
	}
	for _, one := range r.Turns {
		if one.AddedMS != 0 || one.Entry == second.Entry && one.UsedMS != 60_000 {
			t.Errorf("the record shows %+v", one)
		}
	}
	raw, err := json.Marshal(r)
	s.must(err)
	for _, secret := range []string{"access_seconds", "access_percent", "A delegate"} {
		if strings.Contains(string(raw), secret) {
			t.Errorf("the record holds %q", secret)
		}
	}
	if all := record.Verify(r); len(all) != 0 {
		t.Errorf("verify: %v", all)
	}
	r.Access.ChargedMS += 1_000
	if all := record.Verify(r); len(all) == 0 {
		t.Error("a sum that does not agree is not found")
	}
}
