package registry

import (
	"bytes"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fairfloor/fairfloor/pkg/clock"
	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/keys"
	"github.com/fairfloor/fairfloor/pkg/notes"
	"github.com/fairfloor/fairfloor/pkg/people"
	"github.com/fairfloor/fairfloor/pkg/problem"
	"github.com/fairfloor/fairfloor/pkg/session"
)

func instant(ms int64) clock.Instant { return clock.Instant(ms) }

func TestASessionIsCreatedSignedAndLinked(t *testing.T) {
	w := newWorld(t)
	one, _ := w.registry("one")
	two, _ := w.registry("two")
	id := ids.New[ids.Session]()
	receipt := w.must(id, "create_session", good())
	if receipt.Outcome != command.Accepted {
		t.Errorf("the receipt is %+v", receipt)
	}
	settled(t, one, two)
	var consultation ids.Session
	look(t, two, id, func(s *session.State) {
		consultation = ids.MustParse[ids.Session](s.Registry.Consultation.String())
		key, err := keys.ParsePublic(s.Registry.PublicKey)
		if err != nil || !receipt.Verify(key) {
			t.Errorf("the receipt is not signed with the session's key %q (%v)", s.Registry.PublicKey, err)
		}
	})
	// Both replicas link it, and it is linked once.
	for _, r := range []*Service{one, two} {
		look(t, r, consultation, func(s *session.State) {
			series := s.Registry.Series
			if series == nil || series.Title != "First meeting" || !slices.Equal(series.Sessions, []ids.Session{id}) || s.Heads[events.Registry].Version != 1 {
				t.Errorf("the consultation is %+v at %+v", series, s.Heads)
			}
		})
	}
}

func TestSessionsOfAConsultation(t *testing.T) {
	w := newWorld(t)
	r, stop := w.registry("one")
	series := ids.New[ids.Session]()
	w.must(series, "create_consultation", command.CreateConsultation{Title: "Cyber", CarryOver: true})
	args := good()
	args.Consultation = ids.MustParse[ids.Consultation](series.String())
	var want []ids.Session
	for range 3 {
		id := ids.New[ids.Session]()
		w.must(id, "create_session", args)
		want = append(want, id)
	}
	check := func(r *Service) {
		t.Helper()
		settled(t, r)
		look(t, r, series, func(s *session.State) {
			if got := s.Registry.Series; got == nil || !got.CarryOver || got.Title != "Cyber" || !reflect.DeepEqual(got.Sessions, want) {
				t.Errorf("the consultation is %+v, want %v", got, want)
			}
		})
	}
	check(r)
	args.Consultation = ids.New[ids.Consultation]()
	w.refused(request(ids.New[ids.Session](), "create_session", args), problem.NotFound, "args.consultation")
	// A session in the place of a consultation is none.
	args.Consultation = ids.MustParse[ids.Consultation](want[0].String())
	w.refused(request(ids.New[ids.Session](), "create_session", args), problem.NotFound, "args.consultation")
	stop()
	again, _ := w.registry("again")
	check(again)
}

func TestZonesAndExpiries(t *testing.T) {
	w := newWorld(t)
	w.registry("one")
	args := good()
	args.Zone = "Europe/Nowhere"
	w.refused(request(ids.New[ids.Session](), "create_session", args), problem.Invalid, "args.zone")
	id, _ := w.session()
	w.refused(request(id, "change_session", map[string]any{"zone": "Mars/Olympus"}), problem.Invalid, "args.zone")
	w.must(id, "change_session", map[string]any{"zone": "America/Argentina/Buenos_Aires"})
	now := time.Now()
	invite := func(at time.Time) command.Invite {
		return command.Invite{Roles: []events.Role{events.Observer}, Expires: at.UnixMilli()}
	}
	for _, at := range []time.Time{now.Add(-time.Second), now.Add(MaxLife + time.Hour)} {
		w.refused(request(id, "invite", invite(at)), problem.Invalid, "args.expires")
	}
	for _, at := range []time.Time{now.Add(time.Minute), now.Add(MaxLife - time.Minute)} {
		if w.must(id, "invite", invite(at)).Made["invitation"] == "" {
			t.Error("the receipt names no invitation")
		}
	}
}

// The person of these tests has a name and an address that stand nowhere else.
const (
	name    = "Zsófia Bartholomew-Qureshi"
	address = "zsofia.bq@invalid.example"
	changed = "Zsófia Ravensworth-Qureshi"
)

func person(name string) *command.PersonValue {
	return &command.PersonValue{Name: name, Email: address, FormOfAddress: "Ms", Phone: "+41 000 77 66 55", Postal: "Nowhere Lane 99", AccessNeeds: "sign language", AccessSeconds: 30}
}

func TestAPersonIsOnlyInTheStore(t *testing.T) {
	w := newWorld(t)
	r, _ := w.registry("one")
	id, applicant := w.session()
	add := request(id, "add_person", command.AddPerson{Applicant: applicant, Value: person(name), Digest: events.HashBody([]byte("not yours to set"))})
	receipt, err := w.ask(add)
	if err != nil {
		t.Fatal(err)
	}
	who := ids.MustParse[ids.Person](receipt.Made["person"])
	settled(t, r)
	var digest events.Hash
	look(t, r, id, func(s *session.State) { digest = s.Registry.Persons[who].Digest })
	stored, err := r.people.GetPerson(t.Context(), id, who, digest)
	if err != nil || stored != people.Person(*person(name)) {
		t.Errorf("the store holds %+v (%v)", stored, err)
	}
	all, err := r.log.Read(t.Context(), id)
	if err != nil || len(all) != 3 {
		t.Fatalf("the log has %d messages (%v)", len(all), err)
	}
	for _, secret := range []string{"Bartholomew", address, "Nowhere Lane", "sign language"} {
		for _, m := range all {
			if bytes.Contains(m.Body, []byte(secret)) {
				t.Errorf("%q is in the log: %s", secret, m.Body)
			}
		}
		if w.lines.contain(secret) {
			t.Errorf("%q is in the log lines", secret)
		}
	}

	// The same again is the same; another value under the id is refused; the same
	// value under another id has another digest.
	again, err := w.ask(add)
	if err != nil || again.Outcome != command.Duplicate || again.Made["person"] != who.String() {
		t.Errorf("the same again: %+v (%v)", again, err)
	}
	other := *add
	other.Args = request(id, "", command.AddPerson{Applicant: applicant, Value: person("Somebody Else")}).Args
	w.refused(&other, problem.Reused, "")
	twin := w.must(id, "add_person", command.AddPerson{Applicant: applicant, Value: person(name)})
	look(t, r, id, func(s *session.State) {
		if s.Registry.Persons[ids.MustParse[ids.Person](twin.Made["person"])].Digest == digest {
			t.Error("equal values have equal digests: they could be guessed")
		}
	})
}

// TestSomebodyElsesCommandIdTakesNobodysPlace: two actors with one command id
// would name two persons, and two values in the store, alike.
func TestSomebodyElsesCommandIdTakesNobodysPlace(t *testing.T) {
	w := newWorld(t)
	r, _ := w.registry("one")
	id, applicant := w.session()
	add := request(id, "add_person", command.AddPerson{Applicant: applicant, Value: person(name)})
	receipt, err := w.ask(add)
	if err != nil {
		t.Fatal(err)
	}
	for _, args := range []command.AddPerson{
		{Applicant: applicant, Value: person("Somebody Else")}, {Applicant: applicant, Value: person(name)},
	} {
		stolen := request(id, "add_person", args)
		stolen.ID, stolen.Actor.ID = add.ID, "token/another"
		w.refused(stolen, problem.Reused, "id")
	}
	who := ids.MustParse[ids.Person](receipt.Made["person"])
	var digest events.Hash
	look(t, r, id, func(s *session.State) { digest = s.Registry.Persons[who].Digest })
	if kept, err := r.people.GetPerson(t.Context(), id, who, digest); err != nil || kept != people.Person(*person(name)) {
		t.Errorf("the store holds %+v (%v)", kept, err)
	}
}

func TestRefusedValuesAreNotStored(t *testing.T) {
	w := newWorld(t)
	w.registry("one")
	id, applicant := w.session()
	observer := request(id, "add_person", command.AddPerson{Value: person(name)})
	observer.Actor = events.Actor{ID: "token/observer", Roles: []events.Role{events.Observer}}
	w.refused(observer, problem.Forbidden, "verb")
	w.refused(request(id, "add_person", command.AddPerson{Applicant: ids.New[ids.Applicant](), Roles: []events.Role{events.Speaker}, Value: person(name)}), problem.NotFound, "args.applicant")
	w.refused(request(ids.New[ids.Session](), "add_person", command.AddPerson{Value: person(name)}), problem.NotFound, "session")
	w.refused(request(id, "add_person", command.AddPerson{Applicant: applicant}), problem.Invalid, "args.value")
	bad := person(name)
	bad.Email = "not an address"
	w.refused(request(id, "add_person", command.AddPerson{Applicant: applicant, Value: bad}), problem.Invalid, "args.value.email")
	w.refused(request(id, "change_person", command.AddPerson{Person: ids.New[ids.Person](), Value: person(name)}), problem.NotFound, "args.person")
	w.refused(request(id, "file_text", command.FileText{Applicant: applicant, Language: "xx-nothing-at-all", Visibility: events.PublicNow, Content: name}), problem.Invalid, "args.language")
	if found := w.files("Bartholomew"); len(found) != 0 {
		t.Errorf("a refused name is in %v", found)
	}
	if w.lines.contain("Bartholomew") {
		t.Error("a refused name is in the log lines")
	}
}

// TestADelegateCorrectsTheirRecordAndGrantsThemselvesNothing: whatever allowance
// a delegate's own correction names, or leaves out, the granted one stands.
func TestADelegateCorrectsTheirRecordAndGrantsThemselvesNothing(t *testing.T) {
	w := newWorld(t)
	r, _ := w.registry("one")
	id, applicant := w.session()
	who := ids.MustParse[ids.Person](w.must(id, "add_person", command.AddPerson{Applicant: applicant, Value: person(name)}).Made["person"])
	own := func(value command.PersonValue) *command.Request {
		q := request(id, "change_person", command.AddPerson{Value: &value})
		q.Actor = events.Actor{ID: "person/" + who.String(), Roles: []events.Role{events.Speaker}, Applicant: applicant, Person: who}
		return q
	}
	stored := func() people.Person {
		t.Helper()
		var digest events.Hash
		look(t, r, id, func(s *session.State) { digest = s.Registry.Persons[who].Digest })
		value, err := r.people.GetPerson(t.Context(), id, who, digest)
		if err != nil {
			t.Fatal(err)
		}
		return value
	}
	for _, asked := range []command.PersonValue{
		{Name: name, DisplayName: "FR | Bartholomew", AccessSeconds: 600, AccessPercent: 300},
		{Name: name, DisplayName: "CH | Bartholomew"},
	} {
		q := own(asked)
		if _, err := w.ask(q); err != nil {
			t.Fatal(err)
		}
		if again, err := w.ask(q); err != nil || again.Outcome != command.Duplicate {
			t.Errorf("sent again: %+v (%v)", again, err)
		}
		if got := stored(); got.DisplayName != asked.DisplayName || got.AccessSeconds != 30 || got.AccessPercent != 0 {
			t.Errorf("asked for %+v, the store holds %+v", asked, got)
		}
	}
	// The control: the secretariat does grant.
	w.must(id, "change_person", command.AddPerson{Person: who, Value: &command.PersonValue{Name: name, AccessSeconds: 60}})
	if got := stored(); got.AccessSeconds != 60 {
		t.Errorf("the secretariat granted 60 s, the store holds %+v", got)
	}
}

// TestAfterEraseNothingIsFoundAndTheChainChecks: after erase of a person, a
// search of every file, stream and log line for the name and address finds
// nothing, and the hash chain still checks.
func TestAfterEraseNothingIsFoundAndTheChainChecks(t *testing.T) {
	w := newWorld(t)
	r, stop := w.registry("one")
	id, applicant := w.session()
	who := ids.MustParse[ids.Person](w.must(id, "add_person", command.AddPerson{Applicant: applicant, Value: person(name)}).Made["person"])
	if len(w.files("Bartholomew")) == 0 {
		t.Fatal("the name is in no file before it is erased: the search finds nothing anyway")
	}
	w.must(id, "change_person", command.AddPerson{Person: who, Value: person(changed)})
	settled(t, r)
	// What was replaced is gone before anybody asks for it.
	if found := w.files("Bartholomew"); len(found) != 0 {
		t.Errorf("the replaced name is in %v", found)
	}
	erase := request(id, "erase_person", command.PersonRef{Person: who})
	if _, err := w.ask(erase); err != nil {
		t.Fatal(err)
	}
	settled(t, r)
	clean := func(when string) {
		t.Helper()
		for _, secret := range []string{"Bartholomew", "Ravensworth", address, "Nowhere Lane", "sign language", "000 77 66"} {
			if found := w.files(secret); len(found) != 0 {
				t.Errorf("%s: %q is in %v", when, secret, found)
			}
			if w.lines.contain(secret) {
				t.Errorf("%s: %q is in the log lines", when, secret)
			}
		}
	}
	clean("after erase")
	again, err := w.ask(erase)
	if err != nil || again.Outcome != command.Duplicate {
		t.Errorf("erased again: %+v (%v)", again, err)
	}
	w.refused(request(id, "erase_person", command.PersonRef{Person: who}), problem.Already, "")
	w.refused(request(id, "change_person", command.AddPerson{Person: who, Value: person(name)}), problem.WrongState, "args.person")
	clean("after a late change")

	stop()
	w.halt()
	clean("at rest")
	w.start()
	again2, _ := w.registry("again")
	settled(t, again2)
	if refusals := again2.log.Refusals(); len(refusals) != 0 {
		t.Errorf("the chain does not check: %v", refusals)
	}
	look(t, again2, id, func(s *session.State) {
		if !s.Registry.Persons[who].Erased {
			t.Error("the person is not erased")
		}
	})
	clean("after a restart")
}

func TestAStatementText(t *testing.T) {
	w := newWorld(t)
	r, _ := w.registry("one")
	id, applicant := w.session()
	file := func(content string) command.FileText {
		return command.FileText{Applicant: applicant, Language: "en", Visibility: events.PublicAtDelivery, Content: content}
	}
	made := w.must(id, "file_text", file("Thank you, Chair.\n\nWe don't agree: 我们不同意。"))
	which := ids.MustParse[ids.Text](made.Made["text"])
	settled(t, r)
	var first session.Text
	look(t, r, id, func(s *session.State) { first = *s.Registry.Texts[which] })
	if first.Words != 11 {
		t.Errorf("%d words", first.Words)
	}
	version := file("Withdrawn words")
	version.Text, version.Words = which, 99999
	w.must(id, "file_text", version)
	settled(t, r)
	look(t, r, id, func(s *session.State) {
		got := s.Registry.Texts[which]
		value, err := r.people.GetText(t.Context(), id, which, got.Digest)
		if err != nil || value.Text != "Withdrawn words" || got.Words != 2 || len(s.Registry.TextOrder) != 1 {
			t.Errorf("the text is %+v %+v (%v)", got, value, err)
		}
	})
	if found := w.files("Thank you, Chair"); len(found) != 0 {
		t.Errorf("the first version is in %v", found)
	}
	w.refused(request(id, "file_text", file("")), problem.Invalid, "args.content")
	w.refused(request(id, "file_text", file(strings.Repeat("word ", 60_000))), problem.TooLarge, "args.content")
	w.must(id, "file_text", file(strings.Repeat("word ", 50_000)))
}

func TestNotes(t *testing.T) {
	w := newWorld(t)
	r, _ := w.registry("one")
	id, _ := w.session()
	chair, c := events.Actor{ID: "token/chair", Roles: []events.Role{events.Chair}}, ids.New[ids.Command]()
	put := notes.Put(w.conn)
	ref, err := put(t.Context(), id, chair, c, "He asked me to, privately.")
	if err != nil || ref.Digest.IsZero() {
		t.Fatalf("the note is %+v (%v)", ref, err)
	}
	if again, err := put(t.Context(), id, chair, c, "He asked me to, privately."); err != nil || again != ref {
		t.Errorf("the same again: %+v (%v)", again, err)
	}
	if note, err := r.people.GetNote(t.Context(), id, ref); err != nil || note.Text != "He asked me to, privately." {
		t.Errorf("the store holds %+v (%v)", note, err)
	}
	for name, c := range map[string]struct {
		session ids.Session
		actor   events.Actor
		command ids.Command
		text    string
		code    problem.Code
	}{
		"another text for the command": {id, chair, c, "Another reason.", problem.Reused},
		"no text":                      {id, chair, ids.New[ids.Command](), " ", problem.Invalid},
		"too long":                     {id, chair, ids.New[ids.Command](), strings.Repeat("a", people.MaxNote+1), problem.TooLarge},
		"no session":                   {ids.New[ids.Session](), chair, c, "Reason.", problem.NotFound},
		"no actor":                     {id, events.Actor{}, c, "Reason.", problem.Malformed},
		"no command":                   {id, chair, ids.Command{}, "Reason.", problem.Malformed},
	} {
		if _, err := put(t.Context(), c.session, c.actor, c.command, c.text); !problem.Is(err, c.code) {
			t.Errorf("%s: %v", name, err)
		}
	}
	observer := events.Actor{ID: "token/observer", Roles: []events.Role{events.Observer}}
	if err := notes.Remove(t.Context(), w.conn, id, observer, ref.ID); !problem.Is(err, problem.Forbidden) {
		t.Errorf("erased by an observer: %v", err)
	}
	for range 2 { // the second time there is nothing left, and that is no fault
		if err := notes.Remove(t.Context(), w.conn, id, chair, ref.ID); err != nil {
			t.Errorf("erased by the chair: %v", err)
		}
	}
	if found := w.files("He asked me"); len(found) != 0 {
		t.Errorf("the note is in %v", found)
	}
	for _, raw := range []string{"{", `{"actor":{"id":"x"},"command":"no uuid"}`} {
		reply, err := w.conn.Request(notes.Subject(id, notes.Keep), []byte(raw), 5*time.Second)
		if err != nil || !bytes.Contains(reply.Data, []byte("malformed")) {
			t.Errorf("%s is answered with %s (%v)", raw, reply.Data, err)
		}
	}
}

// TestTheSameOrganisationAtOnce: many clients, two replicas, one organisation.
func TestTheSameOrganisationAtOnce(t *testing.T) {
	w := newWorld(t)
	one, _ := w.registry("one")
	two, _ := w.registry("two")
	id := ids.New[ids.Session]()
	w.must(id, "create_session", good())
	spellings := []string{"Côté Digital", "cote digital", "CÔTÉ  DIGITAL", "Côte\u0301 Digital", "Соte Digital"}
	var all sync.WaitGroup
	outcomes := make(chan error, 20)
	for i := range 20 {
		all.Go(func() {
			_, err := w.ask(request(id, "apply", command.Apply{Organisation: spellings[i%len(spellings)]}))
			outcomes <- err
		})
	}
	all.Wait()
	close(outcomes)
	accepted := 0
	for err := range outcomes {
		switch {
		case err == nil:
			accepted++
		case !problem.Is(err, problem.Already):
			t.Errorf("refused with %v", err)
		}
	}
	settled(t, one, two)
	for _, r := range []*Service{one, two} {
		look(t, r, id, func(s *session.State) {
			if accepted != 1 || len(s.Registry.ApplicantOrder) != 1 {
				t.Errorf("%d accepted, %d applicants", accepted, len(s.Registry.ApplicantOrder))
			}
		})
	}
}
