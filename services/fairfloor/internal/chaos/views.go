package chaos

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"

	"github.com/fairfloor/fairfloor/pkg/api"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/session"
	"github.com/fairfloor/fairfloor/services/gateway"
)

// waiting follows who waits on a list, from the facts of the queue alone.
type waiting struct {
	on    map[ids.Entry]bool
	entry map[ids.Turn]ids.Entry
}

func (w *waiting) apply(e events.Event) {
	switch e := e.(type) {
	case *events.EntryJoined:
		// Without a place they wait on standby.
		w.on[e.Entry] = e.Place > 0
	case *events.EntryWithdrawn:
		w.on[e.Entry] = false
	case *events.EntryToStandby:
		w.on[e.Entry] = false
	case *events.EntryReturned:
		w.on[e.Entry] = true
	case *events.FloorGiven:
		w.on[e.Entry], w.entry[e.Turn] = false, e.Entry
	case *events.TurnEnded:
		if e.How == events.SteppedBk {
			w.on[w.entry[e.Turn]] = true
		}
	case *events.ActUndone:
		if !e.Voided.IsZero() {
			w.on[w.entry[e.Voided]] = true
		}
		if !e.Resumed.IsZero() {
			w.on[w.entry[e.Resumed]] = false
		}
	}
}

// views folds the log and compares every client's last view with what it gives, and
// looks for each entry that waits in each list that somebody sees.
func (c *checker) views() error {
	state := session.New(c.Session)
	list := waiting{on: map[ids.Entry]bool{}, entry: map[ids.Turn]ids.Entry{}}
	for i := range c.lines {
		line := &c.lines[i]
		if err := state.Apply(&line.commit, session.Meta{Context: line.context, Sequence: line.Seq, Hash: line.hash}); err != nil {
			// Said already, by the log's own check; what follows could only repeat it.
			return nil //nolint:nilerr // a finding, and no fault of the checker's
		}
		for _, e := range line.commit.Events {
			list.apply(e)
		}
	}
	var end uint64
	if n := len(c.lines); n > 0 {
		end = c.lines[n-1].Seq
	}
	right := map[api.Audience]any{}
	seen := map[string]string{} // what was found in a view that several clients share
	for i := range c.Endings {
		one := &c.Endings[i]
		if one.Stopped {
			c.say(Stuck, "%s gave up: %s", one.Client, one.Why)
			continue
		}
		if one.Seq < end {
			c.say(WrongView, "%s stands at log position %d of %d", one.Client, one.Seq, end)
		}
		if _, known := right[one.Audience]; !known {
			raw, err := gateway.Folded(state, one.Audience)
			if err != nil {
				return fmt.Errorf("the view that the log gives: %w", err)
			}
			var document any
			if err := json.Unmarshal(raw, &document); err != nil {
				return fmt.Errorf("the view that the log gives: %w", err)
			}
			right[one.Audience] = document
		}
		if err := c.compare(one, right[one.Audience], &list, seen); err != nil {
			return err
		}
	}
	return nil
}

// compare compares one client's view with the right one.
func (c *checker) compare(one *Ending, right any, list *waiting, seen map[string]string) error {
	shared := string(one.Audience) + string(one.View)
	found, known := seen[shared]
	if !known {
		var document any
		if err := json.Unmarshal(one.View, &document); err != nil {
			return fmt.Errorf("the view of %s: %w", one.Client, err)
		}
		if found = difference("", document, right); found != "" {
			seen[shared] = found
		}
		if err := c.places(one, list); err != nil {
			return err
		}
		seen[shared] = found
	}
	if found != "" {
		c.say(WrongView, "%s: %s", one.Client, found)
	}
	return nil
}

// places looks for each entry that waits.
func (c *checker) places(one *Ending, list *waiting) error {
	var v api.View
	if err := json.NewDecoder(bytes.NewReader(one.View)).Decode(&v); err != nil {
		return fmt.Errorf("the view of %s: %w", one.Client, err)
	}
	shown := map[ids.Entry]int{}
	for _, order := range v.Lists {
		for _, entry := range order {
			shown[entry]++
		}
	}
	for entry, waits := range list.on {
		switch {
		case waits && shown[entry] == 0:
			c.say(PlaceLost, "entry %s waits and is on no list of %s", entry, one.Client)
		case shown[entry] > 1:
			c.say(PlaceLost, "entry %s is %d times on the lists of %s", entry, shown[entry], one.Client)
		case !waits && shown[entry] > 0:
			c.say(PlaceLost, "entry %s does not wait and is on the list of %s", entry, one.Client)
		}
	}
	return nil
}

// difference gives the first member in which two documents differ, empty when they do not.
func difference(path string, have, want any) string {
	a, isMap := have.(map[string]any)
	b, both := want.(map[string]any)
	if !isMap || !both {
		if reflect.DeepEqual(have, want) {
			return ""
		}
		return fmt.Sprintf("%s is %.80v and should be %.80v", path, have, want)
	}
	names := make([]string, 0, len(a))
	for name := range a {
		names = append(names, name)
	}
	for name := range b {
		if _, twice := a[name]; !twice {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for _, name := range names {
		if found := difference(path+"/"+name, a[name], b[name]); found != "" {
			return found
		}
	}
	return ""
}
