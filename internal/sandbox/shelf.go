package sandbox

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path"
	"slices"
	"strings"
	"sync"
	"time"
)

// receipt is one createTask received, accepted or not. It never changes.
type receipt struct {
	Time    time.Time `json:"time"`
	Account string    `json:"account"`
	// Prompt of a refused request is shortened.
	Prompt string `json:"prompt"`
	Model  string `json:"model"`
	// Status and Message are those of the answer that was sent; 0: none was.
	Status  int    `json:"status"`
	Message string `json:"message,omitempty"`
	// Task is nil when the request was not accepted.
	Task *task `json:"task,omitempty"`

	name string // on the shelf
}

// maxRefused is how many refused requests are remembered: a flood of them
// must fill neither memory nor disk.
const maxRefused = 10_000

// receiptExt ends the name of a finished receipt file; partExt is added while
// it is being written.
const (
	receiptExt = ".json"
	partExt    = ".part"
)

// shelf keeps the receipts by name: the task id, or "refused_…". With a root
// each is also one JSON file there, which other processes read too.
type shelf struct {
	root   *os.Root
	logger *slog.Logger

	mu      sync.Mutex
	byName  map[string]*receipt
	arrived []*receipt // in the order in which this process learnt of them
	refused int        // how many of them have no task
}

func newShelf(root *os.Root, logger *slog.Logger) *shelf {
	return &shelf{root: root, logger: logger, byName: make(map[string]*receipt)}
}

// add stores a receipt. Its file appears whole or not at all. Nothing is
// synced to disk: a killed process loses nothing by that, only a power cut.
func (s *shelf) add(name string, r *receipt) error {
	if s.root != nil {
		data, err := json.Marshal(r)
		if err != nil {
			return fmt.Errorf("write sandbox task: %w", err)
		}
		if err := writeOnce(s.root, name+receiptExt, data); err != nil {
			return fmt.Errorf("write sandbox task: %w", err)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.keep(name, r)
	return nil
}

// writeOnce creates a file that nobody sees half written; fs.ErrExist when it
// is there already. Each writer has a part of its own, so that one killed in
// the middle blocks nobody, and the link lets one writer of a name win.
func writeOnce(root *os.Root, name string, data []byte) error {
	part := newID(name+".") + partExt
	file, err := root.OpenFile(part, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = file.Write(data)
	if err = errors.Join(err, file.Close()); err != nil {
		return errors.Join(err, root.Remove(part))
	}
	err = root.Link(part, name)
	if err == nil || errors.Is(err, fs.ErrExist) {
		return errors.Join(err, root.Remove(part))
	}
	// A file system without links: look, then rename. Two writers at the same
	// instant could both win there.
	if _, err = root.Lstat(name); err == nil {
		err = fs.ErrExist
	} else if errors.Is(err, fs.ErrNotExist) {
		err = root.Rename(part, name)
	}
	if err != nil {
		return errors.Join(err, root.Remove(part))
	}
	return nil
}

// keep remembers a receipt, and forgets the oldest refused one when there are
// too many. The caller holds mu.
func (s *shelf) keep(name string, r *receipt) {
	r.name = name
	s.byName[name] = r
	s.arrived = append(s.arrived, r)
	if r.Task != nil {
		return
	}
	s.refused++
	if s.refused > maxRefused {
		oldest := slices.IndexFunc(s.arrived, func(r *receipt) bool { return r.Task == nil })
		s.forget(s.arrived[oldest])
		s.arrived = slices.Delete(s.arrived, oldest, oldest+1)
	}
}

// forget removes a receipt from everywhere but arrived. The caller holds mu.
func (s *shelf) forget(r *receipt) {
	delete(s.byName, r.name)
	if r.Task == nil {
		s.refused--
	}
	if s.root == nil {
		return
	}
	if err := s.root.Remove(r.name + receiptExt); err != nil && !errors.Is(err, fs.ErrNotExist) {
		s.logger.Warn("sandbox: cannot remove an old task", "error", err)
	}
}

// task finds an accepted task by its id, also one of another process.
func (s *shelf) task(id string) *task {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.byName[id]
	if r == nil {
		r = s.read(id)
	}
	if r == nil {
		return nil
	}
	return r.Task
}

// read takes a receipt from its file; nil when there is none that can be
// read. The caller holds mu.
func (s *shelf) read(name string) *receipt {
	if s.root == nil {
		return nil
	}
	data, err := s.root.ReadFile(name + receiptExt)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	r := new(receipt)
	if err == nil {
		err = json.Unmarshal(data, r)
	}
	if err != nil {
		s.logger.Warn("sandbox: skipping a task that cannot be read", "file", name+receiptExt, "error", err)
		return nil
	}
	if r.Task != nil {
		r.Task.readWords()
	}
	s.keep(name, r)
	return r
}

// all lists every receipt, those of other processes included, in no certain
// order. On an error the list holds what this process knows.
func (s *shelf) all() ([]*receipt, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	err := s.refresh()
	return slices.Clone(s.arrived), err
}

// refresh reads the files that are new. The caller holds mu.
func (s *shelf) refresh() error {
	names, err := s.files()
	if err != nil {
		return err
	}
	for _, name := range names {
		name, isReceipt := strings.CutSuffix(name, receiptExt)
		if isReceipt && s.byName[name] == nil {
			s.read(name)
		}
	}
	return nil
}

// files lists the names in the folder; none without a folder.
func (s *shelf) files() ([]string, error) {
	if s.root == nil {
		return nil, nil
	}
	folder, err := s.root.Open(".")
	if err != nil {
		return nil, fmt.Errorf("list sandbox tasks: %w", err)
	}
	names, err := folder.Readdirnames(-1)
	if err := errors.Join(err, folder.Close()); err != nil {
		return nil, fmt.Errorf("list sandbox tasks: %w", err)
	}
	return names, nil
}

// prune forgets what was received before the given time, and parts that a
// killed process left then.
func (s *shelf) prune(before time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.refresh(); err != nil {
		return err
	}
	s.arrived = slices.DeleteFunc(s.arrived, func(r *receipt) bool {
		old := r.Time.Before(before)
		if old {
			s.forget(r)
		}
		return old
	})
	names, err := s.files()
	if err != nil {
		return err
	}
	for _, name := range names {
		if path.Ext(name) != partExt {
			continue
		}
		if info, err := s.root.Stat(name); err == nil && info.ModTime().Before(before) {
			s.logger.Debug("sandbox: removing an unfinished task file", "file", name, "error", s.root.Remove(name))
		}
	}
	return nil
}
