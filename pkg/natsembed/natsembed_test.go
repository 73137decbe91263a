package natsembed_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats-server/v2/server/ats"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"go.uber.org/goleak"

	"github.com/fairfloor/fairfloor/pkg/natsembed"
)

// lockFolder tells a second run of the test binary to hold a folder.
const lockFolder = "FAIRFLOOR_LOCK_FOLDER"

func TestMain(m *testing.M) {
	if folder := os.Getenv(lockFolder); folder != "" {
		hold(folder)
		return
	}
	ats.Register()
	goleak.VerifyTestMain(m, goleak.IgnoreTopFunction("github.com/nats-io/nats-server/v2/server/ats.Register.func1"))
}

// hold starts a server, says so, and waits to be killed.
func hold(folder string) {
	_, err := natsembed.Start(context.Background(), natsembed.Options{Folder: folder, Logger: slog.New(slog.DiscardHandler)})
	fmt.Println("held", err)
	select {}
}

func start(t *testing.T, o natsembed.Options) *natsembed.Server {
	t.Helper()
	o.Logger = slog.New(slog.DiscardHandler)
	s, err := natsembed.Start(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Stop)
	return s
}

// put stores n messages in a stream and gives the stream's name.
func put(t *testing.T, s *natsembed.Server, n int) string {
	t.Helper()
	conn, js := connect(t, s)
	defer conn.Close()
	ctx := context.Background()
	if _, err := js.CreateOrUpdateStream(ctx, jetstream.StreamConfig{Name: "FACTS", Subjects: []string{"facts.*"}}); err != nil {
		t.Fatal(err)
	}
	for i := range n {
		msg := nats.NewMsg("facts.one")
		msg.Header.Set("number", fmt.Sprint(i))
		msg.Data = fmt.Appendf(nil, "fact %d", i)
		if _, err := js.PublishMsg(ctx, msg); err != nil {
			t.Fatal(err)
		}
	}
	return "FACTS"
}

func connect(t *testing.T, s *natsembed.Server) (*nats.Conn, jetstream.JetStream) {
	t.Helper()
	conn, err := s.Connect(nats.Name("test"))
	if err != nil {
		t.Fatal(err)
	}
	js, err := jetstream.New(conn)
	if err != nil {
		t.Fatal(err)
	}
	return conn, js
}

// count gives the messages that a stream still has.
func count(t *testing.T, s *natsembed.Server, stream string) uint64 {
	t.Helper()
	conn, js := connect(t, s)
	defer conn.Close()
	found, err := js.Stream(context.Background(), stream)
	if err != nil {
		t.Fatal(err)
	}
	return found.CachedInfo().State.Msgs
}

// TestPorts: none is opened unless one is asked for.
func TestPorts(t *testing.T) {
	closed := start(t, natsembed.Options{Folder: t.TempDir()})
	if url := closed.URL(); url != "" {
		t.Errorf("a port is open: %s", url)
	}
	open := start(t, natsembed.Options{Folder: t.TempDir(), Listen: "127.0.0.1:0"})
	conn, err := nats.Connect(open.URL())
	if err != nil {
		t.Fatalf("connecting to %q: %v", open.URL(), err)
	}
	conn.Close()
	for _, listen := range []string{"nowhere", "127.0.0.1:ssh", "127.0.0.1:70000"} {
		if _, err := natsembed.Start(context.Background(), natsembed.Options{Folder: t.TempDir(), Listen: listen}); err == nil {
			t.Errorf("listening on %q was accepted", listen)
		}
	}
}

// TestStoredSurvivesRestart: what was acknowledged is there in the next life, and
// the folder is free for it.
func TestStoredSurvivesRestart(t *testing.T) {
	folder := t.TempDir()
	s := start(t, natsembed.Options{Folder: folder})
	stream := put(t, s, 20)
	s.Stop()
	s.Stop()
	if err := s.Check(); err == nil {
		t.Error("a stopped server says that it is well")
	}
	again := start(t, natsembed.Options{Folder: folder})
	if n := count(t, again, stream); n != 20 {
		t.Errorf("%d of 20 messages", n)
	}
	if err := again.Check(); err != nil {
		t.Error(err)
	}
	if n := len(again.Damage()) + len(again.Unrecovered()); n != 0 {
		t.Errorf("damage in a sound store: %v, %v", again.Damage(), again.Unrecovered())
	}
}

// TestWhatAKillLeftOfARewritingIsRemoved: a block that is rewritten to erase words
// of it stands beside itself for a moment. Killed then, the copy would keep the
// words for ever. The block itself, and what is no such copy, stay.
func TestWhatAKillLeftOfARewritingIsRemoved(t *testing.T) {
	folder := t.TempDir()
	s := start(t, natsembed.Options{Folder: folder})
	stream := put(t, s, 20)
	s.Stop()
	blocks, err := filepath.Glob(filepath.Join(folder, "jetstream", "*", "streams", "*", "msgs", "*.blk"))
	if err != nil || len(blocks) == 0 {
		t.Fatalf("blocks %v, %v", blocks, err)
	}
	other := filepath.Join(filepath.Dir(blocks[0]), "other.tmp")
	for _, path := range append([]string{other}, blocks...) {
		if path != other {
			path += ".tmp"
		}
		if err := os.WriteFile(path, []byte("words"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	again := start(t, natsembed.Options{Folder: folder})
	if n := count(t, again, stream); n != 20 {
		t.Errorf("%d of 20 messages", n)
	}
	for _, path := range blocks {
		if _, err := os.Stat(path + ".tmp"); !os.IsNotExist(err) {
			t.Errorf("%s.tmp is there: %v", path, err)
		}
	}
	if _, err := os.Stat(other); err != nil {
		t.Errorf("what is no such copy: %v", err)
	}
	if err := natsembed.Unfinish(filepath.Join(folder, "none")); err != nil {
		t.Errorf("a folder that is not there: %v", err)
	}
}

// TestFolderFaults: each fault of a folder has its error and says what to do.
func TestFolderFaults(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	taken := t.TempDir()
	start(t, natsembed.Options{Folder: taken})
	for _, tc := range []struct {
		name string
		o    natsembed.Options
		want error
		says string
	}{
		{"no folder", natsembed.Options{}, natsembed.ErrNotWritable, "no folder"},
		{"a file in its place", natsembed.Options{Folder: file}, natsembed.ErrNotWritable, file},
		{"below a file", natsembed.Options{Folder: filepath.Join(file, "store")}, natsembed.ErrNotWritable, "not a directory"},
		{"taken by ourselves", natsembed.Options{Folder: taken}, natsembed.ErrLocked, fmt.Sprint(os.Getpid())},
		{"too little space", natsembed.Options{Folder: t.TempDir(), MinFree: 1 << 60}, natsembed.ErrFull, "free some space"},
		{"a file in the store's place", natsembed.Options{Folder: obstructed(t)}, natsembed.ErrNotWritable, "not a directory"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			tc.o.Logger = slog.New(slog.DiscardHandler)
			s, err := natsembed.Start(context.Background(), tc.o)
			if err == nil {
				s.Stop()
				t.Fatal("it started")
			}
			if !errors.Is(err, tc.want) || !strings.Contains(err.Error(), tc.says) {
				t.Errorf("%v; want %v and %q", err, tc.want, tc.says)
			}
		})
	}
}

// obstructed is a folder in which the server cannot make its own.
func obstructed(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, server.JetStreamStoreDir), []byte("in the way"), 0o600); err != nil {
		t.Fatal(err)
	}
	return folder
}

// TestLockEndsWithItsProcess: another process is kept out by name, and a killed
// one leaves nothing behind that somebody would have to remove.
func TestLockEndsWithItsProcess(t *testing.T) {
	folder := t.TempDir()
	other := exec.Command(os.Args[0], "-test.run=^$")
	other.Env = append(os.Environ(), lockFolder+"="+folder)
	out, err := other.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := other.Start(); err != nil {
		t.Fatal(err)
	}
	line := make([]byte, len("held <nil>\n"))
	if _, err := out.Read(line); err != nil || !bytes.HasPrefix(line, []byte("held <nil>")) {
		t.Fatalf("the other process says %q, %v", line, err)
	}
	_, err = natsembed.Start(context.Background(), natsembed.Options{Folder: folder})
	if !errors.Is(err, natsembed.ErrLocked) || !strings.Contains(err.Error(), fmt.Sprintf("process %d", other.Process.Pid)) {
		t.Errorf("the taken folder gives %v", err)
	}
	if err := other.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = other.Wait() // it was killed
	start(t, natsembed.Options{Folder: folder})
}

// TestBubble: two lives of a server inside virtual time, with nothing left over.
func TestBubble(t *testing.T) {
	// nats.go's pool of timers must not carry one from bubble to bubble, nor out.
	empty := func() {
		runtime.GC()
		runtime.GC()
	}
	defer empty()
	for range 2 {
		empty()
		synctest.Test(t, func(t *testing.T) {
			s := start(t, natsembed.Options{Folder: t.TempDir()})
			stream := put(t, s, 5)
			time.Sleep(90 * time.Minute)
			if n := count(t, s, stream); n != 5 {
				t.Errorf("%d of 5 messages after 90 virtual minutes", n)
			}
			s.Stop()
		})
	}
}

// damaged stores 20 messages, changes the block file, and starts again.
func damaged(t *testing.T, change func(data []byte) []byte) (*natsembed.Server, string) {
	t.Helper()
	folder := t.TempDir()
	s := start(t, natsembed.Options{Folder: folder})
	stream := put(t, s, 20)
	s.Stop()
	path := filepath.Join(folder, server.JetStreamStoreDir, "$G", "streams", stream, "msgs", "1.blk")
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, change(bytes.Clone(data)), 0o600); err != nil {
		t.Fatal(err)
	}
	return start(t, natsembed.Options{Folder: folder}), folder
}

// record finds the begin of a message's record.
func record(data []byte, body string) int {
	return bytes.LastIndex(data[:bytes.Index(data, []byte(body))], []byte("facts.one")) - 22
}

// TestDamagedBlocks: what is put right, what is left to the server, and what would
// have ended it.
func TestDamagedBlocks(t *testing.T) {
	for _, tc := range []struct {
		name                string
		change              func([]byte) []byte
		mended, setAside    bool
		damage, there, gone int
	}{
		{"a bit of a body", func(d []byte) []byte { d[bytes.Index(d, []byte("fact 7"))] ^= 4; return d }, true, false, 1, 20, 0},
		{"a bit of a length", func(d []byte) []byte { d[record(d, "fact 7")] ^= 64; return d }, true, false, 1, 20, 0},
		{
			"the high bit of a sequence, which fills the server's memory",
			func(d []byte) []byte { d[record(d, "fact 7")+11] ^= 16; return d }, true, false, 1, 20, 0,
		},
		{"the length of the headers", func(d []byte) []byte { d[record(d, "fact 7")+22+len("facts.one")] ^= 2; return d }, true, false, 1, 20, 0},
		{"two records", func(d []byte) []byte {
			d[bytes.Index(d, []byte("fact 7"))] ^= 4
			d[bytes.Index(d, []byte("fact 9"))] ^= 4
			return d
		}, true, false, 2, 20, 0},
		{"a whole body", func(d []byte) []byte { copy(d[bytes.Index(d, []byte("fact 7")):], "FAKE 8"); return d }, false, false, 1, 0, 0},
		{"a whole head", func(d []byte) []byte { copy(d[record(d, "fact 7"):], bytes.Repeat([]byte{0xa5}, 22)); return d }, false, true, 1, 0, 1},
		{"an unfinished last record", func(d []byte) []byte { return d[:len(d)-5] }, false, false, 0, 19, 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s, folder := damaged(t, tc.change)
			found := s.Damage()
			if len(found) != tc.damage {
				t.Fatalf("found %v, want %d", found, tc.damage)
			}
			for _, d := range found {
				if d.Mended != tc.mended || d.SetAside != tc.setAside || d.Stream != "FACTS" || d.String() == "" {
					t.Errorf("found %+v", d)
				}
				if d.Sequence != 8 && d.Sequence != 10 {
					t.Errorf("named sequence %d", d.Sequence)
				}
			}
			if n := len(s.Unrecovered()); n != tc.gone {
				t.Errorf("unrecovered: %v", s.Unrecovered())
			}
			if tc.there > 0 {
				if n := count(t, s, "FACTS"); n != uint64(tc.there) {
					t.Errorf("%d messages, want %d", n, tc.there)
				}
			}
			copies, err := filepath.Glob(filepath.Join(folder, "damaged", "FACTS-1.blk.*"))
			if err != nil || (len(copies) == 1) != (tc.damage > 0) {
				t.Errorf("copies of the damaged file: %v, %v", copies, err)
			}
			// The next start finds it as this one left it.
			s.Stop()
			again := start(t, natsembed.Options{Folder: folder})
			if tc.mended && len(again.Damage()) != 0 {
				t.Errorf("not put right for good: %v", again.Damage())
			}
			if n := len(again.Unrecovered()); n != tc.gone {
				t.Errorf("unrecovered at the next start: %v", again.Unrecovered())
			}
		})
	}
}
