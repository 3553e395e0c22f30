package media

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"hash"
	"io"
	"os"
	"strings"

	"seedance-mcp/internal/video"
)

const (
	partEnding  = ".part"
	stateEnding = ".part.json"
	maxState    = 64 << 10
	// bufferBytes is how much of a video is in memory at once.
	bufferBytes = 128 << 10
)

// errNoLocks: the file system cannot lock, as some network ones cannot.
var errNoLocks = errors.New("the file system has no locks")

// state is what is known about a part; it outlives the process.
type state struct {
	Source string `json:"source"`
	// ETag is kept only if it is strong: a weak one cannot join two halves.
	ETag         string `json:"etag,omitempty"`
	LastModified string `json:"last_modified,omitempty"`
	Total        int64  `json:"total,omitempty"` // 0: the server does not tell
	// Done: the part is the whole video.
	Done bool `json:"done,omitempty"`
}

// part is a video that is being fetched. Only the fetch that holds the lock on
// its state touches it.
type part struct {
	dir      *folder
	name     string
	source   string
	lock     *os.File // the state's file
	data     *os.File
	state    state
	size     int64
	sum      hash.Hash
	loaded   bool
	private  bool // nobody will find it again
	complete bool
}

// openPart takes the part of a video; nil: another fetch has it.
func openPart(dir *folder, stem string, src source) (*part, error) {
	p := &part{dir: dir, name: stem + "." + src.key[:8], source: src.key, sum: sha256.New()}
	file, err := dir.root.OpenFile(p.name+stateEnding, os.O_RDWR|os.O_CREATE, fileMode)
	if err != nil {
		return nil, diskError(err, dir.path)
	}
	mine, err := dir.lock(file)
	switch {
	case errors.Is(err, errNoLocks):
		// A name of its own keeps others away; there is nothing to go on with.
		_ = file.Close()
		_ = dir.root.Remove(p.name + stateEnding)
		p.private = true
		p.name += "-" + strings.ToLower(rand.Text()[:8])
		if p.lock, err = dir.root.OpenFile(p.name+stateEnding, os.O_RDWR|os.O_CREATE|os.O_EXCL, fileMode); err != nil {
			return nil, diskError(err, dir.path)
		}
		return p, nil
	case err != nil:
		_ = file.Close()
		return nil, diskError(err, dir.path)
	case !mine:
		_ = file.Close()
		return nil, nil
	}
	// The one who had it may just have finished and removed the file.
	opened, err := file.Stat()
	if err != nil {
		_ = file.Close()
		return nil, diskError(err, dir.path)
	}
	there, err := dir.root.Lstat(p.name + stateEnding)
	if err != nil || !os.SameFile(opened, there) {
		_ = file.Close()
		if err == nil && !there.Mode().IsRegular() {
			return nil, video.Errorf(video.Unavailable, "The video could not be saved: %s is in the way.", p.path(stateEnding))
		}
		return nil, nil
	}
	p.lock = file
	return p, nil
}

func (p *part) path(ending string) string {
	return p.dir.path + string(os.PathSeparator) + p.name + ending
}

// load reads what an earlier fetch left, or begins anew.
func (p *part) load(ctx context.Context) error {
	usable, err := p.reopen()
	if err != nil {
		return err
	}
	if !usable {
		p.loaded = true
		return p.fresh()
	}
	if p.size, err = hashInto(ctx, p.sum, p.data); err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return diskError(err, p.dir.path)
	}
	p.loaded = true
	if p.state.Total > 0 && p.size > p.state.Total || p.state.Done && p.size != p.state.Total {
		return p.fresh()
	}
	p.complete = p.state.Total > 0 && p.size == p.state.Total
	return nil
}

// reopen opens a part whose state is known.
func (p *part) reopen() (usable bool, err error) {
	text, err := io.ReadAll(io.LimitReader(p.lock, maxState))
	if err != nil {
		return false, diskError(err, p.dir.path)
	}
	var known state
	if json.Unmarshal(text, &known) != nil || known.Source != p.source {
		known = state{} // of another video, or half written
	}
	info, err := p.dir.root.Lstat(p.name + partEnding)
	if errors.Is(err, os.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, diskError(err, p.dir.path)
	}
	if known.Source == "" || !info.Mode().IsRegular() || info.Size() < headBytes && !known.Done {
		return false, nil
	}
	p.data, err = p.dir.root.OpenFile(p.name+partEnding, os.O_RDWR, fileMode)
	if err != nil {
		return false, diskError(err, p.dir.path)
	}
	p.state = known
	return true, nil
}

// fresh forgets all that came so far. The file is replaced, not emptied: it
// may have its final name already.
func (p *part) fresh() error {
	if p.data != nil {
		_ = p.data.Close()
		p.data = nil
	}
	p.sum.Reset()
	p.size, p.complete = 0, false
	if err := p.remember(state{Source: p.source}); err != nil {
		return err
	}
	err := p.dir.root.Remove(p.name + partEnding)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return diskError(err, p.dir.path)
	}
	p.data, err = p.dir.root.OpenFile(p.name+partEnding, os.O_RDWR|os.O_CREATE|os.O_EXCL, fileMode)
	if err != nil {
		return diskError(err, p.dir.path)
	}
	return nil
}

// remember writes the state. Half of one cannot be read, and then counts as none.
func (p *part) remember(s state) error {
	p.state = s
	text, err := json.Marshal(s)
	if err != nil {
		return err
	}
	if err := p.lock.Truncate(0); err != nil {
		return diskError(err, p.dir.path)
	}
	if _, err := p.lock.WriteAt(text, 0); err != nil {
		return diskError(err, p.dir.path)
	}
	return nil
}

// resumable says that the server can tell whether the part is still a part of
// what it has. A time alone is a weak sign: the length must agree too.
func (p *part) resumable() bool {
	return p.size >= headBytes && (p.state.ETag != "" || p.state.LastModified != "" && p.state.Total > 0)
}

// write appends to the part.
func (p *part) write(data []byte) error {
	n, err := p.data.Write(data)
	p.sum.Write(data[:n])
	p.size += int64(n)
	if err != nil {
		return diskError(err, p.dir.path)
	}
	return nil
}

// finished describes a complete part.
type finished struct {
	kind   kind
	bytes  int64
	sha256 string
}

// finish brings a complete part safely to disk.
func (p *part) finish() (finished, error) {
	head := make([]byte, headBytes)
	n, err := p.data.ReadAt(head, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return finished{}, diskError(err, p.dir.path)
	}
	is, ok := kindOf(head[:n])
	if !ok { // damaged on disk: it was a video when it came
		if err := p.fresh(); err != nil {
			return finished{}, err
		}
		return finished{}, video.Errorf(video.Unavailable, "The part of the video that was on disk is damaged; it was thrown away.")
	}
	if err := p.data.Sync(); err != nil {
		return finished{}, diskError(err, p.dir.path)
	}
	s := p.state
	s.Total, s.Done = p.size, true
	if err := p.remember(s); err != nil {
		return finished{}, err
	}
	err = p.data.Close()
	p.data = nil
	if err != nil {
		return finished{}, diskError(err, p.dir.path)
	}
	return finished{kind: is, bytes: p.size, sha256: hex.EncodeToString(p.sum.Sum(nil))}, nil
}

// leave ends the fetch and keeps what the next one can go on with.
func (p *part) leave() {
	if p.private || p.loaded && !p.resumable() && !p.state.Done {
		p.discard()
		return
	}
	if p.data != nil {
		_ = p.data.Close()
	}
	_ = p.lock.Close()
}

// discard ends the fetch and removes the part. The lock goes last.
func (p *part) discard() {
	if p.data != nil {
		_ = p.data.Close()
	}
	_ = p.dir.root.Remove(p.name + partEnding)
	_ = p.dir.root.Remove(p.name + stateEnding)
	_ = p.lock.Close()
}

// hashInto reads a file to its end, unless ctx is done before.
func hashInto(ctx context.Context, sum hash.Hash, file io.Reader) (int64, error) {
	buffer := make([]byte, bufferBytes)
	var size int64
	for {
		if err := ctx.Err(); err != nil {
			return size, err
		}
		n, err := file.Read(buffer)
		sum.Write(buffer[:n])
		size += int64(n)
		if errors.Is(err, io.EOF) {
			return size, nil
		}
		if err != nil {
			return size, err
		}
	}
}
