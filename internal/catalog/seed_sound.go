package catalog

import (
	"fmt"
	"math"
)

// The seeds that the upstream documents; -1 lets it choose.
const (
	minSeed = -1
	maxSeed = 1<<32 - 1
)

func (p *planner) readSeed() error {
	if absent(p.ask.Seed) {
		return nil
	}
	if !p.model.TakesSeed {
		return p.refuseArgument(argSeed, p.ask.Seed, p.othersThat(func(o *Model) bool { return o.TakesSeed }))
	}
	number, ok := parseNumber(p.ask.Seed)
	if !ok || math.Trunc(number) != number || number < minSeed || number > maxSeed {
		return refusal{
			argument: argSeed, given: p.ask.Seed, valid: []string{"-1", "0", fmt.Sprint(maxSeed)},
			message:    fmt.Sprintf("seed %s is no whole number from 0 to %d, or -1 for a random one.", quoted(p.ask.Seed), maxSeed),
			suggestion: "Use a seed in that range, or leave it out for a random one.",
		}.error()
	}
	seed := int64(number)
	p.request.Seed = &seed
	return nil
}

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
