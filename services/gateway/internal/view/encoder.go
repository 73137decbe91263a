package view

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"

	"github.com/fairfloor/fairfloor/pkg/api"
	"github.com/fairfloor/fairfloor/pkg/ids"
)

// Encoder encodes one session's views, one after the other, and remembers what
// it wrote: an element of one of the large maps (entries, applicants, turns,
// persons) that did not change since is not written again, for any audience.
// What it gives depends on the view alone; the zero value is ready. It is not
// safe for concurrent use.
type Encoder struct {
	entries    memo[ids.Entry, api.EntryView]
	applicants memo[ids.Applicant, api.ApplicantView]
	turns      memo[ids.Turn, api.TurnView]
	persons    memo[ids.Person, api.PersonView]
	last       *View
}

// Encoded is one audience's view.
type Encoded struct {
	// JSON is the document.
	JSON json.RawMessage
	// rest is the document without the large maps, which stand at its end.
	rest  json.RawMessage
	large [4]section
}

// section is one of the large maps.
type section struct {
	name string
	// shown is false when the audience does not see the map at all.
	shown    bool
	elements []element
	size     int
}

// element is one member of a map: its key with the quotes, its value.
type element struct{ key, value []byte }

// Encode writes the view of one audience, without null members. It changes
// nothing in v.
func (e *Encoder) Encode(v *View, audience api.Audience) (*Encoded, error) {
	rank := slices.Index(api.Audiences(), audience)
	if rank < 0 {
		return nil, fmt.Errorf("there is no audience %q", audience)
	}
	if e.last != v {
		// Once for each view, whatever the number of its audiences.
		e.entries.update(v.Entries, func(a, b *api.EntryView) bool { return reflect.DeepEqual(a, b) })
		e.applicants.update(v.Applicants, identical[api.ApplicantView])
		e.turns.updateFrom(v.Turns, identical[api.TurnView])
		e.persons.update(v.Persons, identical[api.PersonView])
		e.last = v
	}
	narrow, open := v.narrow(audience)
	rest, err := json.Marshal(&narrow)
	if err != nil {
		return nil, fmt.Errorf("view for %s: %w", audience, err)
	}
	out := &Encoded{rest: withoutNulls(rest)}
	hidden := func(entry *api.EntryView) bool { return audience == api.ForPublic && notHeard(entry) }
	w := writer{audience, rank, open, nil}
	out.large = [4]section{
		largeMap(&w, "applicants", "Applicants", &e.applicants, nil),
		largeMap(&w, "entries", "Entries", &e.entries, hidden),
		largeMap(&w, "persons", "Persons", &e.persons, nil),
		largeMap(&w, "turns", "Turns", &e.turns, nil),
	}
	out.join()
	return out, w.err
}

// join writes the whole document.
func (e *Encoded) join() {
	size := len(e.rest)
	for i := range e.large {
		size += e.large[i].size + len(e.large[i].name) + 6
	}
	doc := append(make([]byte, 0, size), e.rest[:len(e.rest)-1]...)
	for i := range e.large {
		s := &e.large[i]
		if !s.shown {
			continue
		}
		doc = append(append(append(doc, `,"`...), s.name...), `":{`...)
		for n, m := range s.elements {
			if n > 0 {
				doc = append(doc, ',')
			}
			doc = append(append(append(doc, m.key...), ':'), m.value...)
		}
		doc = append(doc, '}')
	}
	e.JSON = append(doc, '}')
}

// writer says for whom a section is written.
type writer struct {
	audience api.Audience
	rank     int
	open     bool
	err      error
}

// largeMap writes one of the large maps, as far as it is not written already.
func largeMap[K key, V any](w *writer, name, field string, m *memo[K, V], hidden func(*V) bool) section {
	s := section{name: name}
	tag, _ := reflect.TypeFor[api.View]().FieldByName(field)
	if s.shown = api.Sees(tag, w.audience); !s.shown {
		return s
	}
	if !w.open {
		return s
	}
	s.elements = make([]element, 0, len(m.order))
	for _, r := range m.order {
		if hidden != nil && hidden(&r.whole) {
			continue
		}
		if r.raw[w.rank] == nil {
			if w.err = r.write(m.hidden, w.rank); w.err != nil {
				return s
			}
		}
		s.elements = append(s.elements, element{r.key, r.raw[w.rank]})
		s.size += len(r.key) + len(r.raw[w.rank]) + 2
	}
	return s
}

// key is an identifier.
type key interface {
	comparable
	Bytes() [16]byte
	String() string
}

// memo remembers the encodings of a map's values.
type memo[K key, V any] struct {
	of    map[K]*remembered[V]
	order []*remembered[V] // by key, as encoding/json would write them
	round int
	// hidden are the fields that each audience does not see.
	hidden [4][]int
}

// remembered is one value with its encoding for each audience, nil for those
// that have not asked for it.
type remembered[V any] struct {
	id    [16]byte
	key   []byte
	whole V
	raw   [4][]byte
	round int
}

func identical[V comparable](a, b *V) bool { return *a == *b }

// update takes over a map's values and forgets the encodings of those that changed.
func (m *memo[K, V]) update(values map[K]V, equal func(a, b *V) bool) {
	m.begin(len(values))
	for k, v := range values {
		m.take(k, &v, equal)
	}
	m.end(len(values))
}

// updateFrom is update for a map of pointers.
func (m *memo[K, V]) updateFrom(values map[K]*V, equal func(a, b *V) bool) {
	m.begin(len(values))
	for k, v := range values {
		m.take(k, v, equal)
	}
	m.end(len(values))
}

func (m *memo[K, V]) begin(n int) {
	m.round++
	if m.of == nil {
		m.of, m.hidden = make(map[K]*remembered[V], n), hiddenOf[V]()
	}
}

func (m *memo[K, V]) take(k K, v *V, equal func(a, b *V) bool) {
	r := m.of[k]
	switch {
	case r == nil:
		r = &remembered[V]{id: k.Bytes(), key: []byte(`"` + k.String() + `"`), whole: *v}
		m.of[k] = r
		m.order = nil
	case !equal(&r.whole, v):
		r.whole, r.raw = *v, [4][]byte{}
	}
	r.round = m.round
}

func (m *memo[K, V]) end(n int) {
	if len(m.of) > n {
		m.order = nil
		for k, r := range m.of {
			if r.round != m.round {
				delete(m.of, k)
			}
		}
	}
	if m.order != nil {
		return
	}
	m.order = make([]*remembered[V], 0, len(m.of))
	for _, r := range m.of {
		m.order = append(m.order, r)
	}
	// The text of a UUID sorts as its bytes do.
	slices.SortFunc(m.order, func(a, b *remembered[V]) int { return bytes.Compare(a.id[:], b.id[:]) })
}

// write encodes the value for one audience. Audiences that see the same of it
// share the bytes: those from whom the same fields are kept, and those from whom
// only fields are kept that are empty anyway.
func (r *remembered[V]) write(hidden [4][]int, rank int) error {
	for wider := range rank {
		if r.raw[wider] != nil && (slices.Equal(hidden[wider], hidden[rank]) || r.empty(hidden[rank])) {
			r.raw[rank] = r.raw[wider]
			return nil
		}
	}
	narrow := r.whole
	fields := reflect.ValueOf(&narrow).Elem()
	for _, i := range hidden[rank] {
		fields.Field(i).SetZero()
	}
	raw, err := json.Marshal(&narrow)
	if err != nil {
		return err
	}
	r.raw[rank] = withoutNulls(raw)
	return nil
}

// empty reports whether none of the fields is set, so that nothing is hidden by
// hiding them. What a wider audience is not shown is among them.
func (r *remembered[V]) empty(fields []int) bool {
	value := reflect.ValueOf(&r.whole).Elem()
	return !slices.ContainsFunc(fields, func(i int) bool { return !value.Field(i).IsZero() })
}

// hiddenOf gives, for each audience, the fields of an element that the tags keep
// from it. Elements are flat: nothing inside their fields has a tag of its own.
func hiddenOf[V any]() (hidden [4][]int) {
	t := reflect.TypeFor[V]()
	for rank, audience := range api.Audiences() {
		for i := range t.NumField() {
			if !api.Sees(t.Field(i), audience) {
				hidden[rank] = append(hidden[rank], i)
			}
		}
	}
	return hidden
}

// Since gives the merge patch from an earlier encoding for the same audience,
// or nil when they are equal. It is Diff(before.JSON, e.JSON) without reading
// what did not change.
func (e *Encoded) Since(before *Encoded) json.RawMessage {
	if bytes.Equal(before.JSON, e.JSON) {
		return nil
	}
	patch := []byte{'{'}
	if rest := Diff(before.rest, e.rest); rest != nil {
		patch = append(patch, rest[1:len(rest)-1]...)
	}
	for i := range e.large {
		patch = e.large[i].since(&before.large[i], patch)
	}
	return append(patch, '}')
}

// since writes what changed in a section as a member of the patch.
func (s *section) since(before *section, patch []byte) []byte {
	comma := func() {
		if last := patch[len(patch)-1]; last != '{' {
			patch = append(patch, ',')
		}
	}
	start := len(patch)
	comma()
	patch = append(append(append(patch, '"'), s.name...), `":{`...)
	empty := len(patch)
	old, new := before.elements, s.elements
	for len(old) > 0 || len(new) > 0 {
		order := 0
		switch {
		case len(old) == 0:
			order = 1
		case len(new) == 0:
			order = -1
		default:
			order = bytes.Compare(old[0].key, new[0].key)
		}
		switch {
		case order < 0:
			comma()
			patch = append(append(patch, old[0].key...), ":null"...)
		case order > 0:
			comma()
			patch = append(append(append(patch, new[0].key...), ':'), new[0].value...)
		case &old[0].value[0] != &new[0].value[0] && !bytes.Equal(old[0].value, new[0].value):
			comma()
			patch = append(append(patch, new[0].key...), ':')
			patch = appendDiff(patch, old[0].value, new[0].value)
		}
		if order <= 0 {
			old = old[1:]
		}
		if order >= 0 {
			new = new[1:]
		}
	}
	if len(patch) == empty {
		return patch[:start]
	}
	return append(patch, '}')
}
