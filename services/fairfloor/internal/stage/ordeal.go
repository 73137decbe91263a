package stage

import (
	"os"
	"path/filepath"
	"time"

	"github.com/fairfloor/fairfloor/pkg/ordeal"
)

// allowHarm marks a data folder as one of a test's own, in which the settings of
// package ordeal are taken.
func allowHarm(data string) error {
	return os.WriteFile(filepath.Join(data, ordeal.Permit), nil, 0o600)
}

// harm gives the settings as lines of an environment.
func harm(skew time.Duration, lose bool) []string {
	var all []string
	if skew != 0 {
		all = append(all, ordeal.ClockAhead+"="+skew.String())
	}
	if lose {
		all = append(all, ordeal.LoseOnPowerCut+"=yes")
	}
	return all
}
