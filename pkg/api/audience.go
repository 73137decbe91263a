package api

import (
	"reflect"
	"slices"
	"strings"

	"github.com/fairfloor/fairfloor/pkg/token"
)

// Audience is for whom a view is made (decisions.md 29).
type Audience = token.Audience

// The audiences, the widest sight first.
const (
	ForChair       = token.ForChair       // chair, vice-chair, secretariat, organiser
	ForBooth       = token.ForBooth       // interpreters, captioners, technicians
	ForParticipant = token.ForParticipant // speakers
	ForPublic      = token.ForPublic
)

// Audiences lists the audiences, the widest sight first.
func Audiences() []Audience { return token.Audiences() }

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
