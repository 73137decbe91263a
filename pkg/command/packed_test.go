package command_test

import (
	"bytes"
	"testing"

	"pgregory.net/rapid"

	"github.com/fairfloor/fairfloor/pkg/captions"
	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/problem"
)

// TestAPackedPostIsTheSamePost: packed and plain posts are the same bytes, and
// what claims to be larger than a post may be is not read.
func TestAPackedPostIsTheSamePost(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		body := rapid.SliceOf(rapid.Byte()).Draw(t, "body")
		for name, push := range map[string]command.Push{"plain": {Body: string(body)}, "packed": {Packed: command.Pack(body)}} {
			if got, err := push.Post(); err != nil || !bytes.Equal(got, body) {
				t.Errorf("%s: %d bytes of %d: %v", name, len(got), len(body), err)
			}
		}
	})
	for name, c := range map[string]struct {
		push command.Push
		want problem.Code
	}{
		"both":                  {command.Push{Body: "a", Packed: command.Pack([]byte("a"))}, problem.Invalid},
		"no deflate":            {command.Push{Packed: []byte("not deflated")}, problem.Malformed},
		"cut":                   {command.Push{Packed: command.Pack(bytes.Repeat([]byte("word "), 1000))[:20]}, problem.Malformed},
		"larger than a post is": {command.Push{Packed: command.Pack(make([]byte, 64<<20))}, problem.TooLarge},
	} {
		if _, err := c.push.Post(); !problem.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	whole := make([]byte, captions.MaxBody)
	if got, err := (&command.Push{Packed: command.Pack(whole)}).Post(); err != nil || len(got) != captions.MaxBody {
		t.Errorf("a post of the largest size: %d bytes, %v", len(got), err)
	}
}
