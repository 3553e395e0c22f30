package catalog

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"seedance-mcp/internal/video"
)

// reader turns nodes into values and keeps the first mistake, so that decoding
// reads as a list of fields. After a mistake every value is a zero value.
type reader struct {
	err error
	// override is the name of the file laid over the embedded one, "" without.
	override string
}

func (r *reader) failf(n *node, format string, args ...any) {
	if r.err != nil {
		return
	}
	r.err = n.faultf(format, args...)
	if r.override != "" && n.file != r.override {
		// The embedded file alone is right, so the override broke it from afar.
		r.err = fmt.Errorf("%s does not fit the embedded catalogue: %w", r.override, r.err)
	}
}

// object says whether n is an object that has only the known names. A name
// that nobody reads would be a wish that nobody follows.
func (r *reader) object(n *node, what string, known []string) bool {
	if n.kind != kindObject {
		r.failf(n, "%s must be an object, not %s", what, n.kind)
		return false
	}
	for i, name := range n.names {
		if !slices.Contains(known, name) {
			r.failf(n.items[i], "unknown field %q in %s; it has %s", video.Clip(name, 60), what, strings.Join(known, ", "))
			return false
		}
	}
	return true
}

// each calls visit for every present value of the object called name, in order.
func (r *reader) each(n *node, name string, visit func(name string, value *node)) {
	member := n.member(name)
	if member == nil {
		return
	}
	if member.kind != kindObject {
		r.failf(member, "%s must be an object, not %s", name, member.kind)
		return
	}
	for i, value := range member.items {
		if value.kind != kindNull {
			visit(member.names[i], value)
		}
	}
}

// scalar is the text of n when it is of the wanted kind.
func (r *reader) scalar(n *node, name string, wanted kind) string {
	if n.kind != wanted {
		r.failf(n, "%s must be %s, not %s", name, wanted, n.kind)
		return ""
	}
	return n.text
}

func (r *reader) text(n *node, name string) string {
	if member := n.member(name); member != nil {
		return r.scalar(member, name, kindText)
	}
	return ""
}

// required is a text that must not be blank.
func (r *reader) required(n *node, name string) string {
	text := r.text(n, name)
	if strings.TrimSpace(text) == "" {
		at := n
		if member := n.member(name); member != nil {
			at = member
		}
		r.failf(at, "%s is missing", name)
	}
	return text
}

// count is a whole number from 0 to limit; 0 when absent.
func (r *reader) count(n *node, name string, limit int) int {
	return int(r.whole(n, name, 0, int64(limit)))
}

// whole is a whole number from low to high; 0 when absent.
func (r *reader) whole(n *node, name string, low, high int64) int64 {
	member := n.member(name)
	if member == nil {
		return 0
	}
	number, err := strconv.ParseInt(r.scalar(member, name, kindNumber), 10, 64)
	if err != nil || number < low || number > high {
		r.failf(member, "%s must be a whole number from %d to %d", name, low, high)
		return 0
	}
	return number
}

func (r *reader) list(n *node, name string) []string {
	member := n.member(name)
	if member == nil {
		return nil
	}
	if member.kind != kindList {
		r.failf(member, "%s must be a list, not %s", name, member.kind)
		return nil
	}
	texts := make([]string, 0, len(member.items))
	for _, item := range member.items {
		text := r.scalar(item, "an entry of "+name, kindText)
		if slices.Contains(texts, text) {
			r.failf(item, "%q is in %s twice", video.Clip(text, 60), name)
		}
		texts = append(texts, text)
	}
	return texts
}

// span is a positive duration such as "2m30s"; 0 when absent.
func (r *reader) span(n *node, name string) time.Duration {
	if member := n.member(name); member != nil {
		return r.spanOf(member, name)
	}
	return 0
}

func (r *reader) spanOf(n *node, name string) time.Duration {
	span, err := time.ParseDuration(r.scalar(n, name, kindText))
	if err != nil || span <= 0 {
		r.failf(n, "%s must be a time such as \"2m30s\"", name)
		return 0
	}
	return span
}

// maxRate keeps every product of a rate and seconds far inside Credits.
const maxRate = 1_000_000

// rateOf is credits per second: a JSON number, or a text that holds one, with
// at most the six decimals that video.Credits keeps.
func (r *reader) rateOf(n *node, name string) video.Credits {
	if n.kind != kindNumber && n.kind != kindText {
		r.failf(n, "the rate for %s must be a number, not %s", name, n.kind)
		return 0
	}
	_, decimals, _ := strings.Cut(n.text, ".")
	rate, err := video.ParseCredits(n.text)
	if err != nil || strings.ContainsAny(n.text, "eE") || len(decimals) > 6 ||
		rate <= 0 || rate > video.WholeCredits(maxRate) {
		r.failf(n, "the rate for %s must be credits per second, above 0 and at most %d, with at most six decimals", name, maxRate)
		return 0
	}
	return rate
}
