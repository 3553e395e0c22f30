package tools

import "strings"

// spelling reduces a name to what survives any habit of writing: letters and
// digits in lower case.
func spelling(name string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'A' && r <= 'Z':
			return r + 'a' - 'A'
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9', r > 127:
			return r
		default:
			return -1
		}
	}, name)
}

func singular(name string) string { return strings.TrimSuffix(name, "s") }

// nearest is the candidate with the fewest edits from the given name, for the
// length of the longer one.
func nearest(given string, candidates []string) string {
	given = spelling(given)
	if len(given) > 64 {
		given = given[:64] // enough to tell; keeps the table small
	}
	best, least := "", 2.0
	for _, candidate := range candidates {
		name := spelling(candidate)
		share := float64(edits(given, name)) / float64(max(len(given), len(name), 1))
		if share < least {
			best, least = candidate, share
		}
	}
	return best
}

// edits is the Levenshtein distance in bytes.
func edits(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			diagonal, row[j+1] = row[j+1], min(row[j+1]+1, row[j]+1, diagonal+cost)
		}
	}
	return row[len(b)]
}
