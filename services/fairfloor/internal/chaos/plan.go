package chaos

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/services/fairfloor/internal/stage"
)

// Fault is one thing that goes wrong.
type Fault struct {
	// Name is one of Names; Role and Target say which member, empty Target when
	// that is found out at the moment (the leader) or when it is about all of them.
	Name   string `json:"fault"`
	Role   string `json:"role"`
	Target string `json:"target,omitempty"`
	// Before is how long the system runs well before it, Hold how long it lasts where it
	// is not over by itself.
	Before time.Duration `json:"-"`
	Hold   time.Duration `json:"-"`
}

// The faults.
const (
	// Kill ends a member by SIGKILL; it is started again at once.
	Kill = "kill"
	// Leader kills the NATS node that leads the session's stream.
	Leader = "leader"
	// Stop stops a member gracefully and starts it again.
	Stop = "stop"
	// Pause stops a member in its tracks for a while.
	Pause = "pause"
	// Partition cuts a member off from the others for a while.
	Partition = "partition"
	// Power takes the power of a member, or of all of them at once.
	Power = "power"
	// Full fills the disk of a member with a store for a while.
	Full = "full"
	// Skew restarts a member with its clock wrong, and then with the right one.
	Skew = "skew"
	// Flush has Redis forget everything.
	Flush = "flush"
	// Rolling stops and starts every member, one after the other.
	Rolling = "rolling"
)

// Names lists the faults that a kind of system can suffer. The one process of a
// single system has its store's clock, and nobody with another one beside it.
func Names(kind stage.Kind) []string {
	if kind == stage.Single {
		return []string{Kill, Stop, Pause, Power, Full}
	}
	return []string{Kill, Leader, Stop, Pause, Partition, Power, Full, Skew, Flush, Rolling}
}

// everyone is the target of a power cut that takes all machines of a room.
const everyone = "everyone"

// stores says whether a role keeps the log.
func stores(role string) bool { return role == stage.NATS || role == stage.Serve }

// suffers says whether a fault is tried on a role.
func suffers(fault, role string) bool {
	switch fault {
	case Full:
		return stores(role)
	case Power:
		return stores(role)
	case Flush:
		return role == stage.Redis
	case Skew:
		return role != stage.NATS && role != stage.Redis && role != stage.Transcript
	case Leader, Rolling:
		return false // about no role
	}
	return true
}

// Plan draws count faults of each name and, where a fault is about one process, of
// each role; their order, targets and moments by the seed.
func Plan(names []string, count int, members []stage.Member, seed uint64) []Fault {
	random := rand.New(rand.NewPCG(seed, 6))
	byRole, roles := map[string][]string{}, []string{}
	for _, m := range members {
		if byRole[m.Role] == nil {
			roles = append(roles, m.Role)
		}
		byRole[m.Role] = append(byRole[m.Role], m.Name)
	}
	var plan []Fault
	add := func(f Fault) {
		f.Before = time.Duration(100+random.IntN(900)) * time.Millisecond
		f.Hold = time.Duration(1000+random.IntN(3000)) * time.Millisecond
		plan = append(plan, f)
	}
	for _, name := range names {
		for range count {
			switch name {
			case Leader:
				add(Fault{Name: name, Role: stage.NATS})
				continue
			case Rolling:
				add(Fault{Name: name, Role: everyone})
				continue
			}
			for _, role := range roles {
				if suffers(name, role) {
					of := byRole[role]
					add(Fault{Name: name, Role: role, Target: of[random.IntN(len(of))]})
				}
			}
			if name == Power && len(members) > 1 {
				add(Fault{Name: name, Role: everyone})
			}
		}
	}
	random.Shuffle(len(plan), func(i, j int) { plan[i], plan[j] = plan[j], plan[i] })
	return plan
}

// needs says what the ground of a plan must be able to do.
func needs(names []string) (loop, namespaces bool) {
	return slices.Contains(names, Power) || slices.Contains(names, Full), slices.Contains(names, Partition)
}

// concerns gives the contexts whose acknowledgements a fault of a role may delay.
func concerns(role string) []events.Context {
	if c := events.Context(role); slices.Contains(contexts, c) {
		return []events.Context{c}
	}
	return contexts
}

// limit is the most that a fault may delay the first acknowledgement in a cluster
// (issue 6), zero where there is none. A single process has nobody who takes over.
func limit(kind stage.Kind, f *Fault) time.Duration {
	if kind != stage.Cluster {
		return 0
	}
	switch {
	case f.Name == Leader, f.Name == Kill && f.Role == stage.NATS:
		return 12 * time.Second
	case f.Name == Kill:
		return time.Second
	case f.Name == Stop:
		return 250 * time.Millisecond
	}
	return 0
}

// awayLimit is the longest time that anybody may see "reconnecting" during a rolling
// restart.
const awayLimit = time.Second

// String says it in words.
func (f *Fault) String() string {
	if f.Target == "" || f.Target == f.Role {
		return fmt.Sprintf("%s of %s", f.Name, f.Role)
	}
	return fmt.Sprintf("%s of %s (%s)", f.Name, f.Target, f.Role)
}
