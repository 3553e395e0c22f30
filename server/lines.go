package server

import (
	"bufio"
	"bytes"
	"errors"
	"io"
)

// maxLine is the longest message stdio takes, in bytes.
const maxLine = 4 << 20

// line is one line of input without its end; tooLong says that it was longer
// than allowed and has been skipped.
type line struct {
	data    []byte
	tooLong bool
}

// lineReader reads lines and survives overlong ones.
type lineReader struct {
	in    *bufio.Reader
	limit int
}

func newLineReader(in io.Reader, limit int) *lineReader {
	return &lineReader{in: bufio.NewReaderSize(in, 16<<10), limit: limit}
}

// next is the next line that is not blank, a fresh slice each time. A last
// line without newline counts; after it comes io.EOF.
func (r *lineReader) next() (line, error) {
	for {
		l, err := r.one()
		if len(bytes.TrimSpace(l.data)) > 0 || l.tooLong {
			return l, nil // an error will come again
		}
		if err != nil {
			return line{}, err
		}
	}
}

func (r *lineReader) one() (line, error) {
	var l line
	for {
		part, err := r.in.ReadSlice('\n')
		if len(l.data)+len(bytes.TrimSuffix(part, []byte{'\n'})) > r.limit {
			l = line{tooLong: true}
		}
		if !l.tooLong {
			l.data = append(l.data, part...)
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return l, err
		}
	}
}
