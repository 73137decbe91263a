package acceptance

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/fairfloor/fairfloor/pkg/api"
	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/problem"
)

// malformedCodes are those of what cannot be read or has a value out of range.
var malformedCodes = []problem.Code{problem.Malformed, problem.Invalid, problem.NotFound, problem.TooLarge, problem.WrongState, problem.Stale}

// "Oversized, malformed ... commands over HTTP and websocket each get a clear
// error that names the field and what to do, and change nothing." Bodies that
// no client of ours sends.
func TestMalformedCommandsOverBothDoorsChangeNothing(t *testing.T) {
	s := start(t, setup{applicants: 3, listOpen: true})
	staff := s.sign(s.claims(events.Chair, events.Secretariat, events.Organiser))
	entry := s.join(0)
	id := ids.New[ids.Command]()
	deep := strings.Repeat("[", 20_000) + strings.Repeat("]", 20_000)
	zeroes := strings.Repeat("0", 400)
	cases := map[string]struct {
		body  []byte
		field string // "*" is any, "" none
	}{
		"unknown verb":                {frameOf("abdicate", "{}"), "verb"},
		"no verb":                     {[]byte(fmt.Sprintf(`{"id":%q}`, id)), "verb"},
		"verb with a line of its own": {frameOf(`next\n{\"level\":\"error\"}`, "{}"), "verb"},
		"verb is a number":            {[]byte(fmt.Sprintf(`{"id":%q,"verb":1}`, id)), "verb"},
		"unknown member":              {frameOf("start_session", "{}", `"actor":"organiser/x"`), "actor"},
		"unknown argument":            {frameOf("check_in", fmt.Sprintf(`{"entry":%q,"force":true}`, entry)), "force"},
		"argument of another type":    {frameOf("check_in", `{"entry":12}`), "*"},
		"arguments are a list":        {frameOf("check_in", `[1,2]`), "args"},
		"arguments are a text":        {frameOf("check_in", `"x"`), "args"},
		"two values":                  {append(frameOf("start_session", "{}"), []byte(`{}`)...), ""},
		"missing argument":            {frameOf("check_in", `{}`), "entry"},
		"id of another kind":          {frameOf("check_in", fmt.Sprintf(`{"entry":%q}`, s.applicants[0])), "entry"},
		"part that is an applicant":   {frameOf("open_list", fmt.Sprintf(`{"part":%q}`, s.applicants[0])), "part"},
		"id that is no UUID":          {frameOf("check_in", `{"entry":"../../etc/passwd"}`), "*"},
		"command id of version 5":     {[]byte(fmt.Sprintf(`{"id":%q,"verb":"start_session"}`, ids.Derive[ids.Command](id, 1))), "id"},
		"command id that is no UUID":  {[]byte(`{"id":"1","verb":"start_session"}`), "id"},
		"expectation of another kind": {frameOf("next", "{}", `"expect":{"turn":7}`), "*"},
		"unknown expectation":         {frameOf("next", "{}", `"expect":{"moon":"full"}`), "*"},
		"deep nesting":                {frameOf("check_in", deep), "*"},
		"deep nesting in an entry":    {frameOf("check_in", `{"entry":`+deep+`}`), "*"},
		"number beyond int64":         {frameOf("extend_session", `{"by_ms":1`+zeroes+`}`), "by_ms"},
		"number that is no integer":   {frameOf("extend_session", `{"by_ms":1.5}`), "by_ms"},
		"not JSON":                    {[]byte(`next please`), "*"},
		"empty":                       {[]byte(``), "*"},
		"half of a body":              {frameOf("start_session", "{}")[:40], "*"},
		"invalid UTF-8":               {bytes.Replace(frameOf("apply", `{"organisation":"@"}`), []byte("@"), []byte{0xff, 0xfe}, 1), "*"},
		"NUL byte":                    {frameOf("apply", "{\"organisation\":\"a\x00b\"}"), "*"},
		"long reason":                 {frameOf("start_session", "{}", `"reason":"`+strings.Repeat("é", 2001)+`"`), "reason"},
	}
	before := s.heads()
	for name, c := range cases {
		for _, d := range s.doors() {
			if d.name == "websocket" && (name == "empty" || name == "invalid UTF-8" || name == "half of a body") {
				continue // TestBrokenFramesOverTheWebsocket
			}
			a := d.send(staff, c.body)
			what := d.name + ", " + name
			if c.field == "" || !json.Valid(c.body) {
				// What is no JSON has no field.
				if a.problem == nil || a.problem.Code != problem.Malformed || a.problem.Do == "" {
					t.Errorf("%s: %+v", what, a.problem)
				}
				continue
			}
			refused(t, what, a, c.field, malformedCodes...)
		}
	}
	if after := s.heads(); after != before {
		t.Errorf("the log was changed: %s, before %s", after, before)
	}
	checkLines(t, s.lines.text())
}

// checkLines checks that each log line is a line of its own, whatever was sent.
func checkLines(t *testing.T, text string) {
	t.Helper()
	for line := range strings.Lines(text) {
		var fields map[string]any
		if err := json.Unmarshal([]byte(line), &fields); err != nil || fields["msg"] == nil {
			t.Errorf("a log line that is none: %.200q", line)
		}
	}
}

// Frames that only a websocket can carry.
func TestBrokenFramesOverTheWebsocket(t *testing.T) {
	s := start(t, setup{applicants: 1})
	staff := s.sign(s.claims(events.Chair))
	before := s.heads()
	open := func() *websocket.Conn {
		w := s.dial()
		t.Cleanup(func() { _ = w.Close() })
		hello, err := json.Marshal(api.Hello{Type: api.FrameHello, Token: staff})
		s.must(err)
		s.must(w.WriteMessage(websocket.TextMessage, hello))
		s.hear(w, api.FrameSnapshot)
		return w
	}
	for name, c := range map[string]struct {
		kind  int
		frame []byte
		code  problem.Code
	}{
		"binary":         {websocket.BinaryMessage, []byte(`{"type":"command"}`), problem.Malformed},
		"invalid UTF-8":  {websocket.TextMessage, []byte("{\"type\":\"\xff\"}"), problem.Malformed},
		"empty":          {websocket.TextMessage, nil, problem.Malformed},
		"half":           {websocket.TextMessage, []byte(`{"type":"comm`), problem.Malformed},
		"no type":        {websocket.TextMessage, []byte(`{}`), problem.Malformed},
		"a list":         {websocket.TextMessage, []byte(`[]`), problem.Malformed},
		"unknown type":   {websocket.TextMessage, []byte(`{"type":"bribe"}`), problem.Malformed},
		"a second hello": {websocket.TextMessage, []byte(`{"type":"hello","token":"x"}`), problem.WrongState},
		"300 kB and one": {websocket.TextMessage, bytes.Repeat([]byte("x"), api.MaxFrame+1), problem.TooLarge},
	} {
		w := open()
		s.must(w.WriteMessage(c.kind, c.frame))
		a := s.hear(w, "")
		if a.problem == nil || a.problem.Code != c.code || a.problem.Do == "" {
			t.Errorf("%s: %+v", name, a.problem)
		}
		if c.code == problem.TooLarge {
			continue // which ends the connection
		}
		// The connection serves on.
		s.must(w.WriteMessage(websocket.TextMessage, []byte(`{"type":"clock","client_ms":1}`)))
		s.hear(w, api.FrameClock)
	}
	// Who does not say hello first, or says it wrongly, is told and shown out.
	for name, first := range map[string]string{
		"command first": `{"type":"command","verb":"next"}`, "no JSON": `hello`, "no token": `{"type":"hello","token":7}`,
		"wider audience": `{"type":"hello","token":"","audience":"chair"}`, "no audience": `{"type":"hello","audience":"x"}`,
	} {
		w := s.dial()
		s.must(w.WriteMessage(websocket.TextMessage, []byte(first)))
		if a := s.hear(w, ""); a.problem == nil || a.problem.Do == "" {
			t.Errorf("%s: %+v", name, a.problem)
		}
		for {
			if _, _, err := w.ReadMessage(); err != nil {
				if !websocket.IsCloseError(err, websocket.ClosePolicyViolation) {
					t.Errorf("%s: closed by %v, want 1008", name, err)
				}
				break
			}
		}
		_ = w.Close()
	}
	if after := s.heads(); after != before {
		t.Errorf("the log was changed: %s, before %s", after, before)
	}
}

// Every argument of every verb with a value of another type, made from the
// table, so that a new verb is tried too.
func TestEveryArgumentOfEveryVerbWithAnotherTypeIsRefused(t *testing.T) {
	s := start(t, setup{applicants: 1})
	staff := s.sign(s.claims(events.Chair, events.Secretariat, events.Organiser, events.Technician))
	before := s.heads()
	tried := 0
	for _, verb := range command.Verbs() {
		if verb.Internal() {
			continue
		}
		fields := reflect.TypeOf(verb.Args()).Elem()
		for i := range fields.NumField() {
			name, _, _ := strings.Cut(fields.Field(i).Tag.Get("json"), ",")
			for _, wrong := range wrongFor(fields.Field(i).Type) {
				tried++
				body := frameOf(verb.Name, fmt.Sprintf(`{%q:%s}`, name, wrong), `"reason":"because"`)
				what := fmt.Sprintf("%s with %s = %.40s", verb.Name, name, wrong)
				refused(t, what, s.post(staff, body), "*", problem.Malformed, problem.Invalid)
			}
		}
		// A missing expectation, where the table wants one.
		if verb.Expect != command.NoExpectation && verb.Context == events.Queue && verb.Name != "move" && !verb.Own {
			a := s.post(staff, frameOf(verb.Name, "{}", `"reason":"because"`))
			if a.problem == nil || a.problem.Do == "" && a.problem.Field == "" {
				t.Errorf("%s without an expectation: %+v", verb.Name, a.problem)
			}
		}
		// A missing reason, where the table wants one.
		if verb.Reason {
			refused(t, verb.Name+" without a reason", s.post(staff, frameOf(verb.Name, "{}")), "reason", problem.Invalid)
		}
	}
	if tried < 200 {
		t.Errorf("only %d values were tried", tried)
	}
	if after := s.heads(); after != before {
		t.Errorf("the log was changed: %s, before %s", after, before)
	}
}

// wrongFor gives JSON values that a type cannot be.
func wrongFor(of reflect.Type) []string {
	for of.Kind() == reflect.Pointer {
		of = of.Elem()
	}
	switch of.Kind() {
	case reflect.Int64:
		return []string{`"x"`, `1e300`, `{}`, `9223372036854775808`}
	case reflect.Bool:
		return []string{`"x"`, `1`}
	case reflect.String:
		return []string{`7`, `[]`}
	case reflect.Slice:
		return []string{`7`, `"x"`}
	case reflect.Struct:
		return []string{`7`, `[]`, `"x y"`}
	default:
		return []string{`7`}
	}
}

// Numbers out of range: negative, overflowing, beyond 24 hours.
func TestNumbersOutOfRangeAreRefusedOverBothDoors(t *testing.T) {
	s := start(t, setup{applicants: 3, listOpen: true, gated: true, parts: []command.PartArgs{
		{Kind: events.Item, Title: "Statements", Minutes: 45, HasList: true}, {Kind: events.Item, Title: "More", Minutes: 45, HasList: true},
	}})
	staff := s.sign(s.claims(events.Chair, events.Secretariat, events.Organiser))
	for i := range s.applicants {
		s.join(i)
	}
	more := s.view().Agenda[1]
	s.ask("open_list", nil, command.PartRef{Part: more})
	s.ask("close_list", nil, command.CloseList{Part: s.part})
	s.ask0("start_session")
	s.pass(5_000)
	chair := s.as(events.Chair, 0)
	on := s.next(chair)
	s.askAs(chair, "begin", turn(on), command.Begin{Turn: on}, "")
	s.quiet()
	view := s.view()
	waiting := view.Lists[s.part][0]
	expectTurn, plan := fmt.Sprintf(`"expect":{"turn":%q}`, on), fmt.Sprintf(`"expect":{"plan":%q}`, view.Plan.Digest)
	before := s.heads()
	const overflow, day = "9223372036854775807", "86400001"
	for _, c := range []struct{ verb, args, field, more string }{
		{"extend_session", `{"by_ms":` + overflow + `}`, "by_ms", ""},
		{"extend_session", `{"by_ms":-` + overflow + `}`, "by_ms", ""},
		{"extend_session", `{"by_ms":` + day + `}`, "by_ms", ""},
		{"extend_session", `{"hard_end":` + overflow + `}`, "hard_end", ""},
		{"extend_session", `{"hard_end":-1}`, "hard_end", ""},
		{"extend_session", `{}`, "by_ms", ""},
		{"extend_turn", fmt.Sprintf(`{"turn":%q,"by_ms":-1000}`, on), "by_ms", expectTurn},
		{"extend_turn", fmt.Sprintf(`{"turn":%q,"by_ms":%s}`, on, overflow), "by_ms", expectTurn},
		{"extend_turn", fmt.Sprintf(`{"turn":%q,"by_ms":0}`, on), "by_ms", expectTurn},
		{"set_minimum", `{"minimum_ms":-1}`, "minimum_ms", plan},
		{"set_minimum", `{"minimum_ms":` + overflow + `}`, "minimum_ms", plan},
		{"set_aside", fmt.Sprintf(`{"part":%q,"how":"apportion","places":-1}`, s.part), "places", plan},
		{"set_aside", fmt.Sprintf(`{"part":%q,"how":"second_session","places":%s}`, s.part, overflow), "places", plan},
		{"set_aside", fmt.Sprintf(`{"part":%q,"how":"by_size","places":1}`, s.part), "how", plan},
		{"break_guarantee", fmt.Sprintf(`{"part":%q,"level_ms":-5}`, s.part), "level_ms", plan},
		{"break_guarantee", fmt.Sprintf(`{"part":%q,"level_ms":%s}`, s.part, overflow), "level_ms", plan},
		{"add_part", `{"kind":"item","title":"x","minutes":0,"has_list":true}`, "minutes", ""},
		{"add_part", `{"kind":"item","title":"x","minutes":-5}`, "minutes", ""},
		{"add_part", `{"kind":"item","title":"x","minutes":1441}`, "minutes", ""},
		{"add_part", `{"kind":"item","title":"x","minutes":5,"limit_ms":-1}`, "limit_ms", ""},
		{"add_part", `{"kind":"item","title":"x","minutes":5,"limit_ms":` + overflow + `}`, "limit_ms", ""},
		{"apply", `{"organisation":"Another","requested_ms":-1}`, "requested_ms", ""},
		{"apply", `{"organisation":"Another","requested_ms":` + overflow + `}`, "requested_ms", ""},
		{"join", fmt.Sprintf(`{"part":%q,"applicant":%q,"requested_ms":%s}`, s.part, s.applicants[0], overflow), "requested_ms", ""},
		{"close_list", fmt.Sprintf(`{"part":%q,"at":1}`, more), "at", ""},
		{"close_list", fmt.Sprintf(`{"part":%q,"at":%s}`, more, overflow), "at", ""},
		{"close_list", fmt.Sprintf(`{"part":%q,"at":-1}`, more), "at", ""},
		{"enter_turn", fmt.Sprintf(`{"entry":%q,"begun_at":-1,"ended_at":1}`, waiting), "begun_at", ""},
		{"enter_turn", fmt.Sprintf(`{"entry":%q,"begun_at":%d,"ended_at":%s}`, waiting, view.Session.StartedAt, overflow), "ended_at", ""},
		{"invite", `{"roles":["observer"],"expires":-1}`, "expires", ""},
		{"invite", `{"roles":["observer"],"expires":` + overflow + `}`, "expires", ""},
		{"invite", `{"roles":["system"],"expires":` + fmt.Sprint(time.Now().Add(time.Hour).UnixMilli()) + `}`, "roles", ""},
		{"add_person", fmt.Sprintf(`{"applicant":%q,"roles":["speaker"],"value":{"name":"A","access_seconds":-1}}`, s.applicants[0]), "value.access_seconds", ""},
		{"add_person", fmt.Sprintf(`{"applicant":%q,"roles":["speaker"],"value":{"name":"A","access_seconds":%s}}`, s.applicants[0], overflow), "value.access_seconds", ""},
		{"set_clock", `{"clock":{"s0":1,"w0":1,"speed_permille":-1},"mode":"scaled"}`, "*", ""},
		{"set_clock", `{"clock":{"s0":` + overflow + `,"w0":1,"speed_permille":1000},"mode":"scaled"}`, "*", ""},
		{"change_session", `{"hard_end":` + overflow + `}`, "hard_end", ""},
		{"change_session", `{"modalities":{"minimum_ms":-1}}`, "*", ""},
		{"change_session", `{"modalities":{"maximum_ms":` + overflow + `}}`, "*", ""},
		{"change_session", `{"modalities":{"grace_ms":` + day + `}}`, "*", ""},
	} {
		members := []string{`"reason":"because"`}
		if c.more != "" {
			members = append(members, c.more)
		}
		for _, d := range s.doors() {
			refused(t, d.name+", "+c.verb+" "+c.args, d.send(staff, frameOf(c.verb, c.args, members...)), c.field, malformedCodes...)
		}
	}
	if after := s.heads(); after != before {
		t.Errorf("the log was changed: %s, before %s", after, before)
	}
}

// Names that are made to mislead a reader, a log file or a file system are
// refused, or kept without what misleads.
func TestNamesWithControlCharactersAndDirectionOverridesMisleadNobody(t *testing.T) {
	s := start(t, setup{})
	staff := s.sign(s.claims(events.Chair, events.Secretariat, events.Organiser))
	for name, text := range map[string]string{
		"NUL": "a\u0000b", "line break": "Good\n{\"level\":\"ERROR\",\"msg\":\"forged\"}", "escape": "\u001b[31mred", "override": "gnp\u202Efdp.exe",
		"isolate": "a\u2066b\u2069", "bell": "a\u0007", "C1": "a\u0085b", "zero width": "a\u200bb", "BOM": "\ufeffname", "tag": "a\U000e0041",
	} {
		quoted, err := json.Marshal(text)
		s.must(err)
		for _, verb := range []string{"apply", "change_session", "add_part"} {
			args := map[string]string{
				"apply": `{"organisation":` + string(quoted) + `}`, "change_session": `{"title":` + string(quoted) + `}`,
				"add_part": `{"kind":"item","minutes":5,"title":` + string(quoted) + `}`,
			}[verb]
			a := s.post(staff, frameOf(verb, args))
			// Already: without what misleads it is the name that was there.
			if a.problem != nil && a.problem.Code != problem.Already {
				refused(t, verb+", "+name, a, map[string]string{"apply": "organisation", "change_session": "title", "add_part": "title"}[verb],
					problem.Invalid, problem.Malformed)
			}
		}
	}
	raw, err := json.Marshal(s.view())
	s.must(err)
	for _, bad := range []string{`\u0000`, `\u001b`, "\u202e", "\u2066", `\u0007`, "\u0085", "\u200b", "\ufeff", "\U000e0041", `\n`} {
		if strings.Contains(string(raw), bad) {
			t.Errorf("the view holds %q", bad)
		}
	}
	checkLines(t, s.lines.text())
	if strings.Contains(s.lines.text(), "forged") {
		t.Error("a log line repeats what a client sent")
	}
}

// Too much at once: rows, bytes, frames.
func TestOversizedRequestsAreRefused(t *testing.T) {
	s := start(t, setup{})
	staff := s.sign(s.claims(events.Secretariat, events.Organiser))
	before := s.heads()
	rows := make([]string, 2001)
	for i := range rows {
		rows[i] = fmt.Sprintf(`{"organisation":"O%d"}`, i)
	}
	many := frameOf("import", `{"rows":[`+strings.Join(rows, ",")+`]}`)
	for _, d := range s.doors() {
		refused(t, d.name+", 2,001 rows", d.send(staff, many), "rows", problem.Invalid, problem.TooMany, problem.TooLarge)
	}
	huge := frameOf("apply", `{"organisation":"`+strings.Repeat("a", 400_000)+`"}`)
	if a := s.post(staff, huge); a.problem == nil || a.problem.Code != problem.TooLarge || a.problem.Do == "" {
		t.Errorf("a body of 400 kB: %+v", a.problem)
	}
	long := frameOf("apply", `{"organisation":"`+strings.Repeat("a", 301)+`"}`)
	for _, d := range s.doors() {
		refused(t, d.name+", a name of 301 letters", d.send(staff, long), "organisation", problem.Invalid)
	}
	if after := s.heads(); after != before {
		t.Errorf("the log was changed: %s, before %s", after, before)
	}
}

// Paths that try to leave the folder of the pages, sent as they are: Go's
// client would clean them.
func TestPathsThatTryToLeaveTheFolderFindNothing(t *testing.T) {
	s := start(t, setup{})
	address := strings.TrimPrefix(s.app.URL(), "http://")
	for _, path := range []string{
		"/../../../../etc/passwd", "/..%2f..%2f..%2fetc/passwd", "/assets/../../../etc/passwd", "/assets/..%5c..%5cetc%5cpasswd",
		"/s/../../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "//etc/passwd", "/api/v1/sessions/..%2f..%2fkeys.json", "/keys.json", "/store",
		"/api/v1/sessions/" + strings.Repeat("A", 9000), "/api/v1/codes/%00", "/witness", "/s/%0d%0aSet-Cookie:%20a=b",
	} {
		conn, err := net.Dial("tcp", address)
		s.must(err)
		_ = conn.SetDeadline(time.Now().Add(time.Minute))
		_, err = fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n", path, address)
		s.must(err)
		var answer bytes.Buffer
		_, _ = answer.ReadFrom(conn)
		_ = conn.Close()
		text := answer.String()
		if strings.Contains(text, "root:") || strings.Contains(text, "Set-Cookie: a=b") || strings.Contains(text, "PRIVATE") {
			t.Errorf("%s: %.300s", path, text)
		}
		if strings.HasPrefix(text, "HTTP/1.1 5") {
			t.Errorf("%s: %.100s", path, text)
		}
	}
	for path, code := range map[string]problem.Code{"/api/v1/sessions/x": problem.Invalid, "/api/v1/codes/ZZZZZZ": problem.NotFound} {
		request, err := http.NewRequestWithContext(s.ctx, http.MethodGet, s.app.URL()+path, nil)
		s.must(err)
		if a := s.answer(request); a.problem == nil || a.problem.Code != code && a.problem.Code != problem.Malformed || a.problem.Do == "" {
			t.Errorf("%s: %+v", path, a.problem)
		}
	}
}
