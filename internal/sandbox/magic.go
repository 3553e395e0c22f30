package sandbox

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// magicOpen begins a magic word in a prompt: "[sandbox:NAME]" or
// "[sandbox:NAME=NUMBER]".
const magicOpen = "[sandbox:"

// maxMagicNumber bounds NUMBER: times or seconds.
const maxMagicNumber = 10_000

// magic is what the magic words of one prompt ask for, by name. The number is
// that after "=", or the word's default.
type magic map[string]int

// magicWords lists every word with its default number; docs/sandbox.md says
// what each does. Numbers are seconds at speed 1, or times where noted.
func magicWords() map[string]int {
	words := map[string]int{
		"create-429": 1, // times
		"create-402": 0, "create-429-bare": 0, "create-402-bare": 0, "create-envelope-error": 0,
		"create-drop": 0, "create-lost": 0, "create-truncated": 0, "create-hang": 0, "create-slow": 5,
		"create-html-500": 0, "create-html-500-accepted": 0, "create-502": 0, "create-502-accepted": 0,

		"record-html-500": 2, "record-502": 2, "record-429": 2, "record-404": 2, "record-truncated": 2, "record-hang": 2,
		"record-forgotten": 0,

		"slow": 0, "stuck": 0, "odd-state": 0, "upper-case": 0,
		"success-no-url": 2, "success-never-url": 0,
		"no-credits": 0, "fractional-credits": 0, "null-size": 0, "no-times": 0,

		"webhook-twice": 0, "webhook-garbage": 0, "webhook-early": 0, "webhook-lost": 0,

		"media-break": 0, "media-no-range": 0, "media-wrong-type": 0, "media-html": 0, "media-404": 0, "media-expired": 0,

		"error-string": 0, "error-code-number": 0,
	}
	for name := range failures() {
		words[name] = 0
	}
	for _, generation := range Generations() {
		words["webhook-"+string(generation)] = 0
	}
	return words
}

// MagicWords are the names of all magic words, sorted.
func MagicWords() []string {
	var names []string
	for name := range magicWords() {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// parseMagic reads the magic words of a prompt. One that does not exist is an
// error: a misspelt word would otherwise make a test that cannot fail.
func parseMagic(prompt string) (magic, error) {
	found := magic{}
	var words map[string]int
	for {
		_, rest, more := strings.Cut(prompt, magicOpen)
		if !more {
			return found, nil
		}
		if words == nil {
			words = magicWords()
		}
		word, after, closed := strings.Cut(rest, "]")
		if !closed {
			return nil, fmt.Errorf("unclosed sandbox word %.40q", word)
		}
		name, text, numbered := strings.Cut(word, "=")
		number, known := words[name]
		if !known {
			return nil, fmt.Errorf("unknown sandbox word %.40q", name)
		}
		if numbered {
			parsed, err := strconv.Atoi(text)
			if err != nil || parsed < 0 || parsed > maxMagicNumber {
				return nil, fmt.Errorf("sandbox word %.40q needs a number from 0 to %d after =", name, maxMagicNumber)
			}
			number = parsed
		}
		found[name] = number
		prompt = after
	}
}

// has says that the word was given.
func (m magic) has(name string) bool {
	_, given := m[name]
	return given
}

// any says that one of the words was given.
func (m magic) any(names ...string) bool { return slices.ContainsFunc(names, m.has) }

// scale is how long d takes at a speed.
func scale(d time.Duration, speed float64) time.Duration {
	return time.Duration(float64(d) / speed)
}
