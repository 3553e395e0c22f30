package tools

import (
	"maps"
	"slices"
	"strings"

	"seedance-mcp/internal/catalog"
)

func singular(name string) string { return strings.TrimSuffix(name, "s") }

// maxSlips is how many edits away a name can still be a slip of the pen. In a
// short name each edit weighs more: a third of it at most.
const maxSlips = 2

func slip(given, name string) (slips int, ok bool) {
	if longer := max(len(given), len(name)); longer > 64 {
		return 0, false // no argument has such a name; keeps the table small
	}
	slips = catalog.Edits(given, name)
	return slips, slips <= maxSlips && 3*slips <= max(len(given), len(name))
}

// nearest is the one of the names that was meant by a slip of the pen, in any
// spelling that is understood; "" when nothing is near.
func (d *decoder) nearest(given string, names []string) string {
	given = catalog.NameKey(given)
	best, least := "", maxSlips+1
	for _, known := range slices.Sorted(maps.Keys(d.spellings)) {
		if slips, ok := slip(given, known); ok && slips < least && slices.Contains(names, d.spellings[known]) {
			best, least = d.spellings[known], slips
		}
	}
	return best
}
