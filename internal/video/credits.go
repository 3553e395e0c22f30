package video

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Credits is an exact amount of the upstream's billing unit, in millionths of
// a credit. Published rates have at most two decimals; an integer keeps every
// product and every SQL SUM exact where a binary float would drift.
type Credits int64

// creditsScale is how many of Credits' units make one credit.
const creditsScale = 1_000_000

const creditsDecimals = 6

// ErrCredits says that a text is no amount of credits.
var ErrCredits = errors.New("not an amount of credits")

// WholeCredits is n credits.
func WholeCredits(n int64) Credits { return Credits(n * creditsScale) }

// ParseCredits reads a plain or scientific decimal such as "200", "85.68" or
// "1.5e2". Digits beyond the sixth decimal are rounded half away from zero:
// the upstream computes in binary floats, so 85.68 may arrive as
// 85.68000000000001. Amounts outside ±9e12 credits are refused.
func ParseCredits(text string) (Credits, error) {
	mantissa, exponent, err := splitExponent(strings.TrimSpace(text))
	if err != nil {
		return 0, fmt.Errorf("%w: %.40q", ErrCredits, text)
	}
	negative := strings.HasPrefix(mantissa, "-")
	mantissa = strings.TrimPrefix(strings.TrimPrefix(mantissa, "-"), "+")
	whole, fraction, _ := strings.Cut(mantissa, ".")
	if whole == "" && fraction == "" {
		return 0, fmt.Errorf("%w: %.40q", ErrCredits, text)
	}
	digits := whole + fraction
	point := len(whole) + exponent + creditsDecimals // digits before it are kept
	var units int64
	roundUp := false
	for i := range max(len(digits), point) {
		digit := byte('0')
		if i < len(digits) {
			digit = digits[i]
		}
		if digit < '0' || digit > '9' {
			return 0, fmt.Errorf("%w: %.40q", ErrCredits, text)
		}
		switch {
		case i < point:
			if units > (math.MaxInt64-9)/10 {
				return 0, fmt.Errorf("%w: %.40q is too large", ErrCredits, text)
			}
			units = units*10 + int64(digit-'0')
		case i == point:
			roundUp = digit >= '5'
		}
	}
	if roundUp {
		units++
	}
	if negative {
		units = -units
	}
	return Credits(units), nil
}

// splitExponent parts "1.5e2" into "1.5" and 2. Exponents beyond ±30 have no
// meaning as credits and would only cost time.
func splitExponent(text string) (mantissa string, exponent int, err error) {
	at := strings.IndexAny(text, "eE")
	if at < 0 {
		return text, 0, nil
	}
	exponent, err = strconv.Atoi(text[at+1:])
	if err != nil || exponent < -30 || exponent > 30 {
		return "", 0, ErrCredits
	}
	return text[:at], exponent, nil
}

// Times is c multiplied by n, for credits per second times seconds.
func (c Credits) Times(n int64) Credits { return c * Credits(n) }

// String is the shortest decimal, without trailing zeros: "200", "85.68".
func (c Credits) String() string {
	sign := ""
	units := uint64(c)
	if c < 0 {
		sign, units = "-", -units
	}
	whole, fraction := units/creditsScale, units%creditsScale
	if fraction == 0 {
		return fmt.Sprintf("%s%d", sign, whole)
	}
	return fmt.Sprintf("%s%d.%s", sign, whole, strings.TrimRight(fmt.Sprintf("%06d", fraction), "0"))
}

// MarshalJSON writes a JSON number with exactly the decimals of String.
func (c Credits) MarshalJSON() ([]byte, error) { return []byte(c.String()), nil }

// UnmarshalJSON reads a JSON number or a string that holds one.
func (c *Credits) UnmarshalJSON(data []byte) error {
	text := string(data)
	if len(text) >= 2 && text[0] == '"' {
		text = text[1 : len(text)-1]
	}
	parsed, err := ParseCredits(text)
	if err != nil {
		return err
	}
	*c = parsed
	return nil
}
