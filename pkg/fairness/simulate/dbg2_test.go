package simulate

import (
	"fmt"
	"os"
	"testing"
)

func TestDbg2(t *testing.T) {
	s, _ := Named("oewg-2021")
	p, _ := Find(os.Getenv("POL"))
	g := game{scenario: &s, policy: &p}
	shown := 0
	for i := 0; i < 400 && shown < 12; i++ {
		if err := g.begin(7, i); err != nil {
			t.Fatal(err)
		}
		g.play()
		if g.nowMS > g.limit() {
			shown++
			fmt.Printf("session %d over %.0f spoken %d deferrals %d\n", i, float64(g.nowMS-g.limit())/1e3, len(g.spoken), g.situation.Deferrals)
			for k := max(0, len(g.spoken)-7); k < len(g.spoken); k++ {
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
