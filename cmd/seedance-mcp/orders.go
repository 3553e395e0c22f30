package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"seedance-mcp/internal/catalog"
	"seedance-mcp/internal/engine"
	"seedance-mcp/internal/video"
)

const (
	// maxOrders is what one command may make: more is a mistake, or wants
	// several commands.
	maxOrders = 500
	// maxPromptFile is far above that many prompts.
	maxPromptFile = 8 << 20
)

// wanted is one video that a command line asks for.
type wanted struct {
	wish engine.Wish
	from string // "prompts.txt line 3"; "": the command line
}

// readOrders are the videos that the arguments, or the lines of --file, ask
// for; the flags say what they do not.
func (g *generation) readOrders(args []string) ([]wanted, error) {
	var orders []wanted
	var err error
	switch {
	case g.promptFile != "" && len(args) > 0:
		return nil, usageError("prompts come from --file or from the command line, not from both")
	case g.promptFile != "":
		orders, err = g.fileOrders()
	case len(args) == 0:
		return nil, usageError("there is no prompt; write it in quotes: seedance-mcp generate \"a red fox\"")
	default:
		orders, err = g.argumentOrders(args)
	}
	if err != nil {
		return nil, err
	}
	if len(orders) > maxOrders {
		return nil, usageError("this asks for %d videos, one command makes at most %d; split it", len(orders), maxOrders)
	}
	numberKeys(orders, g.batch() || len(orders) > 1)
	return orders, nil
}

// numberKeys makes a key that several orders share one for each: KEY-1, KEY-2.
func numberKeys(orders []wanted, several bool) {
	given := map[string]int{}
	for i := range orders {
		key := orders[i].wish.IdempotencyKey
		if key == "" || !several {
			continue
		}
		given[key]++
		orders[i].wish.IdempotencyKey = fmt.Sprintf("%s-%d", key, given[key])
	}
}

// batch says that the command asked for what many videos need, be it for one.
func (g *generation) batch() bool { return g.promptFile != "" || g.count > 0 }

// argumentOrders take each argument as a prompt. One without a blank among
// several is a prompt that was not quoted: it would be paid word by word.
func (g *generation) argumentOrders(args []string) ([]wanted, error) {
	if len(args) > 1 && slices.ContainsFunc(args, oneWord) {
		whole := video.Clip(strings.ReplaceAll(strings.Join(args, " "), `"`, ""), 60)
		return nil, usageError("these are %d arguments, and each would be a video; one prompt needs quotes: seedance-mcp generate \"%s\" (prompts of one word: --file)", len(args), whole)
	}
	var orders []wanted
	for _, arg := range args {
		wish := g.wish
		wish.Ask.Prompt = arg
		orders = append(orders, repeated(wanted{wish: wish}, max(1, g.count))...)
	}
	return orders, nil
}

// oneWord says that a text is no prompt of several words, in a script that
// writes blanks between them.
func oneWord(text string) bool {
	return !strings.ContainsFunc(strings.TrimSpace(text), func(r rune) bool {
		return unicode.IsSpace(r) || unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar)
	})
}

// repeated is the same order several times: takes of one wish.
func repeated(o wanted, times int) []wanted {
	var all []wanted
	for range min(times, maxOrders+1) {
		all = append(all, o)
	}
	return all
}

// fileOrders reads --file: a prompt a line, or an object with its options.
func (g *generation) fileOrders() ([]wanted, error) {
	content, err := g.readPromptFile()
	if err != nil {
		return nil, err
	}
	name := g.promptFile
	if name == "-" {
		name = "standard input"
	}
	var orders []wanted
	lines := bufio.NewScanner(bytes.NewReader(bytes.TrimPrefix(content, []byte("\xef\xbb\xbf"))))
	lines.Buffer(nil, maxPromptFile)
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		from := fmt.Sprintf("%s line %d", name, n)
		if !utf8.ValidString(line) {
			return nil, usageError("%s is no UTF-8 text", from)
		}
		read := wanted{wish: g.wish, from: from}
		times := max(1, g.count)
		if strings.HasPrefix(line, "{") {
			if times, err = read.takeObject(line, times); err != nil {
				return nil, usageError("%s: %s", from, err)
			}
		} else {
			read.wish.Ask.Prompt = line
		}
		if orders = append(orders, repeated(read, times)...); len(orders) > maxOrders {
			return nil, usageError("%s asks for more than %d videos, which one command does not make; split it", name, maxOrders)
		}
	}
	if err := lines.Err(); err != nil {
		return nil, usageError("%s: %s", name, err)
	}
	if len(orders) == 0 {
		return nil, usageError("%s holds no prompt; write one a line", name)
	}
	return orders, nil
}

func (g *generation) readPromptFile() ([]byte, error) {
	in := g.t.in
	if g.promptFile != "-" {
		file, err := os.Open(g.promptFile)
		if err != nil {
			return nil, usageError("--file: %s", err)
		}
		defer file.Close()
		in = file
	}
	content, err := io.ReadAll(io.LimitReader(in, maxPromptFile+1))
	switch {
	case err != nil:
		return nil, usageError("--file: %s", err)
	case len(content) > maxPromptFile:
		return nil, usageError("--file %s is larger than %d MiB, which no list of prompts is", g.promptFile, maxPromptFile>>20)
	}
	return content, nil
}

// looseText is text, or a number as it is written.
type looseText string

// UnmarshalJSON takes both.
func (l *looseText) UnmarshalJSON(data []byte) error {
	var text string
	if json.Unmarshal(data, &text) == nil {
		*l = looseText(text)
		return nil
	}
	var number json.Number
	if err := json.Unmarshal(data, &number); err != nil {
		return errors.New("must be a text or a number")
	}
	*l = looseText(number.String())
	return nil
}

// looseList is a list of texts, or one.
type looseList []string

// UnmarshalJSON takes both.
func (l *looseList) UnmarshalJSON(data []byte) error {
	var one string
	if json.Unmarshal(data, &one) == nil {
		*l = looseList{one}
		return nil
	}
	var many []string
	if json.Unmarshal(data, &many) != nil {
		return errors.New("must be a URL or a list of URLs")
	}
	*l = many
	return nil
}

// objectLine is a line of --file with its own options, named as the flags and
// as the arguments of generate_video.
type objectLine struct {
	Prompt         string    `json:"prompt"`
	Model          string    `json:"model"`
	AspectRatio    string    `json:"aspect_ratio"`
	Duration       looseText `json:"duration"`
	Resolution     string    `json:"resolution"`
	InputMode      string    `json:"input_mode"`
	Seed           looseText `json:"seed"`
	Image          looseList `json:"image"`
	ImageURLs      looseList `json:"image_urls"`
	Video          looseList `json:"video"`
	VideoURLs      looseList `json:"video_urls"`
	Audio          looseList `json:"audio"`
	AudioURLs      looseList `json:"audio_urls"`
	GenerateAudio  *bool     `json:"generate_audio"`
	IdempotencyKey string    `json:"idempotency_key"`
	Count          int       `json:"count"`
}

// takeObject reads an object's options over those of the flags; times is how
// many takes it wants.
func (o *wanted) takeObject(line string, usual int) (times int, err error) {
	decoder := json.NewDecoder(strings.NewReader(line))
	decoder.DisallowUnknownFields()
	var read objectLine
	if err := decoder.Decode(&read); err != nil {
		return 0, fmt.Errorf("%s; an object has prompt, model, aspect_ratio, duration, resolution, input_mode, seed, image, video, audio, generate_audio, count or idempotency_key", strings.TrimPrefix(err.Error(), "json: "))
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return 0, errors.New("something follows the object; write one object a line")
	}
	if strings.TrimSpace(read.Prompt) == "" {
		return 0, errors.New("the object has no prompt")
	}
	if read.Count < 0 || read.Count > maxOrders {
		return 0, fmt.Errorf("count must be 1 to %d", maxOrders)
	}
	ask := &o.wish.Ask
	ask.Prompt = read.Prompt
	for _, field := range []struct {
		to   *string
		from string
	}{
		{&ask.Model, read.Model}, {&ask.AspectRatio, read.AspectRatio}, {&ask.Duration, string(read.Duration)},
		{&ask.Resolution, read.Resolution}, {&ask.InputMode, read.InputMode}, {&ask.Seed, string(read.Seed)},
		{&o.wish.IdempotencyKey, read.IdempotencyKey},
	} {
		if field.from != "" {
			*field.to = field.from
		}
	}
	takeLists(ask, read)
	if read.GenerateAudio != nil {
		ask.GenerateAudio = read.GenerateAudio
	}
	if read.Count > 0 {
		usual = read.Count
	}
	return usual, nil
}

func takeLists(ask *catalog.Ask, read objectLine) {
	for _, list := range []struct {
		to   *[]string
		from looseList
	}{
		{&ask.ImageURLs, append(read.Image, read.ImageURLs...)}, {&ask.VideoURLs, append(read.Video, read.VideoURLs...)},
		{&ask.AudioURLs, append(read.Audio, read.AudioURLs...)},
	} {
		if len(list.from) > 0 {
			*list.to = list.from
		}
	}
}
