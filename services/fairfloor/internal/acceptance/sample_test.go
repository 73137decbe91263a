package acceptance

import (
	"net/http"
	"strings"
	"testing"

	"github.com/fairfloor/fairfloor/pkg/api"
	"github.com/fairfloor/fairfloor/pkg/client"
	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/services/fairfloor/internal/sample"
)

// "A sample session of 53 neutral place-holder applicants (groups 26/12/9/6),
// links for chair, speaker, live and room": the links work, each with the rights
// of its role, and a second start finds the same session.
func TestTheSampleSessionHas53ApplicantsAndFourLinksThatWork(t *testing.T) {
	s := start(t, setup{limited: true})
	maker := sample.Maker{Base: s.app.URL(), Token: s.app.Organiser, Minutes: 90}
	links, err := maker.FindOrCreate(s.ctx)
	s.must(err)
	again, err := maker.FindOrCreate(s.ctx)
	s.must(err)
	if again.Session != links.Session || again.Code != links.Code {
		t.Errorf("the second start found %s, the first made %s", again.Session, links.Session)
	}
	s.session = links.Session
	s.organiser = client.HTTP{Base: s.app.URL(), Token: links.Organiser}
	view := s.view()
	groups := map[string]int{}
	for _, id := range view.Lists[view.Agenda[0]] {
		groups[view.Entries[id].Group]++
	}
	for _, g := range sample.Groups {
		if groups[g.Name] != g.Share {
			t.Errorf("%d of %s wait, want %d", groups[g.Name], g.Name, g.Share)
		}
	}
	for page, c := range map[string]struct {
		url      string
		audience api.Audience
		role     events.Role
	}{
		"chair": {links.Chair, api.ForChair, events.Chair}, "speaker": {links.Speaker, api.ForParticipant, events.Speaker},
		"live": {links.Live, api.ForPublic, events.Observer}, "room": {links.Room, api.ForPublic, events.Observer},
		"booth": {links.Booth, api.ForBooth, events.Interpreter},
	} {
		address, text, ok := strings.Cut(c.url, "#")
		if !ok || !strings.HasPrefix(address, s.app.URL()+"/s/"+links.Code+"/"+page) {
			t.Errorf("%s: the link is %s", page, c.url)
			continue
		}
		if status, body := s.read("", strings.TrimPrefix(address, s.app.URL())); status != http.StatusOK || !strings.Contains(strings.ToLower(body), "<!doctype html") {
			t.Errorf("%s: the page is answered with %d", page, status)
		}
		l := s.connect(text)
		s.must(l.Wait(s.ctx, func(l *client.Locked) bool { return l.Me().Audience != "" }))
		if me := l.Me(); me.Audience != c.audience || me.Roles[0] != c.role {
			t.Errorf("%s: acts as %v and sees %s", page, me.Roles, me.Audience)
		}
		_, err := l.Do(s.ctx, "start_session", nil, command.None{})
		if page != "chair" && err == nil {
			t.Errorf("%s: may start the session", page)
		}
		if page == "chair" {
			s.must(err)
		}
	}
}
