package rehearse

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/fairfloor/fairfloor/pkg/api"
	"github.com/fairfloor/fairfloor/pkg/client"
	"github.com/fairfloor/fairfloor/pkg/clock"
	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/fairness/lot"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/problem"
	"github.com/fairfloor/fairfloor/pkg/session"
	"github.com/fairfloor/fairfloor/services/fairfloor/internal/sample"
)

// command sends one of the organiser's commands.
func (s *stage) command(verb string, args any) (command.Receipt, error) {
	r, err := s.http.Command(s.ctx, s.session, verb, nil, args, "")
	if err != nil {
		return r, fmt.Errorf("%s: %w", verb, err)
	}
	return r, nil
}

// create makes the session and lets everybody apply.
func (s *stage) create() error {
	s.session = ids.New[ids.Session]()
	s.hardEnd = PlannedStart.Add(int64(s.Minutes) * 60_000)
	modalities := session.DefaultModalities()
	modalities.Order = cmp.Or(s.Order, session.OrderByList)
	args := command.CreateSession{
		Title: "Rehearsal", PlannedStart: PlannedStart, HardEnd: s.hardEnd, Zone: "Europe/Zurich",
		Languages: []string{"en", "fr", "es", "ar", "ru", "zh"}, Modalities: &modalities, ClockMode: "gated",
	}
	if s.Parts {
		args.Parts = []command.PartArgs{
			{Kind: events.Opening, Title: "Opening", Minutes: 5},
			{Kind: events.Item, Title: "Statements", Minutes: int64(s.Minutes) - 20, HasList: true},
			{Kind: events.Questions, Title: "Questions", Minutes: 15, HasList: true, LimitMS: 60_000},
		}
	}
	if s.Gate == nil {
		s.mapping = clock.Mapping{S0: PlannedStart.Add(-Lead), W0: clock.Of(time.Now()), SpeedPermille: int64(s.Speed * 1000)}
		args.Clock, args.ClockMode = &s.mapping, "scaled"
	}
	if _, err := s.command("create_session", args); err != nil {
		return err
	}
	if _, err := s.command("import", command.Import{Rows: accepted(sample.Applicants(s.Applicants))}); err != nil {
		return err
	}
	var view api.View
	if err := s.http.Do(s.ctx, http.MethodGet, "/api/v1/sessions/"+s.session.String(), nil, &view); err != nil {
		return err
	}
	for _, id := range view.Agenda {
		if part := view.Parts[id]; part.HasList && s.item.IsZero() {
			s.item = id
		}
	}
	if session.DrawsLot(cmp.Or(s.Order, session.OrderByList)) {
		if err := s.commitLot(); err != nil {
			return err
		}
	}
	byName := map[string]ids.Applicant{}
	for id, a := range view.Applicants {
		byName[a.Organisation] = id
	}
	for i, row := range sample.Applicants(s.Applicants) {
		d := &delegate{index: i, organisation: row.Organisation, applicant: byName[row.Organisation]}
		if d.applicant.IsZero() {
			return fmt.Errorf("%s applied and is not among the applicants", row.Organisation)
		}
		s.draw(d)
		s.delegates = append(s.delegates, d)
	}
	return nil
}

func accepted(rows []command.Apply) []command.Apply {
	for i := range rows {
		rows[i].Accept = true
	}
	return rows
}

// invite makes the links and connects everybody.
func (s *stage) invite() error {
	links := map[string]string{}
	for name, role := range linkRoles {
		link, err := s.link(command.Invite{Roles: []events.Role{role}})
		if err != nil {
			return err
		}
		links[name] = link.URL
		l, err := s.connect(link)
		if err != nil {
			return err
		}
		if role == events.Chair {
			s.chair, s.chairToken = l, link.Token
		} else {
			s.observer = l
		}
	}
	if s.Ready != nil {
		s.Ready(s.session, links)
	}
	if s.Alone {
		return nil
	}
	for _, d := range s.delegates {
		link, err := s.link(command.Invite{Roles: []events.Role{events.Speaker}, Applicant: d.applicant})
		if err != nil {
			return err
		}
		if d.live, err = s.connect(link); err != nil {
			return err
		}
	}
	return nil
}

func (s *stage) link(args command.Invite) (api.Invitation, error) {
	args.Expires = time.Now().Add(24 * time.Hour).UnixMilli()
	for {
		var link api.Invitation
		err := s.http.Do(s.ctx, http.MethodPost, "/api/v1/sessions/"+s.session.String()+"/invitations", args, &link)
		if !problem.Is(err, problem.TooMany) {
			return link, err
		}
		// One organiser invites everybody; a server in use has a limit for each token.
		select {
		case <-time.After(100 * time.Millisecond):
		case <-s.ctx.Done():
			return link, s.ctx.Err()
		}
	}
}

func (s *stage) connect(link api.Invitation) (*client.Live, error) {
	return client.Dial(s.ctx, client.Options{Base: s.Base, Session: s.session, Token: link.Token, FirstBackoff: 20 * time.Millisecond})
}

// join opens the list and lets everybody join in an order drawn by the seed.
func (s *stage) join() error {
	if err := s.until(PlannedStart.Add(-Lead + 60_000)); err != nil {
		return err
	}
	if _, err := s.ask("open_list", nil, command.PartRef{Part: s.item}); err != nil {
		return err
	}
	order := s.random.Perm(len(s.delegates))
	early := len(order) - s.LateJoiners
	for _, i := range order[early:] {
		s.outside = append(s.outside, s.delegates[i])
	}
	for n, i := range order[:early] {
		d := s.delegates[i]
		wish := command.Join{Part: s.item, Applicant: d.applicant}
		if s.Order == session.OrderForAgainst {
			wish.Stance = append(events.Stances(), "")[n%3]
		}
		r, err := s.delegateDo(d, "join", nil, wish)
		if err != nil {
			return err
		}
		if d.entry, err = ids.Parse[ids.Entry](r.Made["entry"]); err != nil {
			return err
		}
		d.joinedAt = r.At
		s.byEntry[d.entry] = d
	}
	if err := s.until(PlannedStart.Add(-120_000)); err != nil {
		return err
	}
	if _, err := s.ask("close_list", nil, command.CloseList{Part: s.item}); err != nil || s.Order == "" || s.Order == session.OrderByList {
		return err
	}
	if s.Order == session.OrderBySecretariat {
		// The secretariat's own list: the last to join goes first.
		own := command.SetOrder{Part: s.item}
		for _, i := range slices.Backward(order[:early]) {
			own.Entries = append(own.Entries, s.delegates[i].entry)
		}
		if _, err := s.ask("set_order", nil, own); err != nil {
			return err
		}
	}
	return s.putInOrder()
}

// code is the one-time code of the rehearsal, and the commitment to it: a
// function of the seed, so that the same seed gives the same order.
func (s *stage) code() (code, commitment lot.Code, err error) {
	chain, err := lot.Chain(fmt.Appendf(nil, "fairfloor rehearsal %d", s.Seed), 2)
	if err != nil {
		return code, commitment, err
	}
	return chain[0], chain[1], nil
}

// commitLot begins the drawing of lots, before anybody joins.
func (s *stage) commitLot() error {
	_, commitment, err := s.code()
	if err != nil {
		return err
	}
	_, err = s.command("commit_lot", command.CommitLot{Part: s.item, Source: "the seed of the rehearsal", Commitment: commitment.String()})
	return err
}

// putInOrder fixes the closed list and, where the rule draws a lot, a minute
// later draws; the queue then puts the list in its order.
func (s *stage) putInOrder() error {
	if _, err := s.ask("fix_list", nil, command.PartRef{Part: s.item}); err != nil || !session.DrawsLot(s.Order) {
		return err
	}
	if err := s.until(PlannedStart.Add(-60_000)); err != nil {
		return err
	}
	code, _, err := s.code()
	if err != nil {
		return err
	}
	_, err = s.ask("draw_lot", nil, command.DrawLot{Part: s.item, Code: code.String(), Randomness: fmt.Sprintf("seed %d", s.Seed)})
	return err
}

// open starts the session at its planned start and lets the chair open it.
func (s *stage) open() error {
	if err := s.until(PlannedStart); err != nil {
		return err
	}
	if _, err := s.ask("start_session", nil, command.None{}); err != nil {
		return err
	}
	s.opening = 150_000 + s.random.Int64N(90_001)
	length := int64(s.Minutes) * 60_000
	for range s.Drops {
		s.drops = append(s.drops, PlannedStart.Add(s.random.Int64N(length*8/10)))
	}
	for range s.Points {
		s.points = append(s.points, PlannedStart.Add(length/10+s.random.Int64N(length*7/10)))
	}
	s.disturb(length)
	sortInstants(s.drops)
	sortInstants(s.points)
	if err := s.until(PlannedStart.Add(s.opening)); err != nil {
		return err
	}
	if !s.Parts {
		return nil
	}
	_, err := s.ask("start_part", nil, command.PartRef{Part: s.item})
	return err
}
