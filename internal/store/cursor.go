package store

import (
	"encoding/base64"
	"strconv"
	"strings"

	"seedance-mcp/internal/video"
)

// cursor is the place after one task in the order of List. It holds the place,
// not a page number, so that new tasks do not shift it.
type cursor struct {
	createdAt int64 // milliseconds
	id        string
}

func (c cursor) encode() string {
	return base64.RawURLEncoding.EncodeToString([]byte(strconv.FormatInt(c.createdAt, 36) + "." + c.id))
}

// decodeCursor reads what encode wrote, and nothing else; "" is the zero cursor.
func decodeCursor(text string) (cursor, error) {
	if text == "" {
		return cursor{}, nil
	}
	raw, err := base64.RawURLEncoding.DecodeString(text)
	if err == nil {
		at, id, _ := strings.Cut(string(raw), ".")
		var c cursor
		c.createdAt, err = strconv.ParseInt(at, 36, 64)
		c.id = id
		if err == nil && id != "" && c.encode() == text {
			return c, nil
		}
	}
	return cursor{}, &video.Error{
		Code:       video.Invalid,
		Message:    "This cursor was not given by list_tasks.",
		Suggestion: "Call list_tasks without cursor and follow the cursors that it gives.",
		Argument:   "cursor",
		Given:      video.Clip(text, 60),
		Err:        err,
	}
}
