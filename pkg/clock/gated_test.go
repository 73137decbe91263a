package clock

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// diary notes what fired and where the clock stood.
type diary struct {
	*Gated
	lines []string
}

func newDiary() *diary { return &diary{Gated: NewGated(noon)} }

func (d *diary) note(name string) {
	d.lines = append(d.lines, fmt.Sprintf("%s@%d", name, d.Now().Sub(noon)/time.Second))
}

func (d *diary) arm(after int, name string) Timer {
	return d.AfterFunc(time.Duration(after)*time.Second, func() { d.note(name) })
}

func (d *diary) to(seconds int) { d.Advance(noon.Add(time.Duration(seconds) * time.Second)) }

func (d *diary) want(t *testing.T, lines ...string) {
	t.Helper()
	if !slices.Equal(d.lines, lines) {
		t.Errorf("fired %v, want %v", d.lines, lines)
	}
	d.lines = nil
}

func TestGatedFiresInOrder(t *testing.T) {
	d := newDiary()
	d.arm(3, "c")
	d.arm(1, "a")
	d.arm(2, "b1")
	d.arm(2, "b2")
	d.arm(9, "late")
	d.want(t)
	d.to(0)
	d.want(t)
	d.to(5)
	d.want(t, "a@1", "b1@2", "b2@2", "c@3")
	if got := d.Now(); !got.Equal(noon.Add(5 * time.Second)) {
		t.Errorf("the clock stands at %v", got)
	}
	d.to(9)
	d.want(t, "late@9")
}

func TestGatedRunsTimersThatTimersArm(t *testing.T) {
	d := newDiary()
	d.AfterFunc(time.Second, func() {
		d.note("outer")
		d.arm(0, "at once")
		d.arm(1, "soon")
		d.arm(5, "later")
	})
	d.arm(1, "beside")
	d.to(3)
	d.want(t, "outer@1", "beside@1", "at once@1", "soon@2")
	d.to(10)
	d.want(t, "later@6")
}

func TestGatedStop(t *testing.T) {
	d := newDiary()
	gone, kept := d.arm(1, "stopped"), d.arm(2, "kept")
	var inner Timer
	d.AfterFunc(time.Second, func() { d.note(fmt.Sprint("stopped by a timer: ", inner.Stop())) })
	inner = d.arm(2, "never")
	if !gone.Stop() || gone.Stop() {
		t.Error("Stop does not say whether the timer was armed")
	}
	d.to(5)
	d.want(t, "stopped by a timer: true@1", "kept@2")
	if kept.Stop() {
		t.Error("a timer that fired says it was stopped")
	}
	if at, armed := d.Next(); armed {
		t.Errorf("something is still armed for %v", at)
	}
}

func TestGatedTakesWhatIsDueAlready(t *testing.T) {
	d := newDiary()
	d.to(10)
	d.arm(-5, "past")
	d.arm(0, "now")
	d.want(t)
	if at, armed := d.Next(); !armed || !at.Equal(noon.Add(10*time.Second)) {
		t.Errorf("next %v, %v", at, armed)
	}
	// The clock never runs back, and what is due fires even so only when it is reached.
	d.to(3)
	d.want(t)
	d.to(10)
	d.want(t, "past@10", "now@10")
	if got := d.Now(); !got.Equal(noon.Add(10 * time.Second)) {
		t.Errorf("the clock stands at %v", got)
	}
}

func TestGatedMayBeUsedFromManyGoroutines(t *testing.T) {
	g := NewGated(noon)
	var wait sync.WaitGroup
	fired := make(chan struct{}, 800)
	for range 8 {
		wait.Go(func() {
			for i := range 100 {
				timer := g.AfterFunc(time.Duration(i)*time.Millisecond, func() { fired <- struct{}{} })
				if i%2 == 0 && timer.Stop() {
					fired <- struct{}{}
				}
				g.Now()
				g.Next()
			}
		})
		wait.Go(func() {
			for i := range 100 {
				g.Advance(noon.Add(time.Duration(i) * time.Millisecond))
			}
		})
	}
	wait.Wait()
	g.Advance(noon.Add(time.Hour))
	if len(fired) != 800 {
		t.Errorf("%d timers fired or were stopped, want 800", len(fired))
	}
}

// Whatever is armed and stopped: each timer fires once at its own instant or
// not at all, and instants never run back.
func TestGatedIsExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g := NewGated(noon)
		type armed struct {
			timer   Timer
			at      time.Time
			fired   int
			stopped bool
		}
		var all []*armed
		last := noon
		arm := func(after time.Duration) {
			a := &armed{at: g.Now().Add(max(0, after))}
			a.timer = g.AfterFunc(after, func() {
				a.fired++
				if !g.Now().Equal(a.at) || a.at.Before(last) {
					t.Fatalf("armed for %v, fired at %v after one at %v", a.at, g.Now(), last)
				}
				last = a.at
			})
			all = append(all, a)
		}
		for range rapid.IntRange(1, 40).Draw(t, "steps") {
			switch rapid.IntRange(0, 3).Draw(t, "step") {
			case 0, 1:
				arm(time.Duration(rapid.IntRange(-2, 20).Draw(t, "after")) * time.Second)
			case 2:
				if len(all) > 0 {
					a := all[rapid.IntRange(0, len(all)-1).Draw(t, "which")]
					if a.timer.Stop() {
						a.stopped = true
					}
				}
			default:
				g.Advance(g.Now().Add(time.Duration(rapid.IntRange(-3, 15).Draw(t, "by")) * time.Second))
			}
		}
		g.Advance(g.Now().Add(time.Minute))
		for _, a := range all {
			if want := map[bool]int{true: 0, false: 1}[a.stopped]; a.fired != want {
				t.Fatalf("fired %d times, want %d", a.fired, want)
			}
		}
	})
}
