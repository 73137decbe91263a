package calendar

import (
	"bytes"
	"strings"
	"testing"
	"time"

	ics "github.com/arran4/golang-ical"
	"pgregory.net/rapid"

	"github.com/fairfloor/fairfloor/pkg/ids"
)

func example() Session {
	return Session{
		ID: ids.MustParse[ids.Session]("0190b7a4-0000-7000-8000-000000000001"), Title: "Informal consultation; item 5, continued\\final",
		Agenda: []Item{{"Opening", 5}, {"Item 5: «Régulation», 规则, القواعد – with a title so long that its line must be folded more than once", 85}},
		Start:  time.Date(2026, 11, 23, 15, 0, 0, 0, time.UTC), End: time.Date(2026, 11, 23, 16, 30, 0, 0, time.UTC),
		Revision: 3, Revised: time.Date(2026, 11, 20, 9, 30, 15, 0, time.UTC), URL: "https://floor.example/s/ABC123",
	}
}

func write(t interface{ Fatal(...any) }, title string, sessions ...Session) string {
	var out bytes.Buffer
	if err := Write(&out, title, sessions); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestASessionIsAnEventThatACalendarReadsBack(t *testing.T) {
	text := write(t, "Consultation, first", example())
	feed, err := ics.ParseCalendar(strings.NewReader(text))
	if err != nil {
		t.Fatalf("%v:\n%s", err, text)
	}
	events := feed.Events()
	if len(events) != 1 {
		t.Fatalf("%d events:\n%s", len(events), text)
	}
	want := example()
	event := events[0]
	start, _ := event.GetStartAt()
	end, _ := event.GetEndAt()
	if !start.Equal(want.Start) || !end.Equal(want.End) || event.Id() != want.ID.String()+"@fairfloor" {
		t.Errorf("%s from %s to %s", event.Id(), start, end)
	}
	for property, value := range map[ics.ComponentProperty]string{
		ics.ComponentPropertySummary: want.Title, ics.ComponentPropertySequence: "3", ics.ComponentPropertyDtstamp: "20261120T093015Z",
		ics.ComponentPropertyUrl: want.URL, ics.ComponentPropertyDtStart: "20261123T150000Z", ics.ComponentPropertyStatus: "CONFIRMED",
		ics.ComponentPropertyDescription: "Opening (5 min)\n" + want.Agenda[1].Title + " (85 min)",
	} {
		if got := event.GetProperty(property); got == nil || got.Value != value {
			t.Errorf("%s: %v, not %q", property, got, value)
		}
	}
}

// TestTheFeedIsWrittenAsRFC5545Demands looks at the bytes, with no help of the
// library that wrote them.
func TestTheFeedIsWrittenAsRFC5545Demands(t *testing.T) {
	text := write(t, "Consultation, first", example())
	lines := strings.Split(text, "\r\n")
	if lines[0] != "BEGIN:VCALENDAR" || lines[len(lines)-2] != "END:VCALENDAR" || lines[len(lines)-1] != "" || strings.Contains(strings.ReplaceAll(text, "\r\n", ""), "\n") {
		t.Errorf("lines end otherwise than by CRLF, or the frame is missing: %q", text)
	}
	folded := 0
	for _, line := range lines {
		if len(line) > 75 {
			t.Errorf("%d octets in a line: %q", len(line), line)
		}
		if strings.HasPrefix(line, " ") {
			folded++
		}
		if strings.ToValidUTF8(line, "") != line {
			t.Errorf("folded inside of a character: %q", line)
		}
	}
	if folded < 2 {
		t.Errorf("the long line is folded %d times", folded)
	}
	whole := strings.ReplaceAll(text, "\r\n ", "")
	for _, want := range []string{
		"VERSION:2.0", "PRODID:-//Fairfloor//", "CALSCALE:GREGORIAN", `SUMMARY:Informal consultation\; item 5\, continued\\final`, `NAME:Consultation\, first`,
		`DESCRIPTION:Opening (5 min)\nItem 5: «Régulation»\, 规则\, القواعد`, "REFRESH-INTERVAL;VALUE=DURATION:PT15M",
		"DTSTART:20261123T150000Z", "DTEND:20261123T163000Z", "UID:0190b7a4-0000-7000-8000-000000000001@fairfloor", "SEQUENCE:3",
	} {
		if !strings.Contains(whole, want) {
			t.Errorf("no %s in\n%s", want, whole)
		}
	}
}

func TestAConsultationWithoutSessionsIsAnEmptyFeedAndNotAnError(t *testing.T) {
	feed, err := ics.ParseCalendar(strings.NewReader(write(t, "Nothing yet")))
	if err != nil || len(feed.Events()) != 0 {
		t.Errorf("%v, %v", feed, err)
	}
}

func TestWhateverSomebodyWritesAsATitleStaysATitle(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := example()
		// Line breaks and control characters are refused where titles are made.
		s.Title = rapid.StringMatching(`[^\p{C}\p{Zl}\p{Zp}]{1,200}`).Draw(t, "title")
		text := write(t, s.Title, s)
		feed, err := ics.ParseCalendar(strings.NewReader(text))
		if err != nil || len(feed.Events()) != 1 {
			t.Fatalf("%v:\n%s", err, text)
		}
		if got := feed.Events()[0].GetProperty(ics.ComponentPropertySummary).Value; got != s.Title {
			t.Fatalf("%q became %q", s.Title, got)
		}
		if n := strings.Count(text, "BEGIN:VEVENT"); n != 1 && !strings.Contains(s.Title, "BEGIN:VEVENT") {
			t.Fatalf("%d events", n)
		}
	})
}
