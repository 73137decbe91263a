package acceptance

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/fairfloor/fairfloor/pkg/api"
	"github.com/fairfloor/fairfloor/pkg/client"
	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/events"
)

// polled is the answer to one poll.
type polled struct {
	Cursor api.Cursor        `json:"cursor"`
	Me     string            `json:"me"`
	Frames []json.RawMessage `json:"frames"`
}

// TestLongPollingServesTheSameViewWhereWebsocketsAreBroken: behind a proxy that
// takes every upgrade away, a delegate follows by polling: each change arrives
// while the request waits, the view is the one that everybody has, and the
// private word to the holder arrives too.
func TestLongPollingServesTheSameViewWhereWebsocketsAreBroken(t *testing.T) {
	s := start(t, setup{applicants: 3, listOpen: true})
	link := s.link(command.Invite{Roles: []events.Role{events.Speaker}, Applicant: s.applicants[0]})
	proxy := bufferingProxy(t, s.app.URL())
	who := client.HTTP{Base: proxy.URL, Token: link.Token}
	poll := func(since polled, wait int) (p polled) {
		t.Helper()
		s.must(who.Do(s.ctx, http.MethodGet, s.path(fmt.Sprintf("/updates?wait=%d&since=%s&me=%s", wait, url.QueryEscape(string(since.Cursor)), since.Me)), nil, &p))
		return p
	}
	types := func(p polled) (kinds []string) {
		for _, f := range p.Frames {
			var head struct {
				Type string `json:"type"`
			}
			s.must(json.Unmarshal(f, &head))
			kinds = append(kinds, head.Type)
		}
		return kinds
	}
	first := poll(polled{}, 0)
	if fmt.Sprint(types(first)) != "[snapshot me clock]" {
		t.Fatalf("the first answer holds %v", types(first))
	}
	begun := time.Now()
	if again := poll(first, 1); fmt.Sprint(types(again)) != "[clock]" || again.Cursor != first.Cursor || again.Me != first.Me || time.Since(begun) < time.Second {
		t.Fatalf("nothing has changed, and the answer after %s holds %v", time.Since(begun), types(again))
	}
	// A change arrives while the request waits.
	answers := make(chan polled, 1)
	go func() {
		var p polled
		err := who.Do(s.ctx, http.MethodGet, s.path("/updates?wait=25&since="+url.QueryEscape(string(first.Cursor))+"&me="+first.Me), nil, &p)
		if err != nil {
			t.Error(err)
		}
		answers <- p
	}()
	entry := s.join(0)
	second := <-answers
	var snapshot api.Snapshot
	s.must(json.Unmarshal(second.Frames[0], &snapshot))
	var seen api.View
	s.must(json.Unmarshal(snapshot.View, &seen))
	if seen.Entries[entry].Place != 1 || snapshot.Seq == 0 || snapshot.Audience != api.ForParticipant || seen.Persons != nil {
		t.Errorf("after joining: %+v, seq %d", seen.Entries[entry], snapshot.Seq)
	}
	// The websocket's snapshot is the same view.
	var same api.View
	s.must(who.Do(s.ctx, http.MethodGet, s.path(""), nil, &same))
	a, _ := json.Marshal(seen)
	b, _ := json.Marshal(same)
	if string(a) != string(b) {
		t.Errorf("two views:\n%s\n%s", a, b)
	}
	chair := s.as(events.Chair, 0)
	s.askAs(chair, "start_session", nil, command.None{}, "")
	id := s.next(chair)
	s.askAs(chair, "begin", turn(id), command.Begin{Turn: id}, "")
	s.quiet()
	last := poll(second, 0)
	s.askAs(chair, "prompt", turn(id), command.PromptArgs{Turn: id, Kind: events.PleaseConclude}, "")
	private := poll(last, 25)
	var me api.MeFrame
	s.must(json.Unmarshal(private.Frames[1], &me))
	if me.Prompt == nil || me.Prompt.Kind != events.PleaseConclude {
		t.Errorf("the private word did not arrive: %+v", me.Me)
	}
	// A link that is withdrawn while it waits gets nothing more.
	s.ask("revoke_invitation", nil, command.InvitationRef{Invitation: link.Invitation})
	if err := who.Do(s.ctx, http.MethodGet, s.path("/updates?wait=0"), nil, &polled{}); err == nil {
		t.Error("a withdrawn link is still answered")
	}
}
