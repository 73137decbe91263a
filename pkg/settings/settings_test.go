package settings

import (
	"flag"
	"io"
	"strings"
	"testing"
	"time"
)

type inner struct {
	Log string `flag:"log-format" default:"json" doc:"Form of log lines"`
}

type sample struct {
	inner
	Address string        `flag:"address" default:"127.0.0.1:8080" doc:"Where to listen"`
	Sample  bool          `flag:"sample" default:"false" doc:"Make a sample session"`
	Speed   float64       `flag:"speed" default:"1.5" doc:"Speed"`
	Seed    uint64        `flag:"seed" default:"1" doc:"Seed"`
	Count   int           `flag:"count" default:"53" doc:"How many"`
	Wait    time.Duration `flag:"wait" default:"2s" doc:"How long"`
	Origins []string      `flag:"origins" default:"" doc:"Who may connect"`
	Ignored string
}

func read(t *testing.T, environment map[string]string, args ...string) (sample, error) {
	t.Helper()
	var s sample
	flags := flag.NewFlagSet("test", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	err := Bind(flags, &s, func(name string) (string, bool) { v, ok := environment[name]; return v, ok })
	if err != nil {
		return s, err
	}
	return s, flags.Parse(args)
}

func TestFlagsBeatTheEnvironmentWhichBeatsDefaults(t *testing.T) {
	s, err := read(t, map[string]string{"FAIRFLOOR_COUNT": "12", "FAIRFLOOR_SPEED": "60", "FAIRFLOOR_ORIGINS": "https://a, https://b"}, "--count", "7", "--sample")
	if err != nil {
		t.Fatal(err)
	}
	if s.Count != 7 || s.Speed != 60 || s.Address != "127.0.0.1:8080" || !s.Sample || s.Wait != 2*time.Second || s.Log != "json" || s.Seed != 1 {
		t.Errorf("%+v", s)
	}
	if strings.Join(s.Origins, "|") != "https://a|https://b" {
		t.Errorf("origins %q", s.Origins)
	}
}

func TestAValueThatCannotBeReadNamesItself(t *testing.T) {
	for variable, value := range map[string]string{
		"FAIRFLOOR_COUNT": "many", "FAIRFLOOR_SPEED": "fast", "FAIRFLOOR_WAIT": "10", "FAIRFLOOR_SAMPLE": "perhaps", "FAIRFLOOR_SEED": "-1",
	} {
		_, err := read(t, map[string]string{variable: value})
		if err == nil || !strings.Contains(err.Error(), variable) || !strings.Contains(err.Error(), value) {
			t.Errorf("%s=%s: %v", variable, value, err)
		}
	}
	if _, err := read(t, nil, "--count", "many"); err == nil || !strings.Contains(err.Error(), "count") {
		t.Errorf("a flag: %v", err)
	}
}

func TestPrintShowsEverySettingOnce(t *testing.T) {
	s, err := read(t, nil, "--count", "9")
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	if err := Print(&out, &s); err != nil {
		t.Fatal(err)
	}
	for _, row := range Rows(&s) {
		if strings.Count(out.String(), "--"+row.Flag+" ") != 1 || row.Meaning == "" {
			t.Errorf("%s does not stand once with its meaning:\n%s", row.Flag, out.String())
		}
	}
	if len(Rows(&s)) != 8 || !strings.Contains(out.String(), "9") {
		t.Errorf("%d rows:\n%s", len(Rows(&s)), out.String())
	}
}

func TestValuesServeOtherFlagPackages(t *testing.T) {
	var s sample
	values := Values(&s)
	if err := values["count"].Set("5"); err != nil || s.Count != 5 || values["count"].String() != "5" || values["count"].Type() != "int" {
		t.Errorf("%v %d", err, s.Count)
	}
}
