package video_test

import (
	"encoding/json"
	"errors"
	"math/big"
	"testing"

	"seedance-mcp/internal/video"
)

func TestParseCredits(t *testing.T) {
	tests := []struct{ text, want string }{
		{"200", "200"},
		{"0", "0"},
		{"85.68", "85.68"},
		{"85.68000000000001", "85.68"},
		{"9.5", "9.5"},
		{".5", "0.5"},
		{"5.", "5"},
		{"1.5e2", "150"},
		{"1E-3", "0.001"},
		{"-7.25", "-7.25"},
		{"0.0000005", "0.000001"},
		{"0.0000004", "0"},
		{"-0.0000005", "-0.000001"},
		{" 12 ", "12"},
		{"9000000000000", "9000000000000"},
	}
	for _, tt := range tests {
		got, err := video.ParseCredits(tt.text)
		if err != nil || got.String() != tt.want {
			t.Errorf("ParseCredits(%q) = %s, %v; want %s", tt.text, got, err, tt.want)
		}
	}
}

func TestParseCreditsRefuses(t *testing.T) {
	for _, text := range []string{"", ".", "-", "abc", "1.2.3", "1-2", "1e", "1e99", "NaN", "Infinity", "99999999999999", "0x10", "1_000", "--1"} {
		if got, err := video.ParseCredits(text); !errors.Is(err, video.ErrCredits) {
			t.Errorf("ParseCredits(%q) = %s, %v; want ErrCredits", text, got, err)
		}
	}
}

func TestCreditsArithmeticIsExact(t *testing.T) {
	rate, err := video.ParseCredits("14.26")
	if err != nil {
		t.Fatal(err)
	}
	if got := rate.Times(30).String(); got != "427.8" {
		t.Errorf("14.26 × 30 = %s, want 427.8", got)
	}
}

func TestCreditsJSON(t *testing.T) {
	var amounts []video.Credits
	if err := json.Unmarshal([]byte(`[7.5, "19", 0]`), &amounts); err != nil {
		t.Fatal(err)
	}
	out, err := json.Marshal(amounts)
	if err != nil || string(out) != "[7.5,19,0]" {
		t.Errorf("round trip = %s, %v", out, err)
	}
	if err := json.Unmarshal([]byte(`[true]`), &amounts); err == nil {
		t.Error("true was read as credits")
	}
}

// FuzzParseCredits holds the parser against arbitrary-precision rationals.
func FuzzParseCredits(f *testing.F) {
	for _, seed := range []string{"0", "85.68000000000001", "-1e-6", "1.5e2", "9223372036854.775807", "x"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, err := video.ParseCredits(text)
		if err != nil {
			return
		}
		exact, ok := new(big.Rat).SetString(trim(text))
		if !ok {
			t.Fatalf("accepted %q, which is no number", text)
		}
		again, err := video.ParseCredits(got.String())
		if err != nil || again != got {
			t.Fatalf("%q → %s does not read back: %v", text, got, err)
		}
		diff := new(big.Rat).Sub(exact, big.NewRat(int64(got), 1_000_000))
		if diff.Abs(diff).Cmp(big.NewRat(1, 2_000_000)) > 0 {
			t.Fatalf("%q → %s is off by %s", text, got, diff.FloatString(12))
		}
	})
}

func trim(text string) string {
	out := []rune{}
	for _, r := range text {
		if r > ' ' && r != 0x85 && r != 0xa0 {
			out = append(out, r)
		}
	}
	return string(out)
}
