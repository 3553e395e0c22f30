package sandbox

import (
	"bytes"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"
	"sync"
	"time"
)

// What an upload may be, and for how long.
const (
	uploadLinkLife = 15 * time.Minute
	uploadLife     = 24 * time.Hour
	maxUpload      = 64 << 20
	// maxUploadMemory bounds all uploads of a sandbox without a folder.
	maxUploadMemory = 256 << 20
)

// uploadDir is the uploads' place in the sandbox's folder. Each upload is two
// files: NAME.json, the offer, and NAME.bin, the bytes once they came.
const uploadDir = "uploads"

// upload is an offer to take a file. It never changes.
type upload struct {
	Name        string    `json:"name"`
	Account     string    `json:"account"`
	ContentType string    `json:"content_type"`
	TokenHash   string    `json:"token_sha256"`
	OfferedAt   time.Time `json:"offered_at"`
}

// stored is what is known of the bytes.
type stored struct {
	Size       int64
	UploadedAt time.Time
}

var (
	errUploadUnknown = errors.New("no such upload")
	errUploadTaken   = errors.New("this upload is done already")
	errUploadFull    = errors.New("too many uploads are kept")
)

// uploads keeps offers and bytes, in memory or in a folder that processes
// share.
type uploads struct {
	root *os.Root // nil: memory

	mu     sync.Mutex
	offers map[string]upload
	data   map[string][]byte
	times  map[string]time.Time
	bytes  int
}

func newUploads(root *os.Root) *uploads {
	return &uploads{
		root: root, offers: make(map[string]upload),
		data: make(map[string][]byte), times: make(map[string]time.Time),
	}
}

// offer stores an offer and gives the token that its bytes must bring.
func (u *uploads) offer(o upload) (token string, err error) {
	token = newID("")
	o.TokenHash = hashText(token)
	if u.root == nil {
		u.mu.Lock()
		defer u.mu.Unlock()
		u.offers[o.Name] = o
		return token, nil
	}
	if err := u.root.Mkdir(uploadDir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return "", fmt.Errorf("store upload: %w", err)
	}
	data, err := json.Marshal(o)
	if err != nil {
		return "", fmt.Errorf("store upload: %w", err)
	}
	if err := writeOnce(u.root, path.Join(uploadDir, o.Name+".json"), data); err != nil {
		return "", fmt.Errorf("store upload: %w", err)
	}
	return token, nil
}

func hashText(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// admits says that the token is the one that was given out.
func (o upload) admits(token string) bool {
	return subtle.ConstantTimeCompare([]byte(hashText(token)), []byte(o.TokenHash)) == 1
}

// find is the offer of that name while it lives.
func (u *uploads) find(name string, now time.Time) (upload, error) {
	o, err := u.load(name)
	if err == nil && now.Sub(o.OfferedAt) > uploadLife {
		err = errUploadUnknown
	}
	return o, err
}

func (u *uploads) load(name string) (upload, error) {
	if !validID(strings.ReplaceAll(name, ".", "")) || strings.HasPrefix(name, ".") {
		return upload{}, errUploadUnknown
	}
	if u.root == nil {
		u.mu.Lock()
		defer u.mu.Unlock()
		o, known := u.offers[name]
		if !known {
			return upload{}, errUploadUnknown
		}
		return o, nil
	}
	data, err := u.root.ReadFile(path.Join(uploadDir, name+".json"))
	if errors.Is(err, fs.ErrNotExist) {
		return upload{}, errUploadUnknown
	}
	var o upload
	if err == nil {
		err = json.Unmarshal(data, &o)
	}
	return o, err
}

// put stores the bytes of an offer, once.
func (u *uploads) put(o upload, data []byte, now time.Time) error {
	if u.root != nil {
		err := writeOnce(u.root, path.Join(uploadDir, o.Name+".bin"), data)
		if errors.Is(err, fs.ErrExist) {
			return errUploadTaken
		}
		return err
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	switch {
	case u.data[o.Name] != nil:
		return errUploadTaken
	case u.bytes+len(data) > maxUploadMemory:
		return errUploadFull
	}
	u.data[o.Name], u.times[o.Name] = data, now
	u.bytes += len(data)
	return nil
}

// status tells about the bytes of an offer; errUploadUnknown while they are
// missing.
func (u *uploads) status(o upload) (stored, error) {
	if u.root != nil {
		info, err := u.root.Stat(path.Join(uploadDir, o.Name+".bin"))
		if errors.Is(err, fs.ErrNotExist) {
			return stored{}, errUploadUnknown
		}
		if err != nil {
			return stored{}, err
		}
		return stored{Size: info.Size(), UploadedAt: info.ModTime().UTC()}, nil
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.data[o.Name] == nil {
		return stored{}, errUploadUnknown
	}
	return stored{Size: int64(len(u.data[o.Name])), UploadedAt: u.times[o.Name]}, nil
}

// open gives the bytes of an offer.
func (u *uploads) open(o upload) (io.ReadSeekCloser, error) {
	if u.root != nil {
		return u.root.Open(path.Join(uploadDir, o.Name+".bin"))
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.data[o.Name] == nil {
		return nil, errUploadUnknown
	}
	return inMemory{bytes.NewReader(u.data[o.Name])}, nil
}

// inMemory is bytes that need no closing.
type inMemory struct{ *bytes.Reader }

func (inMemory) Close() error { return nil }

// has says that the bytes of that name are there and live.
func (u *uploads) has(name string, now time.Time) bool {
	o, err := u.find(name, now)
	if err != nil {
		return false
	}
	_, err = u.status(o)
	return err == nil
}

// prune removes what has outlived its 24 hours.
func (u *uploads) prune(now time.Time) error {
	u.mu.Lock()
	defer u.mu.Unlock()
	for name, o := range u.offers {
		if now.Sub(o.OfferedAt) > uploadLife {
			u.bytes -= len(u.data[name])
			delete(u.offers, name)
			delete(u.data, name)
			delete(u.times, name)
		}
	}
	if u.root == nil {
		return nil
	}
	folder, err := u.root.Open(uploadDir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("prune uploads: %w", err)
	}
	files, err := folder.ReadDir(-1)
	err = errors.Join(err, folder.Close())
	for _, file := range files {
		info, failed := file.Info()
		if failed == nil && now.Sub(info.ModTime()) > uploadLife {
			failed = u.root.Remove(path.Join(uploadDir, file.Name()))
		}
		if failed != nil && !errors.Is(failed, fs.ErrNotExist) {
			err = errors.Join(err, failed)
		}
	}
	return err
}
