package simulate

import (
	"fmt"
	"os"
	"testing"
)

func TestDbg(t *testing.T) {
	s, _ := Named("oewg-2021")
	p, _ := Find(os.Getenv("POL"))
	type acc struct{ lv, u, h, r, n, sb, ab, left int64 }
	a := make([]acc, 80)
	g := game{scenario: &s, policy: &p}
	for i := 0; i < 400; i++ {
		if err := g.begin(7, i); err != nil {
			t.Fatal(err)
		}
		g.nowMS = startMS + g.fortune.openingMS
		g.endedMS = g.nowMS
		for {
			g.returns()
			if len(g.list) == 0 && !g.wait() {
				break
			}
			if g.nowMS >= g.limit() {
				break
			}
			g.deck()
			g.compute()
			if g.situation.Mode == "uniform" {
				b := g.situation.UniformMS
				g.confirm()
				if b != g.situation.UniformMS {
					g.compute()
				}
			}
			g.freeze()
			k := len(g.spoken)
			x := &a[k]
			x.n++
			x.lv += g.plan.LevelMS
			x.u += g.plan.UsePPM
			x.h += g.plan.HandoverMS
			x.r += g.plan.ReserveMS
			x.sb += int64(g.situation.Standby)
			for _, w := range g.list {
				if !g.there(w) {
					x.ab++
				}
			}
			x.left += int64(len(g.list))
			if !g.call() {
				break
			}
		}
	}
	for k := range a {
		x := a[k]
		if x.n > 0 && k%3 == 0 || k > 44 && x.n > 0 {
			fmt.Printf("%d n %d level %.1f u %.3f h %.1f R %.0f sb %.2f absentInList %.2f left %.1f\n", k, x.n, float64(x.lv)/float64(x.n)/1e3, float64(x.u)/float64(x.n)/1e6, float64(x.h)/float64(x.n)/1e3, float64(x.r)/float64(x.n)/1e3, float64(x.sb)/float64(x.n), float64(x.ab)/float64(x.n), float64(x.left)/float64(x.n))
		}
	}
}
