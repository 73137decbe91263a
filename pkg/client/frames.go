package client

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/gorilla/websocket"

	"github.com/fairfloor/fairfloor/pkg/api"
	"github.com/fairfloor/fairfloor/pkg/problem"
)

// read handles frames until the connection ends. A server that is silent for
// longer than a stale page would be is given up: the beat goes out each second.
func (l *Live) read(conn *websocket.Conn) (time.Duration, error) {
	for {
		_ = conn.SetReadDeadline(time.Now().Add(3 * api.StaleSeconds * time.Second))
		_, raw, err := conn.ReadMessage()
		if err != nil {
			return 0, err
		}
		l.mu.Lock()
		l.heard = time.Now()
		l.stats.Frames++
		l.stats.Bytes += int64(len(raw))
		l.mu.Unlock()
		bye, err := l.frame(conn, raw)
		if err != nil {
			return 0, err
		}
		if bye != nil {
			return time.Duration(bye.RetryAfterMS) * time.Millisecond, errors.New("the server said goodbye: " + bye.Reason)
		}
	}
}

// frame handles one frame; a goodbye is returned.
func (l *Live) frame(conn *websocket.Conn, raw []byte) (*api.Bye, error) {
	kind, err := typeOf(raw)
	if err != nil {
		return nil, err
	}
	switch kind {
	case api.FrameSnapshot:
		return nil, l.snapshot(conn, raw)
	case api.FramePatch:
		return nil, l.patch(conn, raw)
	case api.FrameMe:
		var frame api.MeFrame
		if err := json.Unmarshal(raw, &frame); err != nil {
			return nil, err
		}
		l.change(func() { l.me = frame.Me })
	case api.FramePresence:
		var frame api.Presence
		if err := json.Unmarshal(raw, &frame); err != nil {
			return nil, err
		}
		l.change(func() { l.presence = frame })
	case api.FrameReceipt:
		var frame api.ReceiptFrame
		if err := json.Unmarshal(raw, &frame); err != nil {
			return nil, err
		}
		l.receipt(frame.Receipt)
	case api.FrameClock:
		var frame api.ClockFrame
		if err := json.Unmarshal(raw, &frame); err != nil {
			return nil, err
		}
		l.clock(frame)
	case api.FrameCaption:
		return nil, l.caption(conn, raw)
	case api.FramePartial:
		return nil, l.partial(raw)
	case api.FrameBeat:
		var frame api.Beat
		if err := json.Unmarshal(raw, &frame); err != nil {
			return nil, err
		}
		l.mu.Lock()
		l.stats.Beats++
		further := l.conn != nil && frame.Seq > l.seq
		if further {
			// Everything up to there was sent, though it changed nothing in the view.
			l.seq = frame.Seq
			l.notify()
		}
		l.mu.Unlock()
		if further {
			l.tell(frame.Seq)
		}
	case api.FrameProblem:
		var frame api.ProblemFrame
		if err := json.Unmarshal(raw, &frame); err != nil {
			return nil, err
		}
		return nil, l.problem(frame)
	case api.FrameBye:
		var frame api.Bye
		if err := json.Unmarshal(raw, &frame); err != nil {
			return nil, err
		}
		return &frame, nil
	}
	// Frames of later versions are not for us.
	return nil, nil
}

// typeOf gives a frame's type. Ours begin with it, so that most frames are
// parsed once and not twice; one that does not may have it anywhere.
func typeOf(raw []byte) (string, error) {
	if rest, ok := bytes.CutPrefix(raw, []byte(`{"type":"`)); ok {
		// A backslash would need the parser; no type of ours has one.
		if end := bytes.IndexAny(rest, `"\\`); end >= 0 && rest[end] == '"' {
			return string(rest[:end]), nil
		}
	}
	var head struct {
		Type string `json:"type"`
	}
	if err := json.Unmarshal(raw, &head); err != nil {
		return "", fmt.Errorf("a frame that is not JSON: %w", err)
	}
	return head.Type, nil
}

// change makes a change under the lock and tells who waits.
func (l *Live) change(f func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	f()
	l.notify()
}

func (l *Live) snapshot(conn *websocket.Conn, raw []byte) error {
	// As api.Snapshot, with the view itself read in the same pass.
	var frame struct {
		At       api.Cursor     `json:"at"`
		Seq      uint64         `json:"seq"`
		Audience api.Audience   `json:"audience"`
		View     map[string]any `json:"view"`
	}
	if err := json.Unmarshal(raw, &frame); err != nil {
		return err
	}
	if frame.View == nil {
		return errors.New("a snapshot without a view")
	}
	if l.options.Skim {
		frame.View = map[string]any{"session": frame.View["session"]}
	}
	l.change(func() {
		l.doc, l.view, l.cursor, l.seq, l.audience = frame.View, nil, frame.At, frame.Seq, frame.Audience
		l.stats.Snapshots++
	})
	l.tell(frame.Seq)
	return l.ready(conn)
}

// patch applies a merge patch that starts at our own cursor. The first frame
// after a resume may be one: then the connection is ready as well.
func (l *Live) patch(conn *websocket.Conn, raw []byte) error {
	// As api.Patch, with the patch itself read in the same pass.
	var frame struct {
		From  api.Cursor     `json:"from"`
		To    api.Cursor     `json:"to"`
		Seq   uint64         `json:"seq"`
		Patch map[string]any `json:"patch"`
	}
	if err := json.Unmarshal(raw, &frame); err != nil {
		return err
	}
	l.mu.Lock()
	if frame.From != l.cursor || l.doc == nil {
		at := l.cursor
		l.cursor = "" // a resume would lead here again
		l.mu.Unlock()
		return fmt.Errorf("a patch from %s came while the view stands at %s", frame.From, at)
	}
	if !l.options.Skim {
		merge(l.doc, frame.Patch)
	}
	l.view, l.cursor, l.seq = nil, frame.To, frame.Seq
	l.stats.Patches++
	first := l.conn == nil
	l.notify()
	l.mu.Unlock()
	l.tell(frame.Seq)
	if first {
		return l.ready(conn)
	}
	return nil
}

// tell tells OnView that the view has reached a log position.
func (l *Live) tell(seq uint64) {
	if l.options.OnView == nil {
		return
	}
	l.mu.Lock()
	came := l.heard
	l.mu.Unlock()
	l.options.OnView(seq, came)
}

// merge applies an RFC 7396 merge patch to doc in place.
func merge(doc, change map[string]any) {
	for key, value := range change {
		if value == nil {
			delete(doc, key)
			continue
		}
		inner, ok := value.(map[string]any)
		if !ok {
			doc[key] = value
			continue
		}
		target, ok := doc[key].(map[string]any)
		if !ok {
			target = map[string]any{}
			doc[key] = target
		}
		merge(target, inner)
	}
}

// ready marks the connection live, sends what waits for a receipt again, with
// the same ids, and measures the clock.
func (l *Live) ready(conn *websocket.Conn) error {
	l.mu.Lock()
	if l.conn == conn {
		l.mu.Unlock()
		return nil
	}
	l.conn, l.connection, l.samples, l.exchanges = conn, Connected, nil, 0
	again := make([][]byte, 0, len(l.pending))
	for _, p := range l.pending {
		again = append(again, p.frame)
	}
	l.notify()
	l.mu.Unlock()
	for _, frame := range again {
		if err := l.writeTo(conn, frame); err != nil {
			return err
		}
	}
	return l.measure(conn)
}

// problem hands a problem to the command that it is about; one without a
// command, before the view is there, is about the connection itself.
func (l *Live) problem(frame api.ProblemFrame) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.stats.Problems++
	if p, ok := l.pending[frame.ID]; ok && !frame.ID.IsZero() {
		delete(l.pending, frame.ID)
		p.answer <- answer{err: frame.Problem}
		return nil
	}
	if l.conn == nil || final(frame.Problem.Code) && frame.ID.IsZero() {
		return frame.Problem
	}
	return nil
}

// receipt hands a receipt to the command that waits for it.
func (l *Live) receipt(r receipt) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.stats.Receipts++
	p, ok := l.pending[r.CommandID]
	if !ok {
		return
	}
	delete(l.pending, r.CommandID)
	a := answer{receipt: r}
	if len(r.Problem) > 0 {
		var e problem.Error
		if err := json.Unmarshal(r.Problem, &e); err != nil {
			a.err = err
		} else {
			a.err = &e
		}
	}
	p.answer <- a
}
