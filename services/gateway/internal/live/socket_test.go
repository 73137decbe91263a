package live

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// pair gives a socket and the other end of its connection, over TCP.
func pair(t testing.TB, begun *sync.WaitGroup) (*socket, net.Conn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	other, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	mine, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	s := newSocket(mine, func() { begun.Add(1) }, begun.Done)
	t.Cleanup(func() { other.Close(); s.abort(io.EOF); begun.Wait() })
	return s, other
}

// TestSocketKeepsOrderAndWhatIsKept: whatever is put while the other side does
// not read, kept frames arrive whole and in order, and the last of each kind
// that is replaced arrives.
func TestSocketKeepsOrderAndWhatIsKept(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		var flushing sync.WaitGroup
		s, other := pair(t, &flushing)
		s.refill = func() []byte { return []byte("<fresh>") }
		// Fill the kernel, so that what follows waits.
		filler := bytes.Repeat([]byte("."), rapid.IntRange(1, 200).Draw(rt, "kB")<<10)
		s.put(kept, append(filler, '|'))
		var keptOnes []string
		lastBeat := ""
		for i := range rapid.IntRange(0, 150).Draw(rt, "frames") {
			k := rapid.SampledFrom([]kind{kept, state, beats, personal}).Draw(rt, "kind")
			text := fmt.Sprintf("<%d:%d>", k, i)
			s.put(k, []byte(text))
			switch k {
			case kept:
				keptOnes = append(keptOnes, text)
			case beats:
				lastBeat = text
			}
		}
		s.finish([]byte("<end>"))
		got := make([]byte, 0, 1<<20)
		buffer := make([]byte, 64<<10)
		_ = other.SetReadDeadline(time.Now().Add(10 * time.Second))
		for !bytes.HasSuffix(got, []byte("<end>")) {
			n, err := other.Read(buffer)
			if err != nil {
				rt.Fatalf("after %d bytes: %v (%v)", len(got), err, s.broken())
			}
			got = append(got, buffer[:n]...)
		}
		tail := got[bytes.IndexByte(got, '|')+1:]
		at := 0
		for _, text := range keptOnes {
			i := bytes.Index(tail[at:], []byte(text))
			if i < 0 {
				rt.Fatalf("%s is missing or out of order in %s", text, tail)
			}
			at += i + len(text)
		}
		if lastBeat != "" && !bytes.Contains(tail, []byte(lastBeat)) {
			rt.Fatalf("the last beat %s is missing in %s", lastBeat, tail)
		}
		for _, frame := range bytes.Split(bytes.Trim(tail, "<>"), []byte("><")) {
			if bytes.ContainsAny(frame, "<>.") {
				rt.Fatalf("frames are mixed: %s", tail)
			}
		}
	})
}

// TestSocketReplacesABacklogOfState: past the bound, state is dropped for one
// fresh snapshot, and the backlog stays bounded.
func TestSocketReplacesABacklogOfState(t *testing.T) {
	var flushing sync.WaitGroup
	s, other := pair(t, &flushing)
	var refills atomic.Int64
	s.refill = func() []byte { refills.Add(1); return []byte("<fresh>") }
	frame := bytes.Repeat([]byte("s"), 4096)
	most := 0
	for range 10_000 {
		s.put(state, frame)
		s.put(beats, []byte("<beat>"))
		most = max(most, s.waiting())
	}
	if most > stateBytes+1024 {
		t.Errorf("%d bytes waited, and %d may", most, stateBytes)
	}
	s.put(kept, []byte("<receipt>"))
	got := &bytes.Buffer{}
	buffer := make([]byte, 64<<10)
	_ = other.SetReadDeadline(time.Now().Add(10 * time.Second))
	for !bytes.HasSuffix(got.Bytes(), []byte("<fresh>")) {
		n, err := other.Read(buffer)
		if err != nil {
			t.Fatalf("after %d bytes: %v", got.Len(), err)
		}
		got.Write(buffer[:n])
	}
	if !bytes.Contains(got.Bytes(), []byte("<receipt>")) {
		t.Error("the receipt is missing")
	}
	// The kernel may take a little more now and then; each time one snapshot follows.
	if n := refills.Load(); n < 1 || n > 20 {
		t.Errorf("there were %d snapshots", n)
	}
	if got.Len() > 16<<20 {
		t.Errorf("a client that read nothing was sent %d bytes", got.Len())
	}
}

// TestSocketGivesUpWhoDoesNotReadReceipts: what may not be dropped is bounded too.
func TestSocketGivesUpWhoDoesNotReadReceipts(t *testing.T) {
	var flushing sync.WaitGroup
	s, _ := pair(t, &flushing)
	frame := bytes.Repeat([]byte("r"), 8192)
	for i := 0; s.broken() == nil; i++ {
		if i > 100_000 {
			t.Fatal("it was never given up")
		}
		s.put(kept, frame)
	}
	if !errors.Is(s.broken(), errSlow) {
		t.Errorf("it was given up for %v", s.broken())
	}
	flushing.Wait()
}

// TestSocketWithoutADirectWay: a connection that cannot be written to without
// waiting (TLS, a pipe) delivers the same, and never makes the caller wait.
func TestSocketWithoutADirectWay(t *testing.T) {
	mine, other := net.Pipe()
	var flushing sync.WaitGroup
	s := newSocket(mine, func() { flushing.Add(1) }, flushing.Done)
	s.refill = func() []byte { return nil }
	// Nobody reads yet: on a pipe every write would wait.
	for i := range 20 {
		s.put(kept, fmt.Appendf(nil, "<%d>", i))
	}
	s.finish([]byte("<end>"))
	got := make([]byte, 0, 256)
	buffer := make([]byte, 64)
	for !bytes.HasSuffix(got, []byte("<end>")) {
		n, err := other.Read(buffer)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, buffer[:n]...)
	}
	want := ""
	for i := range 20 {
		want += fmt.Sprintf("<%d>", i)
	}
	if string(got) != want+"<end>" {
		t.Errorf("it delivered %s", got)
	}
	flushing.Wait()
	s.abort(io.EOF)
}
