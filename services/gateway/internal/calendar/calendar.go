// Package calendar writes the sessions of a consultation as an iCalendar feed
// (RFC 5545, with the names of RFC 7986) that calendars subscribe to.
//
// Guarantee: the same sessions give the same bytes. Each session is one event
// whose UID never changes and whose SEQUENCE and DTSTAMP rise with each change
// of what was announced of it, so that a subscriber's copy follows. Times are
// UTC, which every calendar shows in its own zone. Nothing but what the Session
// holds is in it: no names of persons.
package calendar

import (
	"io"
	"strconv"
	"strings"
	"time"

	ics "github.com/arran4/golang-ical"

	"github.com/fairfloor/fairfloor/pkg/ids"
)

// Session is one event of the feed.
type Session struct {
	ID ids.Session
	// Title and Agenda are what the organiser wrote; an item of the agenda is its
	// title with its minutes.
	Title  string
	Agenda []Item
	// Start is the planned start, End the hard end in force.
	Start, End time.Time
	// Revision rises with each change, Revised is when the last one was made.
	Revision int
	Revised  time.Time
	// URL is the page at which the session is followed.
	URL string
}

// Item is a part of the agenda.
type Item struct {
	Title   string
	Minutes int64
}

// MediaType is that of a feed.
const MediaType = "text/calendar; charset=utf-8"

// refresh is how often a subscriber should ask again (RFC 7986, 5.7).
const refresh = "PT15M"

// host ends each UID (RFC 7986, 5.3): it need not be resolvable, and stays the
// same when a deployment moves to another address.
const host = "@fairfloor"

// Write writes the feed of a consultation.
func Write(w io.Writer, title string, sessions []Session) error {
	feed := ics.NewCalendarFor("Fairfloor")
	feed.SetProductId("-//Fairfloor//Calendar feed//EN")
	feed.SetCalscale("GREGORIAN")
	feed.SetName(title)
	feed.SetXWRCalName(title) // for calendars older than RFC 7986
	feed.SetRefreshInterval(refresh)
	feed.SetXPublishedTTL(refresh)
	for _, s := range sessions {
		event := feed.AddEvent(s.ID.String() + host)
		event.SetSummary(s.Title)
		event.SetStartAt(s.Start)
		event.SetEndAt(s.End)
		// A feed without a METHOD: the stamp is that of the last change (RFC 5545, 3.8.7.2).
		event.SetDtStampTime(s.Revised)
		event.SetModifiedAt(s.Revised)
		event.SetSequence(s.Revision)
		event.SetStatus(ics.ObjectStatusConfirmed)
		if agenda := agenda(s.Agenda); agenda != "" {
			event.SetDescription(agenda)
		}
		event.SetURL(s.URL)
	}
	return feed.SerializeTo(w, ics.WithNewLineWindows)
}

// agenda is one line a part.
func agenda(items []Item) string {
	lines := make([]string, 0, len(items))
	for _, item := range items {
		lines = append(lines, item.Title+" ("+strconv.FormatInt(item.Minutes, 10)+" min)")
	}
	return strings.Join(lines, "\n")
}
