package queue

import (
	"context"
	"encoding/json"
	"log/slog"
	"strconv"
	"sync"

	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/keys"
	"github.com/fairfloor/fairfloor/pkg/problem"
	"github.com/fairfloor/fairfloor/pkg/process"
	"github.com/fairfloor/fairfloor/pkg/session"
	"github.com/fairfloor/fairfloor/pkg/shell"
	"github.com/fairfloor/fairfloor/services/queue/internal/tally"
)

// Settings are the queue's.
type Settings struct {
	TallyURL string `flag:"tally-url" default:"" doc:"URL that is told whose microphone the floor calls for, at each change, signed with the session's key; https, or http in the local network"`
}

// Check says what is wrong with them.
func (s *Settings) Check() error {
	_, err := tally.Parse(s.TallyURL)
	return err
}

// Hooked runs the list and the floor, and tells the tally hook of the floor's
// changes where one is set up.
type Hooked struct {
	*shell.Shell
	tally *teller
}

// NewWith makes the service as a part of a process, with its settings.
func NewWith(p *process.Process, settings Settings) (*Hooked, error) {
	target, err := tally.Parse(settings.TallyURL)
	if err != nil {
		return nil, err
	}
	c := p.ShellConfig(Service(), nil)
	var t *teller
	if !target.IsZero() {
		t = &teller{
			client: tally.NewClient(target), keys: p.Keys, lines: p.Logger.With("service", "queue"),
			changed: make(chan ids.Session, waitingSessions), telling: map[ids.Session]*telling{},
		}
		c.Hooks = shell.Hooks{Folded: func(s ids.Session, _ *events.Commit) { t.folded(s) }}
	}
	sh, err := shell.New(c)
	if err != nil {
		return nil, err
	}
	if t != nil {
		t.shell = sh
	}
	return &Hooked{sh, t}, nil
}

// Run serves commands until ctx is done.
func (s *Hooked) Run(ctx context.Context) error {
	if s.tally == nil {
		return s.Shell.Run(ctx)
	}
	telling, stop := context.WithCancel(ctx)
	var running sync.WaitGroup
	running.Go(func() { s.tally.run(telling) })
	err := s.Shell.Run(ctx)
	stop()
	running.Wait()
	return err
}

// waitingSessions bounds the sessions whose changes wait to be looked at; beyond
// it the next change of a session is looked at in its place.
const waitingSessions = 1024

// teller tells the hook's target. What the target has taken is a fact in the
// log, so a change is told again after a crash, with the same number.
type teller struct {
	shell   *shell.Shell
	client  *tally.Client
	keys    *keys.Set
	lines   *slog.Logger
	changed chan ids.Session
	telling map[ids.Session]*telling
}

// telling is a message on its way.
type telling struct {
	seq  int64
	stop context.CancelFunc
}

// folded notes that a session may have changed. It does not block.
func (t *teller) folded(s ids.Session) {
	select {
	case t.changed <- s:
	default:
		t.lines.Warn("too many changes of the floor at once for the tally hook", "session", s)
	}
}

// run tells every change until ctx is done.
func (t *teller) run(ctx context.Context) {
	defer t.client.Close()
	select {
	case <-t.shell.Ready():
	case <-ctx.Done():
		return
	}
	var running sync.WaitGroup
	defer running.Wait()
	for _, s := range t.shell.Sessions() {
		t.tell(ctx, s, &running)
	}
	for {
		select {
		case s := <-t.changed:
			t.tell(ctx, s, &running)
		case <-ctx.Done():
			return
		}
	}
}

// tell begins to tell a session's newest change, unless it is told or on its
// way; an older one on its way is given up.
func (t *teller) tell(ctx context.Context, s ids.Session, running *sync.WaitGroup) {
	m, outstanding := t.message(s)
	before := t.telling[s]
	if before != nil && before.seq == m.Seq && outstanding {
		return
	}
	if before != nil {
		before.stop()
		delete(t.telling, s)
	}
	if !outstanding {
		return
	}
	one, stop := context.WithCancel(ctx)
	t.telling[s] = &telling{m.Seq, stop}
	running.Go(func() {
		defer stop()
		err := t.client.Deliver(one, m, t.keys.SessionKey(s), func(delivered bool, status int) error { return t.note(one, m, delivered, status) })
		if err != nil && one.Err() == nil {
			t.lines.Warn("the tally hook's target was not told", "session", s, "seq", m.Seq, "error", err)
		}
	})
}

// message makes the message of a session's newest change; false when it is told
// already, or the session is over.
func (t *teller) message(s ids.Session) (m tally.Message, outstanding bool) {
	t.shell.View(s, func(state *session.State) {
		mic := state.Queue.Microphone
		m = tally.Message{
			V: 1, Type: "microphone", ID: ids.Named[ids.Command](s, "tally/"+strconv.FormatInt(mic.Seq, 10)).String(), Session: s,
			Code: state.Registry.Code, Seq: mic.Seq, At: mic.At, On: !mic.Entry.IsZero(), Turn: mic.Turn, Entry: mic.Entry,
		}
		if entry := state.Queue.Entries[mic.Entry]; entry != nil {
			m.Language = entry.Language
			if a := state.Registry.Applicants[entry.Applicant]; a != nil {
				m.Organisation = a.Organisation
				if m.Language == "" {
					m.Language = a.Language
				}
			}
		}
		outstanding = mic.Seq > 0 && !mic.Delivered && !state.Registry.Sealed
	})
	return m, outstanding
}

// note writes what the target made of a message.
func (t *teller) note(ctx context.Context, m tally.Message, delivered bool, status int) error {
	args, err := json.Marshal(command.NoteTally{Seq: m.Seq, Delivered: delivered, Status: int64(status)})
	if err != nil {
		return err
	}
	name := "tally/" + strconv.FormatInt(m.Seq, 10) + "/" + strconv.FormatBool(delivered) + "/" + strconv.Itoa(status)
	request := &command.Request{
		ID: ids.Named[ids.Command](m.Session, name), Session: m.Session, Verb: "note_tally", Actor: events.ByService(events.Queue), Args: args,
	}
	_, err = t.shell.Do(ctx, request)
	// Another replica may have noted it, and the floor may have gone on.
	for _, code := range []problem.Code{problem.Already, problem.Stale, problem.Sealed, problem.WrongState} {
		if problem.Is(err, code) {
			return nil
		}
	}
	return err
}
