package view

import (
	"bytes"
	"encoding/json"
)

// Diff gives the RFC 7396 merge patch that makes of the encoding old the
// encoding new, or nil when they are equal. Both are objects written by Encode:
// compact, without null members (a merge patch cannot set a member to null, it
// can only delete it), a thing always in the same order. Arrays are replaced
// whole.
//
// Equal parts are told by their bytes and never parsed, so the cost is one scan
// of the texts; see BenchmarkDiff for the alternatives that were measured.
func Diff(old, new json.RawMessage) json.RawMessage {
	if bytes.Equal(old, new) {
		return nil
	}
	return appendDiff(make([]byte, 0, 256), old, new)
}

// member is one member of an object: its key with the quotes, its value.
type member struct{ key, value []byte }

// members splits an object into its members. It trusts its input: both texts
// were written by encoding/json a moment ago.
func members(object []byte) []member {
	all := make([]member, 0, 16)
	i := 1
	for object[i] != '}' {
		end := skip(object, i)
		key := object[i:end]
		i = end + 1 // the colon
		end = skip(object, i)
		all = append(all, member{key, object[i:end]})
		i = end
		if object[i] == ',' {
			i++
		}
	}
	return all
}

// skip gives the index after the JSON value that begins at i.
func skip(text []byte, i int) int {
	switch text[i] {
	case '"':
		return skipString(text, i)
	case '{', '[':
		depth := 0
		for {
			switch text[i] {
			case '"':
				i = skipString(text, i)
				continue
			case '{', '[':
				depth++
			case '}', ']':
				if depth--; depth == 0 {
					return i + 1
				}
			}
			i++
		}
	default:
		for i < len(text) && text[i] != ',' && text[i] != '}' && text[i] != ']' {
			i++
		}
		return i
	}
}

// skipString gives the index after the string that begins at i.
func skipString(text []byte, i int) int {
	for i++; ; i++ {
		i += bytes.IndexByte(text[i:], '"')
		// The quote ends the string when an even number of backslashes is before it.
		escapes := 0
		for text[i-1-escapes] == '\\' {
			escapes++
		}
		if escapes%2 == 0 {
			return i + 1
		}
	}
}

// appendDiff writes the patch of two objects that are not equal.
func appendDiff(patch, old, new []byte) []byte {
	was, is := members(old), members(new)
	find := finder(was)
	patch = append(patch, '{')
	start := len(patch)
	comma := func() {
		if len(patch) > start {
			patch = append(patch, ',')
		}
	}
	kept := 0
	for _, m := range is {
		before, there := find(m.key)
		if there {
			kept++
			if bytes.Equal(before, m.value) {
				continue
			}
		}
		comma()
		patch = append(append(patch, m.key...), ':')
		if there && before[0] == '{' && m.value[0] == '{' {
			patch = appendDiff(patch, before, m.value)
		} else {
			patch = append(patch, m.value...)
		}
	}
	if kept == len(was) {
		return append(patch, '}')
	}
	find = finder(is)
	for _, m := range was {
		if _, there := find(m.key); !there {
			comma()
			patch = append(append(patch, m.key...), ":null"...)
		}
	}
	return append(patch, '}')
}

// finder gives a search of members by key. Most members stand where they stood,
// so the neighbourhood of the last find is tried first; the index by key is
// made only for large objects whose order has changed.
func finder(all []member) func(key []byte) ([]byte, bool) {
	next := 0
	var index map[string]int
	return func(key []byte) ([]byte, bool) {
		for i := next; i < min(next+2, len(all)); i++ {
			if bytes.Equal(all[i].key, key) {
				next = i + 1
				return all[i].value, true
			}
		}
		if index == nil {
			index = make(map[string]int, len(all))
			for i, m := range all {
				index[string(m.key)] = i
			}
		}
		i, there := index[string(key)]
		if !there {
			return nil, false
		}
		next = i + 1
		return all[i].value, true
	}
}

// withoutNulls removes every member whose value is null, in objects at any
// depth. Absent and null mean the same in a view.
func withoutNulls(text []byte) []byte {
	if !bytes.Contains(text, []byte(":null")) {
		return text
	}
	out := make([]byte, 0, len(text))
	return appendWithoutNulls(out, text)
}

func appendWithoutNulls(out, value []byte) []byte {
	switch value[0] {
	case '{':
		out = append(out, '{')
		first := true
		for _, m := range members(value) {
			if string(m.value) == "null" {
				continue
			}
			if !first {
				out = append(out, ',')
			}
			first = false
			out = append(append(out, m.key...), ':')
			out = appendWithoutNulls(out, m.value)
		}
		return append(out, '}')
	case '[':
		if !bytes.Contains(value, []byte(":null")) {
			return append(out, value...)
		}
		out = append(out, '[')
		for i := 1; value[i] != ']'; {
			end := skip(value, i)
			out = appendWithoutNulls(out, value[i:end])
			i = end
			if value[i] == ',' {
				out = append(out, ',')
				i++
			}
		}
		return append(out, ']')
	default:
		return append(out, value...)
	}
}
