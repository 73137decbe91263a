package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"github.com/fairfloor/fairfloor/pkg/api"
	"github.com/fairfloor/fairfloor/pkg/clock"
	"github.com/fairfloor/fairfloor/pkg/ids"
)

// peer is a server under comparison, in its own process.
type peer interface {
	// start serves websockets and says how clients reach it.
	start(ctx context.Context) (greeting, error)
	// publish sends one message to every client.
	publish(segment api.Segment) error
	stop()
}

// greeting is what clients need to follow a peer.
type greeting struct {
	URL         string   `json:"url"`
	Subprotocol string   `json:"subprotocol,omitempty"`
	Hello       []string `json:"hello"` // sent after connecting
	Control     string   `json:"control"`
	// Base and Token are Fairfloor's address and an organiser's token, for load.
	Base  string `json:"base,omitempty"`
	Token string `json:"token,omitempty"`
}

var peers = map[string]func() peer{
	"fairfloor":  func() peer { return &fairfloor{} },
	"centrifuge": func() peer { return &centrifugal{} },
	"nats":       func() peer { return &natsPeer{} },
	"gorilla":    func() peer { return &gorilla{} },
	"raw":        func() peer { return &raw{} },
}

// serve runs one peer until its standard input ends, with a door for the one who
// measures: POST /publish?n=&rate=&bytes= sends messages, and /gc collects.
func serve(ctx context.Context, name string, in io.Reader, out io.Writer) error {
	make, known := peers[name]
	if !known {
		return fmt.Errorf("there is no peer %q", name)
	}
	p := make()
	g, err := p.start(ctx)
	if err != nil {
		return err
	}
	defer p.stop()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	next := 0
	mux.HandleFunc("POST /publish", func(w http.ResponseWriter, r *http.Request) {
		n, rate, bytes := number(r, "n"), number(r, "rate"), number(r, "bytes")
		if err := publish(r.Context(), p, &next, n, rate, bytes); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		_, _ = fmt.Fprint(w, next)
	})
	mux.HandleFunc("POST /gc", func(http.ResponseWriter, *http.Request) { debug.FreeOSMemory() })
	door := &http.Server{Handler: mux, ReadHeaderTimeout: time.Minute}
	go func() { _ = door.Serve(listener) }()
	defer door.Close()
	g.Control = "http://" + listener.Addr().String()
	if err := json.NewEncoder(out).Encode(g); err != nil {
		return err
	}
	// Whoever started it ends it by closing its input, or by ending.
	_, err = io.Copy(io.Discard, in)
	return err
}

func number(r *http.Request, name string) int {
	n, _ := strconv.Atoi(r.URL.Query().Get(name))
	return n
}

// publish sends n messages at a rate in each second; at once when it is zero.
func publish(ctx context.Context, p peer, next *int, n, rate, bytes int) error {
	var tick *time.Ticker
	if rate > 0 {
		tick = time.NewTicker(time.Second / time.Duration(rate))
		defer tick.Stop()
	}
	for range n {
		if tick != nil {
			select {
			case <-tick.C:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		segment := message(*next, bytes)
		if err := p.publish(segment); err != nil {
			return err
		}
		*next++
	}
	return nil
}

// sourceID and segmentID are those of every message.
var (
	sourceID  = ids.New[ids.Source]()
	segmentID = ids.New[ids.Segment]()
)

// tracks are what a client follows: six languages, of which each message is in the
// next. So many can wait for a client together without one making another
// superfluous.
var tracks = []string{"ar", "en", "es", "fr", "ru", "zh"}

// message is the n-th one: a partial caption whose text begins with its number and
// the moment of its making, in Unix ns, and is filled up so that the frame's
// payload has so many bytes.
func message(n, bytes int) api.Segment {
	now := time.Now()
	s := api.Segment{
		Track: tracks[n%len(tracks)], ID: segmentID, Rev: int64(n + 1), State: api.SegmentPartial, Start: clock.Of(now), End: clock.Of(now), TimeBasis: "arrival",
		Source: sourceID, SourceKind: "typed", ReceivedAt: clock.Of(now), Text: fmt.Sprintf("%d %d ", n, now.UnixNano()),
	}
	if missing := bytes - len(payload(s)); missing > 0 {
		s.Text += speech(n, missing)
	}
	return s
}

// vocabulary is what speech is made of: words that come back, as in any speech.
var vocabulary = strings.Fields(`the working group takes note of this report and thanks the chair for her summary our organisation
	supports paragraph twelve as it stands we propose that member states protect access to justice remedy for communities whose
	rights businesses have harmed with respect to water land health data children workers women and indigenous peoples`)

// speech gives so many bytes of words, other ones for each message: how far they
// can be compressed is how far a speech can.
func speech(n, bytes int) string {
	chance := rand.New(rand.NewPCG(uint64(n), 0)) //nolint:gosec // words are no secret
	var text strings.Builder
	for text.Len() < bytes {
		text.WriteString(vocabulary[chance.IntN(len(vocabulary))])
		text.WriteByte(' ')
	}
	return text.String()[:bytes-1] + "."
}

// payload is the frame that Fairfloor itself makes of a partial.
func payload(s api.Segment) []byte {
	raw, err := json.Marshal(api.PartialFrame{Type: api.FramePartial, Track: s.Track, Segment: s})
	if err != nil {
		panic("bench: a message without JSON: " + err.Error())
	}
	return raw
}

// stamp reads a message's number and the moment of its making.
func stamp(frame []byte) (n int, sent time.Time, err error) {
	var p api.PartialFrame
	if err := json.Unmarshal(frame, &p); err != nil {
		return 0, sent, err
	}
	fields := strings.Fields(p.Segment.Text)
	if p.Type != api.FramePartial || len(fields) < 2 {
		return 0, sent, errNoMessage
	}
	n, err = strconv.Atoi(fields[0])
	ns, failed := strconv.ParseInt(fields[1], 10, 64)
	return n, time.Unix(0, ns), errors.Join(err, failed)
}

// errNoMessage says that a frame is one of the protocol's own.
var errNoMessage = errors.New("no message")
