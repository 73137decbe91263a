package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/keys"
)

// TestAMountedKeyFileIsTaken: what a container system mounts is a link to a file
// that its group may read, which keys.Open refuses; the copy is opened.
func TestAMountedKeyFileIsTaken(t *testing.T) {
	made := filepath.Join(t.TempDir(), "keys.json")
	first, err := keys.Open(made, keys.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(made, 0o440); err != nil {
		t.Fatal(err)
	}
	mounted := filepath.Join(t.TempDir(), "keys.json")
	if err := os.Symlink(made, mounted); err != nil {
		t.Fatal(err)
	}
	if _, err := keys.Open(mounted, keys.Options{}); err == nil {
		t.Fatal("the mounted file is taken as it is")
	}
	folder := t.TempDir()
	if err := os.Chmod(folder, 0o777); err != nil { // as an empty volume is
		t.Fatal(err)
	}
	own := filepath.Join(folder, "own", "keys.json")
	for range 2 { // a container that starts again finds its copy
		if code, _, said := fairfloor("", "keys", "take", "--from", mounted, "--to", own); code != 0 {
			t.Fatalf("it ended with %d: %s", code, said)
		}
	}
	taken, err := keys.Open(own, keys.Options{})
	if err != nil {
		t.Fatal(err)
	}
	session := ids.New[ids.Session]()
	if first.SessionPublic(session) != taken.SessionPublic(session) {
		t.Error("the copy holds other keys")
	}
}

// TestTakingKeysSaysWhatIsWrong and leaves nothing behind.
func TestTakingKeysSaysWhatIsWrong(t *testing.T) {
	folder := t.TempDir()
	long := filepath.Join(folder, "long")
	if err := os.WriteFile(long, make([]byte, 64*1024+1), 0o600); err != nil {
		t.Fatal(err)
	}
	to := filepath.Join(folder, "to", "keys.json")
	for name, c := range map[string]struct {
		arguments []string
		want      string
	}{
		"nothing said": {nil, "from, to"},
		"no file":      {[]string{"--from", filepath.Join(folder, "missing"), "--to", to}, "missing"},
		"too long":     {[]string{"--from", long, "--to", to}, "no key file"},
	} {
		if code, _, said := fairfloor("", append([]string{"keys", "take"}, c.arguments...)...); code == 0 || !strings.Contains(said, c.want) {
			t.Errorf("%s: it ended with %d: %s", name, code, said)
		}
	}
	if left, err := filepath.Glob(filepath.Join(folder, "to", "*")); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}
