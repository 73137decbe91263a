package api

import (
	"reflect"
	"slices"
	"strings"

	"github.com/fairfloor/fairfloor/pkg/events"
)

// Audience is for whom a view is made (decisions.md 29).
type Audience string

// The audiences, the widest sight first.
const (
	ForChair       Audience = "chair"       // chair, vice-chair, secretariat, organiser
	ForBooth       Audience = "booth"       // interpreters, captioners, technicians
	ForParticipant Audience = "participant" // speakers
	ForPublic      Audience = "public"
)

// Audiences lists the audiences, the widest sight first.
func Audiences() []Audience { return []Audience{ForChair, ForBooth, ForParticipant, ForPublic} }

// Widest gives the widest audience that roles allow; hello may only narrow it.
func Widest(roles []events.Role) Audience {
	actor := events.Actor{Roles: roles}
	switch {
	case actor.Staff():
		return ForChair
	case actor.Has(events.Captioner, events.Interpreter, events.Technician):
		return ForBooth
	case actor.Has(events.Speaker):
		return ForParticipant
	default:
		return ForPublic
	}
}

// Includes reports whether who may see as a may also see as b.
func (a Audience) Includes(b Audience) bool {
	all := Audiences()
	i, j := slices.Index(all, a), slices.Index(all, b)
	return i >= 0 && j >= 0 && i <= j
}

// Clear empties, in a view or any part of one, every field that the tag `see`
// does not give to the audience. The argument is a pointer; maps and slices in
// it are changed in place, so it must be the caller's own.
func Clear(view any, audience Audience) { clear(reflect.ValueOf(view), audience) }

func clear(v reflect.Value, audience Audience) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			clear(v.Elem(), audience)
		}
	case reflect.Slice:
		for i := range v.Len() {
			clear(v.Index(i), audience)
		}
	case reflect.Map:
		if !restricted(v.Type().Elem()) {
			return
		}
		for _, key := range v.MapKeys() {
			if v.Type().Elem().Kind() == reflect.Pointer {
				clear(v.MapIndex(key), audience)
				continue
			}
			// A map's values cannot be changed where they lie.
			copied := reflect.New(v.Type().Elem())
			copied.Elem().Set(v.MapIndex(key))
			clear(copied, audience)
			v.SetMapIndex(key, copied.Elem())
		}
	case reflect.Struct:
		for i := range v.NumField() {
			field := v.Type().Field(i)
			if !field.IsExported() {
				continue
			}
			if !Sees(field, audience) {
				v.Field(i).SetZero()
				continue
			}
			clear(v.Field(i), audience)
		}
	}
}

// Sees reports whether a field of the view is for the audience.
func Sees(field reflect.StructField, audience Audience) bool {
	see, limited := field.Tag.Lookup("see")
	return !limited || slices.Contains(strings.Split(see, ","), string(audience))
}

// restricted reports whether a type holds a field with the tag, so that maps
// without any are not walked.
func restricted(t reflect.Type) bool {
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice || t.Kind() == reflect.Map {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct {
		return false
	}
	for i := range t.NumField() {
		field := t.Field(i)
		if _, limited := field.Tag.Lookup("see"); limited || field.IsExported() && restricted(field.Type) {
			return true
		}
	}
	return false
}
