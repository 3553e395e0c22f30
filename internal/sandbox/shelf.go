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

	mu       sync.Mutex
	receipts map[string]*receipt
	refused  []string // names, oldest first
}

func newShelf(root *os.Root, logger *slog.Logger) *shelf {
	return &shelf{root: root, logger: logger, receipts: make(map[string]*receipt)}
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

// writeOnce creates a file that nobody sees half written. The part is made
// exclusively, so that two writers of one name cannot both succeed.
func writeOnce(root *os.Root, name string, data []byte) error {
	part := name + partExt
	file, err := root.OpenFile(part, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = file.Write(data)
	err = errors.Join(err, file.Close())
	if err == nil {
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
	s.receipts[name] = r
	if r.Task != nil {
		return
	}
	s.refused = append(s.refused, name)
	if len(s.refused) > maxRefused {
		s.drop(s.refused[0])
		s.refused = s.refused[1:]
	}
}

// drop forgets a receipt and removes its file. The caller holds mu.
func (s *shelf) drop(name string) {
	delete(s.receipts, name)
	if s.root == nil {
		return
	}
	if err := s.root.Remove(name + receiptExt); err != nil && !errors.Is(err, fs.ErrNotExist) {
		s.logger.Warn("sandbox: cannot remove an old task", "error", err)
	}
}

// task finds an accepted task by its id, also one of another process.
func (s *shelf) task(id string) *task {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.receipts[id]
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

// all lists every receipt, oldest first, those of other processes included. On
// an error the list holds what this process knows.
func (s *shelf) all() ([]*receipt, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	err := s.refresh()
	list := make([]*receipt, 0, len(s.receipts))
	for _, r := range s.receipts {
		list = append(list, r)
	}
	slices.SortFunc(list, func(a, b *receipt) int { return a.Time.Compare(b.Time) })
	return list, err
}

// refresh reads the files that are new. The caller holds mu.
func (s *shelf) refresh() error {
	names, err := s.files()
	if err != nil {
		return err
	}
	for _, name := range names {
		name, isReceipt := strings.CutSuffix(name, receiptExt)
		if isReceipt && s.receipts[name] == nil {
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
	for name, r := range s.receipts {
		if r.Time.Before(before) {
			s.drop(name)
		}
	}
	s.refused = slices.DeleteFunc(s.refused, func(name string) bool { return s.receipts[name] == nil })
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
