package simulate

import (
	"fmt"
	"os"
	"testing"
)

func TestDbg2(t *testing.T) {
	sc := os.Getenv("SCEN")
	if sc == "" {
		sc = "oewg-2021"
	}
	s, _ := Named(sc)
	p, _ := Find(os.Getenv("POL"))
	g := game{scenario: &s, policy: &p}
	shown := 0
	for i := 0; i < 10000 && shown < 9; i++ {
		if err := g.begin(7, i); err != nil {
			t.Fatal(err)
		}
		g.play()
		bad := false
		for w := range g.players {
			if g.present(w) && g.players[w].offeredMS < g.players[w].guaranteeMS {
				bad = true
				fmt.Println("person absent", g.fortune.people[w].absent, "late", g.fortune.people[w].lateMS/1000, "begun", g.players[w].begunMS > 0, "called at -", (g.limit()-g.players[w].calledMS)/1000, "missed", g.players[w].missed, "offered", g.players[w].offeredMS, "guar", g.players[w].guaranteeMS, "standby", g.players[w].standby)
			}
		}
		if bad {
			shown++
			fmt.Printf("session %d end at %.0f spoken %d left %d deferrals %d\n", i, float64(g.nowMS-g.limit())/1e3, len(g.spoken), len(g.list), g.situation.Deferrals)
			for k := max(0, len(g.spoken)-9); k < len(g.spoken); k++ {
				w := g.spoken[k]
				q := g.players[w]
				h := g.fortune.people[w]
				fmt.Printf("   at -%.0f offered %.0f used %.0f audio %.0f missed %d req %d\n", float64(g.limit()-q.begunMS)/1e3, float64(q.offeredMS)/1e3, float64(q.usedMS)/1e3, float64(h.audioMS)/1e3, q.missed, h.requestMS/1000)
			}
			for _, x := range g.fortune.interruption {
				fmt.Printf("   int at -%.0f for %.0f\n", float64(g.limit()-x.atMS)/1e3, float64(x.forMS)/1e3)
			}
		}
	}
}
