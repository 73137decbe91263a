package events

import (
	"encoding"
	"fmt"
	"reflect"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"github.com/fairfloor/fairfloor/pkg/ids"
)

// source is where fill takes its values from.
type source struct {
	number func() int64
	text   func() string
	length func() int
}

// counting gives 1, 2, 3 and so on, so that the same type is always filled alike.
func counting() source {
	n := int64(0)
	next := func() int64 { n++; return n }
	return source{number: next, text: func() string { return fmt.Sprintf("text %d", next()) }, length: func() int { return 2 }}
}

// drawn gives what rapid draws.
func drawn(t *rapid.T) source {
	return source{
		number: func() int64 { return rapid.Int64().Draw(t, "number") },
		text:   func() string { return rapid.String().Draw(t, "text") },
		length: func() int { return rapid.IntRange(1, 3).Draw(t, "length") },
	}
}

// fill sets every field below v, so that a round trip shows each that is lost.
func (s source) fill(v reflect.Value) {
	if reader, ok := v.Addr().Interface().(encoding.TextUnmarshaler); ok {
		s.fillText(v, reader)
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			s.fill(v.Field(i))
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), s.length(), 8))
		for i := range v.Len() {
			s.fill(v.Index(i))
		}
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		for range s.length() {
			key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
			s.fill(key)
			s.fill(value)
			v.SetMapIndex(key, value)
		}
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		s.fill(v.Elem())
	case reflect.String:
		v.SetString(s.text())
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int64:
		v.SetInt(s.number())
	case reflect.Uint64:
		v.SetUint(uint64(s.number()))
	default:
		panic(fmt.Sprintf("an event holds a %s, which fill does not know", v.Type()))
	}
}

// fillText fills an identifier or a hash through its own text form.
func (s source) fillText(v reflect.Value, reader encoding.TextUnmarshaler) {
	name := fmt.Appendf(nil, "%d", s.number())
	text := uuid.NewSHA1(uuid.Nil, name).String()
	if v.Type() == reflect.TypeFor[Hash]() {
		text = HashBody(name).String()
	}
	if v.Type() == reflect.TypeFor[ids.Organisation]() {
		text = "o" + text[:8]
	}
	if err := reader.UnmarshalText([]byte(text)); err != nil {
		panic(err)
	}
}

// filled gives a value of a type with every field set.
func (s source) filled(row TypeInfo) Event {
	e := makers[row.Name]()
	s.fill(reflect.ValueOf(e).Elem())
	return e
}
