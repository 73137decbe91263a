package client

import (
	"time"

	"github.com/gorilla/websocket"

	"github.com/fairfloor/fairfloor/pkg/api"
	"github.com/fairfloor/fairfloor/pkg/clock"
)

// sample is one clock exchange. The client's own clock may be wrong by any
// amount; only differences on it are used.
type sample struct {
	// tripMS is the round trip without the server's own time.
	tripMS float64
	// middleMS is the client's time at which the server is taken to have answered.
	middleMS  float64
	sessionMS int64
	permille  int64
}

// keptSamples and rounds: the best of the last eight is used (live-sync.md).
const keptSamples, rounds = 8, 5

// best gives the sample with the least round trip.
func best(samples []sample) (sample, bool) {
	if len(samples) == 0 {
		return sample{}, false
	}
	least := samples[0]
	for _, s := range samples[1:] {
		if s.tripMS < least.tripMS {
			least = s
		}
	}
	return least, true
}

// at gives the session time at a time of the client's clock.
func (s sample) at(now time.Time) clock.Instant {
	passed := float64(now.UnixNano())/1e6 - s.middleMS
	return clock.Instant(s.sessionMS + int64(passed*float64(s.permille)/1000))
}

// Beyond rounds it is measured on while every round trip was longer than goodTripMS:
// half of one is how wrong the clock may be. mostExchanges ends that on a slow line.
const (
	goodTripMS    = 50
	mostExchanges = 40
)

// measured reports whether the clock was measured on the present line as well as it
// can be. l.mu is held.
func (l *Live) measured() bool {
	if len(l.samples) < rounds {
		return false
	}
	least, _ := best(l.samples)
	return least.tripMS <= goodTripMS || l.exchanges >= mostExchanges
}

func (l *Live) nowMS() float64 { return float64(l.options.Now().UnixNano()) / 1e6 }

// measure sends one clock frame; each answer sends the next until there are enough.
func (l *Live) measure(conn *websocket.Conn) error {
	return l.writeTo(conn, api.ClockFrame{Type: api.FrameClock, ClientMS: l.nowMS()})
}

func (l *Live) clock(frame api.ClockFrame) {
	now := l.nowMS()
	trip := now - frame.ClientMS - float64(frame.SentMS-frame.ReceivedMS)
	l.mu.Lock()
	l.samples = append(l.samples, sample{
		tripMS: trip, middleMS: now - trip/2, sessionMS: frame.SessionMS, permille: max(1, frame.SpeedPermille),
	})
	if len(l.samples) > keptSamples {
		l.samples = l.samples[1:]
	}
	l.exchanges++
	more, conn := !l.measured(), l.conn
	l.notify()
	l.mu.Unlock()
	if more && conn != nil {
		_ = l.measure(conn)
	}
}
