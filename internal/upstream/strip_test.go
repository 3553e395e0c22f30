package upstream

import (
	"strings"
	"testing"
)

func TestStrip(t *testing.T) {
	for text, want := range map[string]string{
		"plain":                             "plain",
		"\x1b[31mred\x1b[0m":                "red",
		"\x1b[1;2;3Hmoved":                  "moved",
		"\u009b31mred":                      "red",
		"\x1b]0;title\abody":                "body",
		"\x1b]8;;https://x.test\x1b\\link":  "link",
		"\u009d0;title\u009cbody":           "body",
		"\x1bPdevice\x1b\\body":             "body",
		"\x1b]without an end":               "without an end",
		"\x1bcreset":                        "reset",
		"end\x1b":                           "end",
		"end\x1b[12":                        "end",
		"\x1b[3\x1b[4mx":                    "x",
		"zero\u200bwidth\u200d\u2060\ufeff": "zerowidth",
		"\u202eright\u2066left\u2069":       "rightleft",
		"va\ufe0fri\U000e0101ation":         "variation",
		"tag\U000e0041s\u034f\u3164\u115f":  "tags",
		"a\x00b\x7fc\u0085d":                "abc d",
		"\n two \u2028 lines \t":            "two lines",
		"\xff\xfebytes":                     "\ufffd\ufffdbytes",
	} {
		if got := plain(text, 50); got != want {
			t.Errorf("plain(%q) = %q, want %q", text, got, want)
		}
	}
	if got := plain(strings.Repeat("ä", 400), 300); got != strings.Repeat("ä", 300)+"…" {
		t.Errorf("not clipped: %d bytes", len(got))
	}
}
