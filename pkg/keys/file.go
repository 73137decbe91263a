package keys

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/crypto/argon2"
	"golang.org/x/crypto/chacha20poly1305"
)

// format names the file's form; another one is refused, not guessed at.
const format = "fairfloor-keys/1"

// Bounds of the file's parts.
const (
	saltSize      = 16
	maxPassphrase = 4096
	// maxFile is far above what MaxTokenKeys needs; a larger file is not ours.
	maxFile = 64 * 1024
)

// cost is the price of one guess of the passphrase. It stands in the file, so
// that a later version may raise it and still open older files.
type cost struct {
	Passes    uint32 `json:"passes"`
	MemoryKiB uint32 `json:"memory_kib"`
	Lanes     uint8  `json:"lanes"`
}

// newCost is the second recommended choice of RFC 9106, some 0.1 s at each start
// and nothing afterwards. Tests lower it.
var newCost = cost{Passes: 3, MemoryKiB: 64 * 1024, Lanes: 4}

// check bounds what a damaged file could make a start pay.
func (c cost) check() error {
	if c.Passes < 1 || c.Passes > 100 || c.MemoryKiB < 8 || c.MemoryKiB > 2*1024*1024 || c.Lanes < 1 {
		return errors.New("it is damaged; restore it from a backup")
	}
	return nil
}

// errLink says that the key file's name is a symbolic link.
var errLink = errors.New("a symbolic link")

// errMissing says that there is no key file yet.
var errMissing = errors.New("there is no key file")

// sealed is the file: either Plain, or Cost, Salt, Nonce and Box.
type sealed struct {
	Format string   `json:"format"`
	Plain  *content `json:"plain,omitempty"`
	Cost   *cost    `json:"argon2id,omitempty"`
	Salt   []byte   `json:"salt,omitempty"`
	Nonce  []byte   `json:"nonce,omitempty"`
	Box    []byte   `json:"box,omitempty"`
}

// file reads and replaces a key file.
type file struct {
	path       string
	passphrase []byte // nil: not encrypted
	// cost, salt and key are kept after the first read, so that a later one needs
	// no Argon2; cost and salt live as long as the file.
	cost      cost
	salt, key []byte
}

// stamp tells one version of the file from the next.
type stamp struct {
	inode      uint64
	size, time int64
}

// openFile reads the passphrase and checks the folder.
func openFile(path string, options Options) (*file, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	f := &file{path: path}
	if options.PassphraseFile != "" {
		if f.passphrase, err = readPassphrase(options.PassphraseFile); err != nil {
			return nil, err
		}
	}
	folder, err := os.Stat(filepath.Dir(path))
	if err != nil {
		return nil, fmt.Errorf("the folder of the key file: %w", err)
	}
	if err := checkFolder(filepath.Dir(path), folder); err != nil {
		return nil, err
	}
	return f, nil
}

// readPassphrase reads a passphrase file. It may be a mounted secret, which is
// a symbolic link in some systems and readable by a group in others; the world
// must not read it.
func readPassphrase(path string) ([]byte, error) {
	opened, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("the passphrase file: %w", err)
	}
	defer opened.Close()
	info, err := opened.Stat()
	if err != nil {
		return nil, fmt.Errorf("the passphrase file: %w", err)
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("the passphrase file %s is not a regular file", path)
	}
	if err := checkPassphrase(path, info); err != nil {
		return nil, err
	}
	text, err := io.ReadAll(io.LimitReader(opened, maxPassphrase+1))
	if err != nil {
		return nil, fmt.Errorf("the passphrase file: %w", err)
	}
	text = bytes.TrimRight(text, " \t\r\n")
	if len(text) == 0 || len(text) > maxPassphrase {
		return nil, fmt.Errorf("the passphrase file %s must hold 1 to %d bytes", path, maxPassphrase)
	}
	return text, nil
}

// stamp gives the present version, or the zero stamp when there is no file.
func (f *file) stamp() stamp {
	info, err := os.Lstat(f.path)
	if err != nil {
		return stamp{}
	}
	return stamp{size: info.Size(), time: info.ModTime().UnixNano(), inode: inode(info)}
}

// read opens, checks, decrypts and parses the file.
func (f *file) read() (content, error) {
	// A link could lead to a file that others own. The checks are on the opened
	// file, so it cannot be exchanged between check and use.
	opened, err := openNoLink(f.path)
	if errors.Is(err, fs.ErrNotExist) {
		return content{}, errMissing
	}
	if errors.Is(err, errLink) {
		return content{}, fmt.Errorf("the key file %s is a symbolic link; put the file itself there", f.path)
	}
	if err != nil {
		return content{}, fmt.Errorf("the key file: %w", err)
	}
	defer opened.Close()
	if err := f.checkMode(opened); err != nil {
		return content{}, err
	}
	raw, err := io.ReadAll(io.LimitReader(opened, maxFile+1))
	if err != nil {
		return content{}, fmt.Errorf("the key file: %w", err)
	}
	if len(raw) > maxFile {
		return content{}, fmt.Errorf("the key file %s is larger than %d bytes, so it is not one of ours", f.path, maxFile)
	}
	c, err := f.open(raw)
	if err != nil {
		return content{}, fmt.Errorf("the key file %s: %w", f.path, err)
	}
	return c, nil
}

// checkMode refuses a file that is not the owner's alone.
func (f *file) checkMode(opened *os.File) error {
	info, err := opened.Stat()
	if err != nil {
		return fmt.Errorf("the key file: %w", err)
	}
	if !info.Mode().IsRegular() {
		return fmt.Errorf("the key file %s is not a regular file", f.path)
	}
	return checkOwner(f.path, info)
}

// open decrypts and parses the bytes of a file.
func (f *file) open(raw []byte) (content, error) {
	var s sealed
	if err := json.Unmarshal(raw, &s); err != nil {
		return content{}, errors.New("it is damaged or not a key file; restore it from a backup")
	}
	if s.Format != format {
		return content{}, fmt.Errorf("its format is %.40q, this program reads %q", s.Format, format)
	}
	if s.Plain != nil {
		if f.passphrase != nil {
			return content{}, errors.New("it is not encrypted, but a passphrase file is set; remove the setting, or encrypt the file first")
		}
		return *s.Plain, s.Plain.check()
	}
	if f.passphrase == nil {
		return content{}, errors.New("it is encrypted; set the passphrase file")
	}
	if s.Cost == nil || len(s.Salt) != saltSize || len(s.Nonce) != chacha20poly1305.NonceSizeX {
		return content{}, errors.New("it is damaged; restore it from a backup")
	}
	if err := s.Cost.check(); err != nil {
		return content{}, err
	}
	box, err := chacha20poly1305.NewX(f.keyFor(*s.Cost, s.Salt))
	if err != nil {
		return content{}, err
	}
	plain, err := box.Open(nil, s.Nonce, s.Box, []byte(format))
	if err != nil {
		return content{}, errors.New("the passphrase is wrong, or the file was changed")
	}
	var c content
	if err := json.Unmarshal(plain, &c); err != nil {
		return content{}, errors.New("it is damaged; restore it from a backup")
	}
	return c, c.check()
}

// keyFor stretches the passphrase, once for each salt.
func (f *file) keyFor(c cost, salt []byte) []byte {
	if f.cost != c || !bytes.Equal(f.salt, salt) {
		f.cost, f.salt = c, bytes.Clone(salt)
		f.key = argon2.IDKey(f.passphrase, salt, c.Passes, c.MemoryKiB, c.Lanes, chacha20poly1305.KeySize)
	}
	return f.key
}

// seal gives the bytes of a file.
func (f *file) seal(c content) ([]byte, error) {
	s := sealed{Format: format}
	if f.passphrase == nil {
		s.Plain = &c
	} else {
		price, salt := f.cost, f.salt
		if salt == nil {
			price, salt = newCost, make([]byte, saltSize)
			_, _ = rand.Read(salt)
		}
		box, err := chacha20poly1305.NewX(f.keyFor(price, salt))
		if err != nil {
			return nil, err
		}
		plain, err := json.Marshal(c)
		if err != nil {
			return nil, err
		}
		// The nonce is 24 random bytes: safe to draw anew for each writing.
		s.Cost, s.Salt, s.Nonce = &price, salt, make([]byte, chacha20poly1305.NonceSizeX)
		_, _ = rand.Read(s.Nonce)
		s.Box = box.Seal(nil, s.Nonce, plain, []byte(format))
	}
	raw, err := json.MarshalIndent(s, "", "  ")
	return append(raw, '\n'), err
}

// create writes a first file, unless there is one by then: a link, unlike a
// rename, never replaces what another process has just put there.
func (f *file) create(c content) error {
	aside, err := f.writeAside(c)
	if err != nil {
		return err
	}
	defer os.Remove(aside)
	if err := os.Link(aside, f.path); err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("create the key file: %w", err)
	}
	return syncFolder(filepath.Dir(f.path))
}

// update applies do to what the file holds now and replaces the file.
func (f *file) update(do func(*content) error) (content, error) { return f.replace(f, do) }

// replace reads the file as f, applies do and writes the outcome as to, which
// may have another passphrase. Processes take turns by a lock on the folder, so
// no rotation is lost.
func (f *file) replace(to *file, do func(*content) error) (content, error) {
	unlock, err := lockFolder(filepath.Dir(f.path))
	if err != nil {
		return content{}, fmt.Errorf("lock the folder of the key file: %w", err)
	}
	defer unlock()
	c, err := f.read()
	if err != nil {
		return content{}, err
	}
	if err := do(&c); err != nil {
		return content{}, err
	}
	aside, err := to.writeAside(c)
	if err != nil {
		return content{}, err
	}
	defer os.Remove(aside)
	if err := os.Rename(aside, f.path); err != nil {
		return content{}, fmt.Errorf("replace the key file: %w", err)
	}
	return c, syncFolder(filepath.Dir(f.path))
}

// writeAside writes and syncs a file of mode 0600 beside the key file.
func (f *file) writeAside(c content) (path string, err error) {
	raw, err := f.seal(c)
	if err != nil {
		return "", err
	}
	// os.CreateTemp makes files with mode 0600.
	aside, err := os.CreateTemp(filepath.Dir(f.path), ".keys-*")
	if err != nil {
		return "", fmt.Errorf("write the key file: %w", err)
	}
	_, err = aside.Write(raw)
	err = errors.Join(err, aside.Sync(), aside.Close())
	if err != nil {
		_ = os.Remove(aside.Name())
		return "", fmt.Errorf("write the key file: %w", err)
	}
	return aside.Name(), nil
}
