package live

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/fairfloor/fairfloor/pkg/api"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/problem"
)

const anID = "01980000-0000-7000-8000-000000000001"

// corpus are frames that cannot be used, with the field that the problem names.
var corpus = []struct{ frame, field string }{
	{``, ""},
	{`{`, ""},
	{`nonsense`, ""},
	{`[]`, ""},
	{`"command"`, ""},
	{`null`, "type"},
	{`7`, ""},
	{`{}`, "type"},
	{`{"type":7}`, "type"},
	{`{"type":null}`, "type"},
	{`{"type":"fly"}`, "type"},
	{`{"type":"snapshot"}`, "type"},
	{`{"type":"hello","token":""}`, "type"},
	{`{"type":"command","id":7}`, "id"},
	{`{"type":"command","id":"not a uuid"}`, "id"},
	{`{"type":"command","id":"` + anID + `","verb":7}`, "verb"},
	{`{"type":"command","id":"` + anID + `","verb":"next","actor":"chair"}`, "actor"},
	{`{"type":"command","id":"` + anID + `","verb":"next","expect":{"turn":7}}`, "expect.turn"},
	{`{"type":"command","id":"` + anID + `","verb":"next","expect":{"seat":"x"}}`, "seat"},
	{`{"type":"command","id":"` + anID + `","verb":"next"} {}`, ""},
	{`{"type":"command","id":"` + anID + `","verb":"next","reason":["x"]}`, "reason"},
	{`{"type":"checkin","id":"` + anID + `","entry":"me"}`, "entry"},
	{`{"type":"checkin","id":"` + anID + `","place":1}`, "place"},
	{`{"type":"clock","client_ms":"now"}`, "client_ms"},
	{`{"type":"clock","client_ms":1e999}`, "client_ms"},
	{`{"type":"clock","speed":1}`, "speed"},
	{`{"type":"command","\u0000":1}`, "\u0000"},
	{strings.Repeat(`{"a":`, 20_000), ""},
	{strings.Repeat(`[`, 20_000), ""},
}

func TestFramesThatCannotBeUsedAreNamed(t *testing.T) {
	for _, k := range corpus {
		name := k.frame
		if len(name) > 80 {
			name = name[:80]
		}
		t.Run(name, func(t *testing.T) {
			frame, _, p := parse([]byte(k.frame))
			if p == nil {
				t.Fatalf("it was taken for %+v", frame)
			}
			if p.Field != k.field || p.Detail == "" || p.Do == "" {
				t.Errorf("field %q, not %q: %v (%s)", p.Field, k.field, p, p.Do)
			}
			if p.Code != problem.Malformed && p.Code != problem.WrongState {
				t.Errorf("the code is %s", p.Code)
			}
		})
	}
}

func TestFramesThatCanBeUsed(t *testing.T) {
	id := ids.MustParse[ids.Command](anID)
	frame, got, p := parse([]byte(`{"type":"checkin","id":"` + anID + `","entry":"` + anID + `"}`))
	c, ok := frame.(*api.CommandFrame)
	if p != nil || !ok || got != id || c.Verb != "check_in" || c.ID != id || string(c.Args) != `{"entry":"`+anID+`"}` {
		t.Errorf("a check-in became %+v (%v)", frame, p)
	}
	frame, _, p = parse([]byte(`{"type":"clock","client_ms":-12.5}`))
	if k, ok := frame.(*api.ClockFrame); p != nil || !ok || k.ClientMS != -12.5 {
		t.Errorf("a clock became %+v (%v)", frame, p)
	}
	frame, _, p = parse([]byte(`{"type":"command","id":"` + anID + `","verb":"next","expect":{"turn":""},"args":{"any":1},"reason":"so"}`))
	if c, ok := frame.(*api.CommandFrame); p != nil || !ok || c.Expect == nil || c.Expect.Turn == nil || !c.Expect.Turn.IsZero() || c.Reason != "so" {
		t.Errorf("a command became %+v (%v)", frame, p)
	}
}

// FuzzParse: whatever comes is taken for what it is, or refused with a problem
// that can be written, is bounded and says what to do.
func FuzzParse(f *testing.F) {
	for _, k := range corpus {
		if len(k.frame) < 1000 {
			f.Add([]byte(k.frame))
		}
	}
	f.Add([]byte(`{"type":"clock","client_ms":1}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		frame, _, p := parse(data)
		if (frame == nil) == (p == nil) {
			t.Fatalf("neither or both: %v, %v", frame, p)
		}
		if p == nil {
			return
		}
		raw, err := json.Marshal(p)
		if err != nil || p.Do == "" || p.Detail == "" || p.Code == problem.Internal {
			t.Fatalf("the problem is %s (%v)", raw, err)
		}
		if len(raw) > 2000 {
			t.Fatalf("the problem repeats too much: %d bytes", len(raw))
		}
	})
}

func TestClosingReason(t *testing.T) {
	if frame := closing(closePolicy, strings.Repeat("é", 100)); len(frame) > 2+125 || !json.Valid([]byte(`"`+string(frame[4:])+`"`)) {
		t.Errorf("a long reason gives a close frame of %d bytes", len(frame))
	}
}
