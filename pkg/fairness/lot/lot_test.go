package lot_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/fairfloor/fairfloor/pkg/fairness/lot"
)

const (
	secret     = "totally not a bikeshed"
	randomness = "1.2.3.4.5.6./1.2.3.4.5.6./1.2.3.4.5.6./"
)

func draw(t testing.TB) lot.Draw {
	t.Helper()
	chain, err := lot.Chain([]byte(secret), 10)
	if err != nil {
		t.Fatal(err)
	}
	d, err := lot.NewDraw(chain[8], []byte(randomness))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// TestPublishedExample is the example of fairness.md.
func TestPublishedExample(t *testing.T) {
	chain, err := lot.Chain([]byte(secret), 10)
	if err != nil {
		t.Fatal(err)
	}
	commitment := chain[9].String()
	if !strings.HasPrefix(commitment, "950ea08d") || !strings.HasSuffix(commitment, "c488") {
		t.Errorf("H^10 is %s", commitment)
	}
	if !lot.Reveals(chain[9], chain[8]) {
		t.Error("H^9 does not reveal H^10")
	}
	want := []string{"lavenderblush", "blue", "darkgoldenrod", "mediumvioletred", "bisque", "lightpink"}
	labels := slices.Clone(want)
	slices.Sort(labels)
	got, err := draw(t).Order(labels)
	if err != nil {
		t.Fatal(err)
	}
	for i := range want {
		if got[i].Label != want[i] {
			t.Errorf("place %d: %s, want %s", i+1, got[i].Label, want[i])
		}
	}
	if p := got[0].Position.String(); !strings.HasPrefix(p, "002ed527ae0a44a8") {
		t.Errorf("position of lavenderblush is %s", p)
	}
}

// TestAddingOrRemovingNeverReordersTheOthers.
func TestAddingOrRemovingNeverReordersTheOthers(t *testing.T) {
	d := draw(t)
	rapid.Check(t, func(t *rapid.T) {
		labels := rapid.SliceOfNDistinct(rapid.StringN(1, 20, 60), 1, 30, rapid.ID).Draw(t, "labels")
		gone := rapid.IntRange(0, len(labels)-1).Draw(t, "gone")
		all, err := d.Order(labels)
		if err != nil {
			t.Fatal(err)
		}
		fewer, err := d.Order(slices.Delete(slices.Clone(labels), gone, gone+1))
		if err != nil {
			t.Fatal(err)
		}
		all = slices.DeleteFunc(all, func(x lot.Drawn) bool { return x.Label == labels[gone] })
		if !slices.Equal(all, fewer) {
			t.Fatalf("taking %q away reordered the others", labels[gone])
		}
	})
}

// TestEveryCodeRevealsTheNextCommitment walks a chain downwards.
func TestEveryCodeRevealsTheNextCommitment(t *testing.T) {
	chain, err := lot.Chain([]byte("another secret"), 50)
	if err != nil {
		t.Fatal(err)
	}
	for k := len(chain) - 1; k > 0; k-- {
		if !lot.Reveals(chain[k], chain[k-1]) {
			t.Errorf("code %d does not reveal commitment %d", k-1, k)
		}
		if lot.Reveals(chain[k-1], chain[k]) {
			t.Errorf("the chain runs both ways at %d", k)
		}
		if back, err := lot.ParseCode(chain[k].String()); err != nil || back != chain[k] {
			t.Errorf("code %d does not survive printing: %v", k, err)
		}
	}
}

// TestFirstPlaceIsDrawnEvenly counts who comes first over many draws.
func TestFirstPlaceIsDrawnEvenly(t *testing.T) {
	chain, err := lot.Chain([]byte("even"), 2001)
	if err != nil {
		t.Fatal(err)
	}
	labels := []string{"a", "b", "c", "d"}
	first := map[string]int{}
	for k := range 2000 {
		d, err := lot.NewDraw(chain[k], []byte("round"))
		if err != nil {
			t.Fatal(err)
		}
		order, err := d.Order(labels)
		if err != nil {
			t.Fatal(err)
		}
		first[order[0].Label]++
	}
	for _, label := range labels {
		// 500 expected, standard deviation 19: five of them each way.
		if n := first[label]; n < 400 || n > 600 {
			t.Errorf("%s came first %d of 2000 times", label, n)
		}
	}
}

func TestBadInputIsRefused(t *testing.T) {
	for _, c := range []struct {
		name string
		try  func() error
	}{
		{"empty secret", func() error { _, err := lot.Chain(nil, 10); return err }},
		{"no commitment", func() error { _, err := lot.Chain([]byte("x"), 0); return err }},
		{"endless chain", func() error { _, err := lot.Chain([]byte("x"), lot.MostCodes+1); return err }},
		{"no randomness", func() error { _, err := lot.NewDraw(lot.Code{}, nil); return err }},
		{"short code", func() error { _, err := lot.ParseCode("950ea08d"); return err }},
		{"not hexadecimal", func() error { _, err := lot.ParseCode(strings.Repeat("z", 64)); return err }},
		{"twice the same", func() error { _, err := draw(t).Order([]string{"a", "b", "a"}); return err }},
		{"empty label", func() error { _, err := draw(t).Order([]string{"a", ""}); return err }},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.try() == nil {
				t.Error("accepted")
			}
		})
	}
}

func ExampleDraw_Order() {
	code, _ := lot.ParseCode("5346f2efb5397a67" + strings.Repeat("0", 48))
	d, _ := lot.NewDraw(code, []byte("drand round 4711"))
	order, _ := d.Order([]string{"Org A", "Org B", "Org C"})
	fmt.Println(len(order))
	// Output: 3
}
