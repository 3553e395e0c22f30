package catalog

import (
	"fmt"

	"seedance-mcp/internal/video"
)

// billing says which seconds a request with a reference video is billed for.
type billing string

const (
	// billDuration: the seconds made, at the rate for videos.
	billDuration billing = "duration"
	// billSourceAndDuration: the input's seconds and those made.
	billSourceAndDuration billing = "source_and_duration"
	// billTwiceSource: the input's seconds twice; no duration is taken.
	billTwiceSource billing = "twice_source"
	// billNothingExtra: as without a video.
	billNothingExtra billing = "nothing_extra"
)

// priceTable holds credits per second by resolution. A nil map means that no
// such rate is published.
type priceTable struct {
	base      map[string]video.Credits // text, and images unless reference says otherwise
	reference map[string]video.Credits // images in reference mode
	video     map[string]video.Credits // with any reference video
	bills     billing                  // with any reference video
}

// PriceInput is what a price depends on.
type PriceInput struct {
	Resolution string
	// Seconds is the duration asked for; 0 where the source video sets it.
	Seconds  int
	Mode     video.InputMode
	HasVideo bool
	// SourceSeconds is how long the reference videos are together; 0 when that
	// is not known, which quotes the most that can be billed.
	SourceSeconds int
}

// Rate is a published price.
type Rate struct {
	Resolution string
	// When is "text or image", "reference image" or "reference video".
	When      string
	PerSecond video.Credits
}

// Rates lists the published rates in the order of Resolutions.
func (m Model) Rates() []Rate {
	baseWhen := "text or image"
	if m.MaxImages == 0 && m.MaxVideos == 0 {
		baseWhen = "text"
	}
	var rates []Rate
	for _, table := range []struct {
		when  string
		rates map[string]video.Credits
	}{
		{baseWhen, m.prices.base},
		{"reference image", m.prices.reference},
		{"reference video", m.prices.video},
	} {
		for _, resolution := range m.Resolutions {
			if rate, ok := table.rates[resolution]; ok {
				rates = append(rates, Rate{resolution, table.when, rate})
			}
		}
	}
	return rates
}

// Price quotes a request: exactly where it can be known before sending, at the
// upper bound (Provisional) where it depends on a source video, and without
// credits but with a Reason where no rate is published.
func (m Model) Price(p PriceInput) video.Quote {
	table, kind := m.prices.base, "rate"
	withVideo := p.HasVideo || m.Requires == RequiresVideo
	switch {
	case withVideo && m.prices.bills != billNothingExtra:
		table, kind = m.prices.video, "rate with a reference video"
	case p.Mode == video.Reference && m.prices.reference != nil:
		table, kind = m.prices.reference, "rate in reference mode"
	}
	rate, ok := table[p.Resolution]
	if !ok {
		return video.Quote{Reason: fmt.Sprintf("no %s is published for %s at %s", kind, m.ID, p.Resolution)}
	}
	if withVideo && (m.prices.bills == billSourceAndDuration || m.prices.bills == billTwiceSource) {
		return m.priceWithSource(rate, p)
	}
	if p.Seconds <= 0 {
		return video.Quote{Reason: "the number of seconds to be billed is not known"}
	}
	credits := rate.Times(int64(p.Seconds))
	return video.Quote{
		Credits: &credits, Rate: &rate, Seconds: p.Seconds,
		Formula: fmt.Sprintf("%d s × %s credits/s", p.Seconds, rate),
	}
}

// priceWithSource quotes what depends on the length of the input. The upstream
// settles it after success, so it is provisional even when the length is known.
func (m Model) priceWithSource(rate video.Credits, p PriceInput) video.Quote {
	if m.MaxVideoSeconds == 0 {
		return video.Quote{Reason: fmt.Sprintf("%s bills the source video's seconds, and no limit of them is documented", m.ID)}
	}
	atMost, source := "", min(p.SourceSeconds, m.MaxVideoSeconds)
	if p.SourceSeconds <= 0 {
		atMost, source = "at most ", m.MaxVideoSeconds
	}
	seconds := source + p.Seconds
	formula := fmt.Sprintf("%s(%d s of source + %d s) × %s credits/s", atMost, source, p.Seconds, rate)
	if m.prices.bills == billTwiceSource {
		seconds = 2 * source
		formula = fmt.Sprintf("%s2 × %d s of source × %s credits/s", atMost, source, rate)
	}
	formula += ", settled after success"
	if m.ReservedSeconds > 0 {
		formula += fmt.Sprintf(" (the upstream first reserves %d s × %s = %s)",
			m.ReservedSeconds, rate, rate.Times(int64(m.ReservedSeconds)))
	}
	credits := rate.Times(int64(seconds))
	return video.Quote{Credits: &credits, Rate: &rate, Seconds: seconds, Formula: formula, Provisional: true}
}
