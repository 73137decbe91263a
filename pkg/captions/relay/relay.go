// Package relay forwards captions to outgoing caption URLs, the forms that
// Zoom and YouTube take, so that a captioner serves both with one connection.
//
// Guarantee: no post is dropped and none overtakes another. A post is repeated
// with the same seq until the target has taken it, whatever the target answers
// or fails to answer, so a target that counts can throw doubles away; a target
// that needs a person (a wrong link, a meeting not begun) is said to need one
// and tried on slowly. A URL is called only when the operator's list has its
// host, over https, at an address that is not inside our own network, and the
// same holds for where it redirects to. What went through is for the caller to
// keep; this package keeps nothing.
package relay

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// Form is how a target wants its posts.
type Form string

// The forms.
const (
	// Zoom takes `POST <url>&seq=N&lang=en-US` with the text as body; `GET <path>/seq` tells the last seq.
	// Source: Zoom, "Integrating a third-party closed captioning service".
	Zoom Form = "zoom"
	// YouTube takes `POST <url>&seq=N` with a line of UTC time before the text.
	// Source: YouTube Help, "Live caption requirements", HTTP POST.
	YouTube Form = "youtube"
)

// Target is one outgoing caption URL. Make it by AllowList.Target.
type Target struct {
	Form Form
	// URL holds the target's secret; it must not be logged or shown.
	URL url.URL
}

// Host is what may be logged and shown of a target.
func (t Target) Host() string { return t.URL.Host }

// Post is one line on its way out.
type Post struct {
	// Seq is the relay's own number of the post, gapless from 1, the same on each retry.
	Seq int64
	// Language is the BCP 47 tag that Zoom gets, such as en-US; it may be empty.
	Language string
	// Text is the line; line breaks inside become blanks.
	Text string
	// At is when it was spoken.
	At time.Time
}

// request is the method, URL and body of a post, in the target's form.
func (t Target) request(p Post) (location, body string) {
	line := strings.Join(strings.Fields(p.Text), " ") + "\n"
	add := url.Values{"seq": {strconv.FormatInt(p.Seq, 10)}}
	if t.Form == YouTube {
		// The format's own example: UTC without a zone.
		line = p.At.UTC().Format("2006-01-02T15:04:05.000") + "\n" + line
	} else if p.Language != "" {
		add.Set("lang", p.Language)
	}
	return appended(t.URL, add), line
}

// appended adds to the query as it is: some targets sign it in its order.
func appended(u url.URL, add url.Values) string {
	if u.RawQuery != "" {
		u.RawQuery += "&"
	}
	u.RawQuery += add.Encode()
	return u.String()
}

// Fault says why there is no answer at all.
type Fault string

// The faults.
const (
	NoFault     Fault = ""
	TimedOut    Fault = "timed out"         // it may have been taken: only the same seq is safe
	Unreachable Fault = "cannot be reached" // no connection, or one that broke
	OffList     Fault = "not allowed"       // an address, or a redirect, that the list forbids
)

// Answer is what came of one attempt.
type Answer struct {
	// Status is the HTTP status, or zero with a Fault.
	Status int
	Fault  Fault
	// RetryAfter is what the target asked for; zero when it did not.
	RetryAfter time.Duration
}

// Verdict is what to do after an attempt.
type Verdict struct {
	// Delivered: the target has it, go on with the next.
	Delivered bool
	// Person: it will not get better by itself, so somebody has to look. It is tried on all the same.
	Person bool
	// Wait is how long to wait before the same post goes out again.
	Wait time.Duration
	// Reason is a sentence for the people who look after the relay, without the URL.
	Reason string
}

// How long to wait.
const (
	firstWait = time.Second
	// mostWait bounds both doubling and what a target may ask for: captions that come later are of no use to anybody.
	mostWait = 30 * time.Second
)

// Judge decides after the tries-th attempt (from 1) at one post.
func Judge(tries int, a Answer) Verdict {
	wait := firstWait << min(max(tries-1, 0), 5)
	switch {
	case a.Fault == OffList:
		return Verdict{Person: true, Wait: mostWait, Reason: "the target's address, or where it redirects to, is not allowed: have the operator look at the list of targets"}
	case a.Fault != NoFault:
		return Verdict{Wait: min(wait, mostWait), Reason: "the target " + map[Fault]string{TimedOut: "did not answer in time", Unreachable: string(Unreachable)}[a.Fault]}
	case a.Status >= 200 && a.Status < 300:
		return Verdict{Delivered: true}
	case a.Status == http.StatusTooManyRequests, a.Status == http.StatusRequestTimeout, a.Status >= 500:
		return Verdict{Wait: min(max(wait, a.RetryAfter), mostWait), Reason: "the target answered " + named(a.Status)}
	}
	// Every other answer is about what was asked, and the same question gets the same answer until somebody acts.
	what := map[int]string{
		http.StatusBadRequest:       "the meeting has not begun, or captions are off in it",
		http.StatusUnauthorized:     "the link is wrong or has expired: copy it again",
		http.StatusForbidden:        "the link is wrong or has expired: copy it again",
		http.StatusNotFound:         "the link leads nowhere: copy it again",
		http.StatusMethodNotAllowed: "this is not a link for captions",
		http.StatusGone:             "the meeting is over",
	}[a.Status]
	if what == "" {
		what = "look at the link"
	}
	return Verdict{Person: true, Wait: min(max(wait, 5*time.Second), mostWait), Reason: "the target answered " + named(a.Status) + ": " + what}
}

func named(status int) string {
	return strings.TrimSpace(fmt.Sprintf("%d %s", status, http.StatusText(status)))
}
