package simulate

import (
	"context"
	"fmt"
	"testing"
)

func TestLearnTry(t *testing.T) {
	s, _ := Named("oewg-2021")
	for _, n := range []string{"full", "uniform-gavel-written"} {
		p, _ := Find(n)
		c, err := Learn(context.Background(), s, p, Options{Sessions: 4000, Seed: 99}, "x", 900000)
		if err != nil {
			t.Fatal(err)
		}
		for _, b := range c.Buckets {
			fmt.Printf("{%d, %d, %d},\n", b.Low, b.Mid, b.High)
		}
	}
}
