package keys

import (
	"bytes"
	"crypto/ed25519"
	"encoding/hex"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fairfloor/fairfloor/pkg/ids"
)

var (
	one   = ids.MustParse[ids.Session]("01890a5d-ac96-774b-bcce-b302099a8057")
	other = ids.MustParse[ids.Session]("01890a5d-ac96-774b-bcce-b302099a8058")
)

// usualCost is what a deployment pays; the race detector makes it ten times as
// dear, so most tests pay the least.
var usualCost = newCost

func TestMain(m *testing.M) {
	newCost = cost{Passes: 1, MemoryKiB: 8, Lanes: 1}
	os.Exit(m.Run())
}

// place gives a path for a key file in a folder that only we may write.
func place(t *testing.T) string {
	t.Helper()
	folder := filepath.Join(t.TempDir(), "keys")
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	return filepath.Join(folder, "fairfloor.key")
}

// passphrase writes a passphrase file.
func passphrase(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "passphrase")
	if err := os.WriteFile(path, []byte(text), 0o400); err != nil {
		t.Fatal(err)
	}
	return path
}

func open(t *testing.T, path string, options Options) *Set {
	t.Helper()
	s, err := Open(path, options)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// signer gives the key that signs the deployment's own tokens.
func signer(t *testing.T, s *Set) (string, ed25519.PrivateKey) {
	t.Helper()
	kid, key, err := s.TokenSigner(ids.Organisation{})
	must(t, err)
	return kid, key
}

// kids lists the token keys by name.
func kids(s *Set) (all []string) {
	for _, k := range s.TokenKeys() {
		all = append(all, k.KID)
	}
	return all
}

func TestTheFileIsCreatedForItsOwnerAlone(t *testing.T) {
	path := place(t)
	first := open(t, path, Options{})
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode() != 0o600 {
		t.Errorf("mode %v, want 0600 and a regular file", info.Mode())
	}
	again := open(t, path, Options{})
	if !first.SessionKey(one).Equal(again.SessionKey(one)) || first.Secret(Lot, one) != again.Secret(Lot, one) {
		t.Error("a second start has other keys")
	}
	left, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(left) != 1 {
		t.Errorf("beside the key file lies something: %v, %v", left, err)
	}
}

func TestKeysDiffer(t *testing.T) {
	s, elsewhere := Ephemeral(), Ephemeral()
	kid, signing := signer(t, s)
	lot := s.Secret(Lot, one)
	all := map[string]string{
		"session one":       hex.EncodeToString(s.SessionKey(one).Seed()),
		"session other":     hex.EncodeToString(s.SessionKey(other).Seed()),
		"token":             hex.EncodeToString(signing.Seed()),
		"lot":               hex.EncodeToString(lot[:]),
		"another set's key": hex.EncodeToString(elsewhere.SessionKey(one).Seed()),
	}
	lotOther, purpose := s.Secret(Lot, other), s.Secret("session", one)
	all["lot other"], all["secret with the purpose session"] = hex.EncodeToString(lotOther[:]), hex.EncodeToString(purpose[:])
	seen := map[string]string{}
	for name, key := range all {
		if twin, twice := seen[key]; twice {
			t.Errorf("%s and %s are the same key", name, twin)
		}
		seen[key] = name
	}
	if len(kid) != 10 {
		t.Errorf("kid %q has not 10 characters", kid)
	}
}

// The derivation is part of what a deployment stores: another one would make
// every receipt that was ever given unverifiable.
func TestDerivationStaysAsItIs(t *testing.T) {
	s := &Set{content: content{Master: bytes.Repeat([]byte{7}, masterSize), Tokens: []tokenKey{{KID: "ABCDEFGHIJ"}}}}
	lot := s.Secret(Lot, one)
	_, signing := signer(t, s)
	for name, c := range map[string]struct{ got, want string }{
		"session": {hex.EncodeToString(s.SessionKey(one).Seed()), goldenSession},
		"lot":     {hex.EncodeToString(lot[:]), goldenLot},
		"token":   {hex.EncodeToString(signing.Seed()), goldenToken},
	} {
		if c.got != c.want {
			t.Errorf("%s: %s, want %s", name, c.got, c.want)
		}
	}
	key, err := ParsePublic(s.SessionPublic(one))
	if err != nil || !key.Equal(s.SessionKey(one).Public()) {
		t.Errorf("the public key reads back as %x, %v", key, err)
	}
	if got := Fingerprint(key); got != goldenFingerprint {
		t.Errorf("fingerprint %s, want %s", got, goldenFingerprint)
	}
}

func TestParsePublicRefuses(t *testing.T) {
	good := Ephemeral().SessionPublic(one)
	for _, text := range []string{"", good[1:], good + "A", good + "=", strings.Repeat("!", len(good))} {
		if _, err := ParsePublic(text); err == nil {
			t.Errorf("%q was read as a public key", text)
		}
	}
}

func TestRefusedFiles(t *testing.T) {
	secret := passphrase(t, "correct horse battery staple\n")
	for _, c := range []struct {
		name    string
		options Options // for the second opening
		first   Options
		change  func(t *testing.T, path string)
		want    string
	}{
		{
			name: "the group can read it", want: "chmod 600",
			change: func(t *testing.T, path string) { chmod(t, path, 0o640) },
		},
		{
			name: "everybody can read it", want: "chmod 600",
			change: func(t *testing.T, path string) { chmod(t, path, 0o604) },
		},
		{
			name: "the group can write it", want: "chmod 600",
			change: func(t *testing.T, path string) { chmod(t, path, 0o620) },
		},
		{
			name: "others can write the folder", want: "chmod go-w",
			change: func(t *testing.T, path string) { chmod(t, filepath.Dir(path), 0o777) },
		},
		{name: "it is a symbolic link", want: "symbolic link", change: func(t *testing.T, path string) {
			must(t, os.Rename(path, path+".real"))
			must(t, os.Symlink(path+".real", path))
		}},
		{name: "it is a folder", want: "not a regular file", change: func(t *testing.T, path string) {
			must(t, os.Remove(path))
			must(t, os.Mkdir(path, 0o700))
		}},
		{name: "it is cut short", want: "damaged", change: func(t *testing.T, path string) { must(t, os.Truncate(path, 20)) }},
		{name: "it is empty", want: "damaged", change: func(t *testing.T, path string) { must(t, os.Truncate(path, 0)) }},
		{name: "it is huge", want: "larger than", change: func(t *testing.T, path string) { must(t, os.Truncate(path, 1<<20)) }},
		{name: "it has another format", want: "its format is", change: func(t *testing.T, path string) {
			must(t, os.WriteFile(path, []byte(`{"format":"fairfloor-keys/9"}`), 0o600))
		}},
		{name: "its secret is short", want: "master secret", change: func(t *testing.T, path string) {
			must(t, os.WriteFile(path, []byte(`{"format":"fairfloor-keys/1","plain":{"master":"AAAA","tokens":[{"kid":"A"}]}}`), 0o600))
		}},
		{name: "it names no token key", want: "token keys", change: func(t *testing.T, path string) {
			master := strings.Repeat("A", 43) + "="
			must(t, os.WriteFile(path, []byte(`{"format":"fairfloor-keys/1","plain":{"master":"`+master+`"}}`), 0o600))
		}},
		{name: "it is not encrypted, but should be", want: "not encrypted", options: Options{PassphraseFile: secret}},
		{name: "it is encrypted, and no passphrase is set", want: "set the passphrase file", first: Options{PassphraseFile: secret}},
		{
			name: "the passphrase is wrong", want: "passphrase is wrong", first: Options{PassphraseFile: secret},
			options: Options{PassphraseFile: passphrase(t, "wrong")},
		},
		{
			name: "one character of the box was changed", want: "was changed", first: Options{PassphraseFile: secret},
			options: Options{PassphraseFile: secret}, change: func(t *testing.T, path string) {
				raw, err := os.ReadFile(path)
				must(t, err)
				at := bytes.Index(raw, []byte(`"box": "`)) + 20
				if raw[at] != 'A' {
					raw[at] = 'A'
				} else {
					raw[at] = 'B'
				}
				must(t, os.WriteFile(path, raw, 0o600))
			},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := place(t)
			open(t, path, c.first)
			if c.change != nil {
				c.change(t, path)
			}
			_, err := Open(path, c.options)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("error %v, want one that says %q", err, c.want)
			}
		})
	}
}

func TestRefusedPassphraseFiles(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"empty", " \n", "1 to"},
		{"too long", strings.Repeat("x", maxPassphrase+1), "1 to"},
		{"missing", "", "passphrase file"},
		{"readable by all", "secret", "chmod o="},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "passphrase")
			if c.name != "missing" {
				must(t, os.WriteFile(path, []byte(c.text), 0o600))
			}
			if c.name == "readable by all" {
				chmod(t, path, 0o644)
			}
			if _, err := Open(place(t), Options{PassphraseFile: path}); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("error %v, want one that says %q", err, c.want)
			}
		})
	}
}

func TestPassphraseHidesTheSecret(t *testing.T) {
	path := place(t)
	options := Options{PassphraseFile: passphrase(t, "correct horse battery staple\n")}
	s := open(t, path, options)
	raw, err := os.ReadFile(path)
	must(t, err)
	kid, _ := signer(t, s)
	if bytes.Contains(raw, []byte(kid)) || bytes.Contains(raw, []byte("master")) {
		t.Errorf("the encrypted file shows its content: %s", raw)
	}
	// White space at the end of a passphrase file depends on the editor.
	again := open(t, path, Options{PassphraseFile: passphrase(t, "correct horse battery staple")})
	if !again.SessionKey(one).Equal(s.SessionKey(one)) {
		t.Error("a second start has other keys")
	}
	rotated, err := s.RotateToken(ids.Organisation{})
	must(t, err)
	if fresh := open(t, path, options); !slices.Equal(kids(fresh), []string{kid, rotated}) {
		t.Errorf("after a rotation the file names %v", kids(fresh))
	}
}

// RFC 9106, 4: the second recommended choice is 3 passes, 64 MiB and 4 lanes. A
// file of that cost opens whatever the cost of new files is.
func TestThePriceOfAGuess(t *testing.T) {
	if usualCost != (cost{Passes: 3, MemoryKiB: 65536, Lanes: 4}) {
		t.Errorf("a guess costs %+v", usualCost)
	}
	path, options := place(t), Options{PassphraseFile: passphrase(t, "secret")}
	least := newCost
	newCost = usualCost
	s := open(t, path, options)
	newCost = least
	if !open(t, path, options).SessionKey(one).Equal(s.SessionKey(one)) {
		t.Error("a file of the usual cost does not open")
	}
	if _, err := s.RotateToken(ids.Organisation{}); err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(path)
	must(t, err)
	if !bytes.Contains(raw, []byte(`"memory_kib": 65536`)) {
		t.Errorf("a rotation changed the cost: %s", raw)
	}
	for _, c := range []string{`"memory_kib": 4000000000`, `"memory_kib": 0`, `"memory_kib": -1`} {
		must(t, os.WriteFile(path, bytes.Replace(raw, []byte(`"memory_kib": 65536`), []byte(c), 1), 0o600))
		if _, err := Open(path, options); err == nil || !strings.Contains(err.Error(), "damaged") {
			t.Errorf("%s: %v", c, err)
		}
	}
}

func TestReseal(t *testing.T) {
	path := place(t)
	s := open(t, path, Options{})
	key := s.SessionKey(one)
	secret := Options{PassphraseFile: passphrase(t, "a new passphrase")}
	must(t, s.Reseal(secret))
	if _, err := Open(path, Options{}); err == nil {
		t.Error("the file opens without its passphrase")
	}
	if !open(t, path, secret).SessionKey(one).Equal(key) || !s.SessionKey(one).Equal(key) {
		t.Error("resealing changed the keys")
	}
	if _, err := s.RotateToken(ids.Organisation{}); err != nil {
		t.Errorf("rotation after resealing: %v", err)
	}
	must(t, s.Reseal(Options{}))
	if got := kids(open(t, path, Options{})); len(got) != 2 {
		t.Errorf("the token keys are %v, want two", got)
	}
	if err := Ephemeral().Reseal(secret); err == nil {
		t.Error("keys in memory were resealed")
	}
}

func TestTokenKeyRotation(t *testing.T) {
	for name, s := range map[string]*Set{"file": open(t, place(t), Options{}), "memory": Ephemeral()} {
		t.Run(name, func(t *testing.T) {
			old, oldKey := signer(t, s)
			fresh, err := s.RotateToken(ids.Organisation{})
			must(t, err)
			if kid, key := signer(t, s); kid != fresh || key.Equal(oldKey) {
				t.Errorf("%s signs after the rotation, want %s with another key", kid, fresh)
			}
			if public, _, ok := s.TokenKey(old); !ok || !public.Equal(oldKey.Public()) {
				t.Error("the old key no longer verifies")
			}
			if err := s.RemoveToken(fresh); err == nil || !strings.Contains(err.Error(), "rotate first") {
				t.Errorf("removing the key that signs: %v", err)
			}
			if err := s.RemoveToken("nobody"); err == nil {
				t.Error("an unknown key was removed")
			}
			must(t, s.RemoveToken(old))
			if _, _, ok := s.TokenKey(old); ok {
				t.Error("a removed key still verifies")
			}
			for range MaxTokenKeys - 1 {
				_, err = s.RotateToken(ids.Organisation{})
				must(t, err)
			}
			if _, err = s.RotateToken(ids.Organisation{}); err == nil {
				t.Error("the number of token keys is not bounded")
			}
			if n := len(kids(s)); n != MaxTokenKeys {
				t.Errorf("%d token keys, want %d", n, MaxTokenKeys)
			}
		})
	}
}

// In a bubble a second costs nothing; files are real.
func TestOtherProcessesSeeARotation(t *testing.T) {
	path := place(t)
	synctest.Test(t, func(t *testing.T) {
		here, there := open(t, path, Options{}), open(t, path, Options{})
		old, _ := signer(t, here)
		fresh, err := here.RotateToken(ids.Organisation{})
		must(t, err)
		must(t, here.RemoveToken(old))
		time.Sleep(time.Second)
		if _, _, ok := there.TokenKey(fresh); !ok {
			t.Error("the new key is not known after a second")
		}
		if _, _, ok := there.TokenKey(old); ok {
			t.Error("the removed key still verifies after a second")
		}
		// A file that went away, or that holds another deployment's secret, must
		// not change the keys under a running session.
		key := there.SessionKey(one)
		must(t, os.Remove(path))
		open(t, path, Options{})
		time.Sleep(2 * time.Second)
		if kid, _ := signer(t, there); kid != fresh || !there.SessionKey(one).Equal(key) {
			t.Error("a foreign file was taken over")
		}
	})
}

func TestProcessesThatStartAtOnceShareOneSecret(t *testing.T) {
	path := place(t)
	var wait sync.WaitGroup
	keys := make([]ed25519.PrivateKey, 16)
	for i := range keys {
		wait.Go(func() {
			s, err := Open(path, Options{})
			if err != nil {
				t.Error(err)
				return
			}
			keys[i] = s.SessionKey(one)
		})
	}
	wait.Wait()
	for _, key := range keys {
		if !key.Equal(keys[0]) {
			t.Fatal("two processes have different keys")
		}
	}
}

func TestRotationsAtOnceAreAllKept(t *testing.T) {
	path := place(t)
	var wait sync.WaitGroup
	for range MaxTokenKeys - 1 {
		s := open(t, path, Options{})
		wait.Go(func() {
			if _, err := s.RotateToken(ids.Organisation{}); err != nil {
				t.Error(err)
			}
		})
	}
	wait.Wait()
	if got := kids(open(t, path, Options{})); len(got) != MaxTokenKeys {
		t.Errorf("%d token keys after %d rotations at once", len(got), MaxTokenKeys-1)
	}
}

func TestFingerprints(t *testing.T) {
	s := Ephemeral()
	public, _ := s.SessionKey(one).Public().(ed25519.PublicKey)
	print := Fingerprint(public)
	if len(print) != 24 || strings.Trim(print, crockford+"-") != "" {
		t.Fatalf("%q is not five groups of four characters", print)
	}
	elsewhere, _ := s.SessionKey(other).Public().(ed25519.PublicKey)
	slip := strings.NewReplacer("0", "o", "1", "l").Replace(strings.ToLower(print))
	for _, c := range []struct {
		name, typed string
		same        bool
	}{
		{"as shown", print, true},
		{"lower case, letters for digits", slip, true},
		{"spaces for hyphens", " " + strings.ReplaceAll(print, "-", " "), true},
		{"another session's", Fingerprint(elsewhere), false},
		{"one group only", print[:4], false},
		{"one group missing", print[:19], false},
		{"nothing", "", false},
	} {
		if got := SameFingerprint(print, c.typed); got != c.same {
			t.Errorf("%s: %q same as %q = %v", c.name, c.typed, print, got)
		}
	}
	if SameFingerprint("", "") {
		t.Error("no fingerprint is the same as no fingerprint")
	}
}

func chmod(t *testing.T, path string, mode os.FileMode) {
	t.Helper()
	must(t, os.Chmod(path, mode))
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// Written down from the first run; the keys are equal to those of an
// independent HKDF (RFC 5869, from Python's hmac).
const (
	goldenSession     = "38f34da0c2e19b29f46736e812c8ee6f3daa7118c0120c2e8d3c4eb96ab58a8e"
	goldenLot         = "d3f3dd3189df37f0f7e490b5bc560c6a309e6c06d549727e4b296c4f5f2770b1"
	goldenToken       = "dece99a4dae011e1504e0e207d3ec857dec9192e07fda973fdd8cb5270175d4b"
	goldenFingerprint = "A1ZR-W2E8-3Q81-2ADS-S92Y"
)
