package bubble

import (
	"encoding/json"
	"fmt"
	"reflect"
	"testing/synctest"

	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/session"
)

// fold makes a state of a log as it is exported.
func (m *meeting) fold() *session.State {
	m.t.Helper()
	raw, incarnation, err := m.stack.raw(m.id)
	if err != nil {
		m.t.Fatalf("reading the log: %v", err)
	}
	s := session.New(m.id)
	s.Incarnation = incarnation
	for _, one := range raw {
		var c events.Commit
		if err := json.Unmarshal(one.Body, &c); err != nil {
			m.t.Fatalf("sequence %d: %v", one.Sequence, err)
		}
		of, _, err := events.ParseSubject(one.Subject)
		if err != nil {
			m.t.Fatalf("sequence %d: %v", one.Sequence, err)
		}
		if err := s.Apply(&c, session.Meta{Context: of, Sequence: one.Sequence, Hash: events.HashBody(one.Body)}); err != nil {
			m.t.Fatalf("sequence %d: %v", one.Sequence, err)
		}
	}
	return s
}

// check holds the session, which is at rest, to everything that must be so: the
// auditor finds nothing, the receipts are those of the log, and the state of
// each of the nine replicas is the fold of the exported log.
func (m *meeting) check() *auditor {
	m.t.Helper()
	synctest.Wait()
	raw, incarnation, err := m.stack.raw(m.id)
	if err != nil {
		m.t.Fatalf("reading the log: %v", err)
	}
	a := audit(raw, incarnation)
	a.receipts(raw, m.accepted)
	folded := m.fold()
	a.agrees(folded)
	for _, f := range a.faults {
		m.t.Errorf("%s", f)
	}
	if len(a.faults) > 0 {
		m.t.Logf("%s", a.story.String())
	}
	all := m.stack.all()
	if len(all) != replicas*len(contexts) {
		m.t.Errorf("%d replicas run", len(all))
	}
	for _, r := range all {
		if !r.View(m.id, func(s *session.State) {
			for _, d := range differ(s, folded) {
				m.t.Errorf("%s: %s", r.name, d)
			}
		}) {
			m.t.Errorf("%s does not know the session", r.name)
		}
	}
	return a
}

// agrees compares what the auditor reckoned with what package session says.
func (a *auditor) agrees(s *session.State) {
	a.at = "the comparison with the state"
	for part, list := range a.places.lists {
		if order := s.Queue.List(part).Order; !(len(order) == 0 && len(list) == 0) && !reflect.DeepEqual(order, list) {
			a.faultf("state: the list is %v, and the state has %v", list, order)
		}
	}
	for _, id := range a.places.entries {
		e := s.Queue.Entries[id]
		if e == nil {
			a.faultf("state: entry %s is not in the state", id)
			continue
		}
		if got := named[s.EntryState(e)]; got != a.places.at[id] {
			a.faultf("state: entry %s %s, and the state says that it %s", id, a.places.at[id], got)
		}
	}
	if len(s.Queue.Entries) != len(a.places.entries) {
		a.faultf("state: %d entries joined, and the state has %d", len(a.places.entries), len(s.Queue.Entries))
	}
	if a.ledger.adjourned.IsZero() {
		return
	}
	for id, turn := range s.Queue.Turns {
		if used := s.Used(turn, s.At); used != a.ledger.used[id] {
			a.faultf("state: turn %s used %d ms, and the state says %d", id, a.ledger.used[id], used)
		}
	}
	if got := account(s.Account(s.At)); got != a.ledger.account {
		a.faultf("state: the account is %+v, and the state says %+v", a.ledger.account, got)
	}
}

// named gives the auditor's word for an entry's state.
var named = map[session.EntryState]where{
	session.Waiting: onList, session.OnFloor: onFloor, session.Spoken: spoken, session.Standby: standby,
	session.Merged: joint, session.Gone: left, session.Raised: raised, session.Admitted: heard,
	session.Refused: refused, session.NotReached: unreached,
}

// differ names the fields in which two states differ.
func differ(a, b *session.State) []string {
	return differences(reflect.ValueOf(a).Elem(), reflect.ValueOf(b).Elem(), "state")
}

// differences names the fields in which two values differ. A list or map that is
// there and empty is one that is not there.
func differences(a, b reflect.Value, path string) []string {
	switch a.Kind() {
	case reflect.Struct:
		var all []string
		for i := range a.NumField() {
			all = append(all, differences(a.Field(i), b.Field(i), path+"."+a.Type().Field(i).Name)...)
		}
		return all
	case reflect.Pointer, reflect.Interface:
		switch {
		case a.IsNil() != b.IsNil():
			return []string{path + " is in one of them"}
		case a.IsNil():
			return nil
		}
		return differences(a.Elem(), b.Elem(), path)
	case reflect.Slice:
		if a.Len() != b.Len() {
			return []string{fmt.Sprintf("%s has %d and %d", path, a.Len(), b.Len())}
		}
		var all []string
		for i := range a.Len() {
			all = append(all, differences(a.Index(i), b.Index(i), fmt.Sprintf("%s[%d]", path, i))...)
		}
		return all
	case reflect.Map:
		if a.Len() != b.Len() {
			return []string{fmt.Sprintf("%s has %d and %d", path, a.Len(), b.Len())}
		}
		var all []string
		for _, key := range a.MapKeys() {
			name := fmt.Sprintf("%s[%v]", path, key)
			if other := b.MapIndex(key); other.IsValid() {
				all = append(all, differences(a.MapIndex(key), other, name)...)
			} else {
				all = append(all, name+" is in one of them")
			}
		}
		return all
	}
	if !a.Equal(b) {
		return []string{fmt.Sprintf("%s is %v and %v", path, a, b)}
	}
	return nil
}
