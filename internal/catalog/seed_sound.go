package catalog

import (
	"fmt"
	"math"
	"strconv"
)

func (p *planner) readSeed() error {
	if absent(p.ask.Seed) {
		return nil
	}
	if !p.model.TakesSeed {
		return p.refuseArgument(argSeed, p.ask.Seed, p.othersThat(func(o *Model) bool { return o.TakesSeed }))
	}
	least, most := float64(p.model.MinSeed), float64(p.model.MaxSeed)
	number, ok := parseNumber(p.ask.Seed)
	whole := math.Trunc(number) == number
	if !ok || !whole || number < least || number > most {
		valid := []string{wholeText(least), wholeText(most)}
		switch {
		case !ok:
		case number < least:
			valid = valid[:1]
		case number > most:
			valid = valid[1:]
		default:
			valid = []string{wholeText(math.Floor(number)), wholeText(math.Ceil(number))}
		}
		return refusal{
			argument: argSeed, given: p.ask.Seed, valid: valid,
			message:    fmt.Sprintf("seed %s is no whole number from %d to %d.", quoted(p.ask.Seed), p.model.MinSeed, p.model.MaxSeed),
			suggestion: "Use seed " + anyOf(valid) + " or another in that range, or leave it out for a random one.",
		}.error()
	}
	seed := int64(number)
	p.request.Seed = &seed
	return nil
}

func wholeText(number float64) string { return strconv.FormatInt(int64(number), 10) }

func (p *planner) readSound() error {
	if p.model.SoundField == "" {
		if p.ask.GenerateAudio == nil {
			return nil
		}
		return p.refuseArgument(argGenerateAudio, fmt.Sprint(*p.ask.GenerateAudio),
			p.othersThat(func(o *Model) bool { return o.SoundField != "" }))
	}
	sound := true // the upstream's default, said aloud so that equal wishes are equal
	if p.ask.GenerateAudio != nil {
		sound = *p.ask.GenerateAudio
	}
	p.request.GenerateAudio = &sound
	return nil
}

// refuseArgument refuses what the model has no field for: left out silently,
// the video would not be the one that was asked for.
func (p *planner) refuseArgument(argument, given string, others []string) error {
	return refusal{
		argument: argument, given: given, message: p.takesNo(argument, others),
		suggestion: "Leave " + argument + " out" + orModel(others),
	}.error()
}

// takesNo says whose limit it is: the model's, or the whole dialect's.
func (p *planner) takesNo(argument string, others []string) string {
	if len(others) == 0 {
		return fmt.Sprintf("No model of the dialect %s takes %s.", p.dialect.name, argument)
	}
	return fmt.Sprintf("%s takes no %s.", p.model.ID, argument)
}
