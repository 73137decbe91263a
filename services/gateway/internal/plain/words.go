package plain

import (
	"net/http"
	"strconv"
	"strings"

	"golang.org/x/text/language"

	"github.com/fairfloor/fairfloor/pkg/api"
	"github.com/fairfloor/fairfloor/pkg/clock"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/session"
)

// words are the texts of the page in one language. Numbers stand after a colon,
// so that no language needs a plural form here. A test refuses an empty one.
type words struct {
	Name string // of the language, in itself

	Plain, FullPage, Languages, AsOf, Reload, ReloadEvery, ReloadStop string
	NoSession, NoSessionDo, Private                                   string
	LinkLabel, LinkHint, LinkOpen, LinkLeave, LinkWrong               string
	LinkEnded, LinkEndedDo, NeedLink, NeedLinkDo, NotRead             string
	Refused, ToDo, Done                                               string

	Planned, Running, Suspended, Adjourned                        string
	Floor, FloorFree, FloorSpeaks, FloorCalled, FloorPaused       string
	FloorPoint, FloorLeft, YouHaveFloor, Begin, Yield             string
	MyPlace, NotListed, Place, Ahead, Start, Guaranteed, Expected string
	CheckIn, CheckedIn, Defer, Withdraw, Return, Join             string
	Standby, Joint, OnFloor, Spoken, Withdrawn, Unreached, Waits  string
	Statement, Question, Reply, Point                             string
	List, Waiting, Nobody, Pages, Me                              string
	NotReached, Unknown, Soon, Between, Minutes                   string
	Transcript, Track, Earlier, Latest, Silent, Unofficial        string
	Redacted, Prepared, Edited, Chair                             string
	NoticeCalled, NoticeWarning, NoticeExpired, NoticeNext        string
	NoticeThird, NoticeFifth, NoticeSwap                          string
	DidCheckIn, DidWithdraw, DidDefer, DidReturn, DidJoin         string
	DidBegin, DidYield                                            string
}

// tags are the six official languages of the United Nations, in the order of
// their English names.
var tags = []string{"ar", "zh", "en", "fr", "ru", "es"}

var matcher = language.NewMatcher([]language.Tag{
	language.English, language.Arabic, language.Chinese, language.French, language.Russian, language.Spanish,
})

// choose gives the language of a request: the one asked for, else what the
// browser prefers, else English.
func choose(r *http.Request) string {
	wanted := r.URL.Query().Get("lang")
	if _, ok := catalogue[wanted]; ok {
		return wanted
	}
	tag, _ := language.MatchStrings(matcher, r.Header.Get("Accept-Language"))
	base, _ := tag.Base()
	return base.String()
}

func (w *words) phase(p session.Phase) string {
	switch p {
	case session.Running:
		return w.Running
	case session.Suspended:
		return w.Suspended
	case session.Adjourned:
		return w.Adjourned
	default:
		return w.Planned
	}
}

func (w *words) kind(k events.EntryKind) string {
	switch k {
	case events.Question:
		return w.Question
	case events.RightOfReply:
		return w.Reply
	case events.PointOfOrder:
		return w.Point
	default:
		return w.Statement
	}
}

func (w *words) state(s session.EntryState) string {
	switch s {
	case session.OnFloor, session.Admitted:
		return w.OnFloor
	case session.Spoken, session.Refused:
		return w.Spoken
	case session.Gone:
		return w.Withdrawn
	case session.NotReached:
		return w.Unreached
	default:
		return w.Waits
	}
}

func (w *words) notice(k api.NoticeKind) string {
	return map[api.NoticeKind]string{
		api.NoticeCalled: w.NoticeCalled, api.NoticeWarning: w.NoticeWarning, api.NoticeExpired: w.NoticeExpired,
		api.NoticeNext: w.NoticeNext, api.NoticeThird: w.NoticeThird, api.NoticeFifth: w.NoticeFifth,
		api.NoticeStandby: w.Standby, api.NoticeNotReach: w.Unreached, api.NoticeSwapAsked: w.NoticeSwap,
	}[k]
}

// done says what a form did; nothing for what no form does.
func (w *words) done(verb string) string {
	return map[string]string{
		"check_in": w.DidCheckIn, "withdraw": w.DidWithdraw, "defer": w.DidDefer, "return": w.DidReturn,
		"join": w.DidJoin, "begin": w.DidBegin, "yield": w.DidYield,
	}[verb]
}

// start says when an entry is expected to speak: a range in minutes from now.
func (w *words) start(e *api.EntryView, now clock.Instant, late int64) string {
	switch {
	case !e.Reached:
		return w.NotReached
	case e.Start == nil:
		return w.Unknown
	}
	low := max(0, (int64(e.Start.Low-now)+late)/60_000)
	high := max(1, (int64(e.Start.High-now)+late+59_999)/60_000)
	if low == 0 {
		return w.Soon + " " + strconv.FormatInt(high, 10) + " " + w.Minutes
	}
	return strings.NewReplacer("{low}", strconv.FormatInt(low, 10), "{high}", strconv.FormatInt(high, 10)).Replace(w.Between) + " " + w.Minutes
}
