package faults_test

import (
	"bytes"
	"encoding/base64"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fairfloor/fairfloor/pkg/client"
	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/proof"
)

// The person who is to be forgotten. No text of these occurs anywhere else.
var forgotten = command.PersonValue{
	Name: "Zdenka Wörtelblüth-Kvapilová", FormOfAddress: "Dr", Pronunciation: "zDENka VERtelblyt",
	Email: "zdenka.kvapilova@oblivion.example", Phone: "+41 79 555 01 73", Postal: "17 Rue de l'Oubliette, Carouge",
	AccessNeeds: "a lectern at 83 cm and a hearing loop", AccessSeconds: 40,
}

// traces are the texts that must be nowhere, in the forms in which they might be
// written: as they are, as JSON and logs escape them, and in base64.
func traces() map[string][]byte {
	all := map[string][]byte{}
	for _, text := range []string{
		forgotten.Name, "Wörtelblüth", "Kvapilová", forgotten.Pronunciation, forgotten.Email, "zdenka.kvapilova", "oblivion.example",
		forgotten.Phone, forgotten.Postal, "Oubliette", forgotten.AccessNeeds,
	} {
		all[text] = []byte(strings.ToLower(text))
		var escaped strings.Builder
		for _, r := range strings.ToLower(text) {
			if r < 0x80 {
				escaped.WriteRune(r)
				continue
			}
			escaped.WriteString(`\u00`)
			escaped.WriteByte("0123456789abcdef"[r>>4&0xf])
			escaped.WriteByte("0123456789abcdef"[r&0xf])
		}
		all[text+", escaped"] = []byte(escaped.String())
		// Base64 of the same text looks different at each of three offsets; the
		// middle of each is the text's own.
		for pad := range 3 {
			encoded := base64.RawStdEncoding.EncodeToString(append(bytes.Repeat([]byte{'x'}, pad), text...))
			all[text+", base64"+strings.Repeat("'", pad)] = []byte(strings.ToLower(encoded[4 : len(encoded)-4]))
		}
	}
	return all
}

// found names the traces in some bytes, whatever their case.
func found(where string, raw []byte) []string {
	var all []string
	lower := bytes.ToLower(raw)
	for name, trace := range traces() {
		if bytes.Contains(lower, trace) {
			all = append(all, where+" holds "+name)
		}
	}
	return all
}

// searchFiles searches every byte of every file of a folder.
func searchFiles(t *testing.T, folder string) []string {
	t.Helper()
	var all []string
	err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		raw, err := os.ReadFile(path)
		if os.IsNotExist(err) {
			return nil // the server renames its index files
		}
		all = append(all, found(path, raw)...)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// searchSurfaces searches what each audience is shown, over HTTP and over the
// websocket, and every export.
func (m *meeting) searchSurfaces() []string {
	m.t.Helper()
	var all []string
	for _, role := range []events.Role{events.Chair, events.Secretariat, events.Technician, events.Interpreter, events.Observer} {
		link := m.link(command.Invite{Roles: []events.Role{role}})
		as := client.HTTP{Base: m.http.Base, Token: link.Token, Client: m.http.Client}
		paths := []string{"", "/heads"}
		if role == events.Chair || role == events.Secretariat {
			paths = append(paths, "/log")
		}
		for _, path := range paths {
			var raw []byte
			if err := as.Do(timeout(m.t), http.MethodGet, "/api/v1/sessions/"+m.id.String()+path, nil, &raw); err != nil {
				m.t.Fatal(err)
			}
			all = append(all, found(string(role)+"'s answer of GET "+path, raw)...)
		}
		l := m.dial(client.Options{Token: link.Token})
		raw, err := l.JSON()
		if err != nil {
			m.t.Fatal(err)
		}
		all = append(all, found(string(role)+"'s websocket", raw)...)
		l.Close()
	}
	return all
}

// TestAfterEraseNothingHoldsTheNameAndTheHashChainStillChecks is the bullet
// "After `erase` of a person, a search of every file, stream, snapshot and log
// line for the name and address finds nothing, and the hash chain still checks".
func TestAfterEraseNothingHoldsTheNameAndTheHashChainStillChecks(t *testing.T) {
	s := serve(t, t.TempDir(), "--log-level", "debug")
	m := meet(t, s.url(), s.organiser, 2)
	chair := m.chair()
	// The person comes in by hand and is corrected twice: earlier values must go too.
	first := forgotten
	first.Name = "Zdenka Kvapilová"
	value := first
	r := m.do("add_person", command.AddPerson{Applicant: m.applicants[0], Roles: []events.Role{events.Speaker}, Value: &value})
	person := parse[ids.Person](t, r.Made["person"])
	for i := range 2 {
		value = forgotten
		value.AccessSeconds += int64(i)
		m.do("change_person", command.AddPerson{Person: person, Applicant: m.applicants[0], Roles: []events.Role{events.Speaker}, Value: &value})
	}
	ask(t, chair, "join", nil, command.Join{Part: m.part, Applicant: m.applicants[0], Delegate: person})
	ask(t, chair, "start_session", nil, command.None{})
	m.give(chair)
	speaker := m.join(command.Invite{Roles: []events.Role{events.Speaker}, Applicant: m.applicants[0], Person: person})

	// Before, the search finds it where it belongs: the test can fail.
	if err := chair.Wait(timeout(t), func(l *client.Locked) bool { return l.View().Persons[person].Name == forgotten.Name }); err != nil {
		t.Fatalf("the chair never saw the name: %v", err)
	}
	if len(searchFiles(t, s.data)) == 0 || len(m.searchSurfaces()) == 0 {
		t.Fatal("the search finds nothing while the person is known")
	}
	for _, trace := range found("a log line", []byte(s.everything())) {
		t.Error(trace)
	}

	m.do("erase_person", command.PersonRef{Person: person})
	if err := chair.Wait(timeout(t), func(l *client.Locked) bool {
		p := l.View().Persons[person]
		return p.Erased && p.Name == ""
	}); err != nil {
		t.Fatalf("the chair still sees the person: %v", err)
	}
	until(t, "every file is clean", func() bool { return len(searchFiles(t, s.data)) == 0 })
	clean := func(when string) {
		t.Helper()
		for _, trace := range append(searchFiles(t, s.data), found("a log line", []byte(s.everything()))...) {
			t.Errorf("%s: %s", when, trace)
		}
	}
	served := func(when string) {
		t.Helper()
		clean(when)
		for _, trace := range m.searchSurfaces() {
			t.Errorf("%s: %s", when, trace)
		}
		log := m.export()
		for _, finding := range proof.Check(log, nil, look(t, chair).Session.PublicKey) {
			t.Errorf("%s: %s", when, finding)
		}
	}
	served("after the erasure")
	for _, l := range []*client.Live{chair, speaker} {
		raw, err := l.JSON()
		if err != nil {
			t.Fatal(err)
		}
		for _, trace := range found("an open page", raw) {
			t.Error(trace)
		}
	}

	if code := s.term(); code != 0 {
		t.Errorf("the process ended with %d", code)
	}
	clean("after the process ended")
	s.start(t)
	connected(t, chair, 1)
	served("after a restart")
	s.kill()
	clean("after a kill")
	s.start(t)
	connected(t, chair, 2)
	served("after a kill and a restart")
	if view := m.view(); !view.Persons[person].Erased || len(view.Turns) != 1 {
		t.Errorf("the record lost more than the person: %v", view.Persons[person])
	}
	// Forgotten for good: nobody brings the person back under the same id.
	value = forgotten
	_, err := m.http.Command(timeout(t), m.id, "change_person", nil, command.AddPerson{Person: person, Applicant: m.applicants[0], Value: &value}, "")
	if err == nil {
		t.Error("an erased person was changed")
	}
	clean("after an attempt to bring the person back")
}
