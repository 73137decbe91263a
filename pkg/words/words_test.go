package words_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/fairfloor/fairfloor/pkg/captions"
	"github.com/fairfloor/fairfloor/pkg/eventlog/logtest"
	"github.com/fairfloor/fairfloor/pkg/forget"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/problem"
	"github.com/fairfloor/fairfloor/pkg/words"
)

func TestEveryRevisionIsKeptUntilTheSegmentIsErased(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	server := logtest.Open(t)
	js, err := jetstream.New(server.Connect("words"))
	if err != nil {
		t.Fatal(err)
	}
	store, err := words.Open(ctx, js, words.Config{})
	if err != nil {
		t.Fatal(err)
	}
	cache, err := store.Watch(ctx, forget.WatchConfig{OnFault: func(err error) { t.Error(err) }})
	if err != nil {
		t.Fatal(err)
	}
	defer cache.Close()
	s, segment := ids.New[ids.Session](), ids.New[ids.Segment]()
	key := words.CaptionKey(s, segment)
	one := words.Caption{Text: "first", Words: []words.Word{{Text: "first", Start: 1, End: 2, Confidence: .5}}, Label: "MR X"}
	first, err := store.Put(ctx, key, ids.New[ids.Command](), one)
	if err != nil {
		t.Fatal(err)
	}
	second, err := store.Put(ctx, key, ids.New[ids.Command](), words.Caption{Text: "second"})
	if err != nil {
		t.Fatal(err)
	}
	if got, state := words.Revision(cache, s, segment, first); state != forget.Kept || got.Text != "first" || got.Label != "MR X" || !slices.Equal(got.Words, one.Words) {
		t.Errorf("the first revision is %+v, %s", got, state)
	}
	if got, state := words.Revision(cache, s, segment, second); state != forget.Kept || got.Text != "second" {
		t.Errorf("the second revision is %+v, %s", got, state)
	}
	// A tail keeps its words through the store: what is read back goes on the same.
	tail, pushed, err := captions.Tail{}.Push([]byte("one\ntw"))
	if err != nil || len(pushed.Lines) != 2 {
		t.Fatal(err)
	}
	source := ids.New[ids.Source]()
	d, err := store.Put(ctx, words.TailKey(s, source), ids.New[ids.Command](), words.Tail{Tail: tail})
	if err != nil {
		t.Fatal(err)
	}
	back, state := forget.Lookup[words.Tail](cache, words.TailKey(s, source), d)
	if line, open := back.Running(); state != forget.Kept || !open || line.Text != "tw" {
		t.Errorf("the tail is %+v, %s", line, state)
	}
	if _, err := store.Erase(ctx, key); err != nil {
		t.Fatal(err)
	}
	if got, state := words.Revision(cache, s, segment, first); state != forget.Erased || got.Text != "" {
		t.Errorf("after the erasure: %+v, %s", got, state)
	}
	if _, err := store.Put(ctx, key, ids.New[ids.Command](), words.Caption{Text: "back again"}); !problem.Is(err, problem.WrongState) {
		t.Errorf("an erased segment took words: %v", err)
	}
	if _, err := store.Put(ctx, forget.Key{Kind: "person", Session: s, ID: segment.String()}, ids.New[ids.Command](), one); err == nil {
		t.Error("a kind of another store was taken")
	}
}

func TestValuesThatCannotBe(t *testing.T) {
	long := strings.Repeat("é", words.MaxText+1)
	for name, c := range map[string]struct {
		value forget.Value
		field string
	}{
		"empty":            {words.Caption{Text: " \n"}, "text"},
		"long":             {words.Caption{Text: long}, "text"},
		"not UTF-8":        {words.Caption{Text: "\xff"}, "text"},
		"a bell":           {words.Caption{Text: "a\a"}, "text"},
		"many words":       {words.Caption{Text: "a", Words: make([]words.Word, words.MaxWords+1)}, "words"},
		"an empty wish":    {words.Wish{}, "text"},
		"an empty term":    {words.Glossary{Terms: []words.Term{{Wrong: "x"}}}, "terms"},
		"many terms":       {words.Glossary{Terms: make([]words.Term, words.MaxTerms+1)}, "terms"},
		"no address":       {words.Relay{}, "url"},
		"a long address":   {words.Relay{URL: strings.Repeat("x", words.MaxURL+1)}, "url"},
		"a long wrong one": {words.Glossary{Terms: []words.Term{{Right: "x", Wrong: long}}}, "terms"},
	} {
		err := c.value.Check()
		if p := problem.From(err); err == nil || p.Field != c.field || p.Do == "" {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, ok := range []forget.Value{words.Caption{Text: "two\nlines"}, words.Glossary{}, words.Tail{}, words.Relay{URL: "https://x"}} {
		if err := ok.Check(); err != nil {
			t.Errorf("%+v: %v", ok, err)
		}
	}
}
