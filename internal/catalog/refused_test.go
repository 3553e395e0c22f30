package catalog_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"seedance-mcp/internal/catalog"
	"seedance-mcp/internal/video"
)

// refused plans and must fail with an Invalid error that helps.
func refused(t *testing.T, c *catalog.Catalog, d video.Dialect, ask catalog.Ask) *video.Error {
	t.Helper()
	plan, err := c.Plan(d, ask)
	if err == nil {
		t.Fatalf("%s %+v: accepted as %s", d, ask, plan.Payload)
	}
	invalid, ok := errors.AsType[*video.Error](err)
	if !ok || invalid.Code != video.Invalid || invalid.Argument == "" || invalid.Message == "" || invalid.Suggestion == "" {
		t.Fatalf("%s %+v: an unhelpful error: %#v", d, ask, err)
	}
	if plan.Payload != nil {
		t.Fatalf("%s %+v: refused, yet there is a payload", d, ask)
	}
	return invalid
}

// In all dialects what cannot be meant is refused before anything is sent,
// with the argument, the value and the nearest valid ones.
func TestRefusals(t *testing.T) {
	t.Parallel()
	c := mustDefault(t)
	both := []video.Dialect{video.Workflow, video.Kinovi}
	workflow, kinovi := both[:1], both[1:]
	many := slices.Repeat([]string{den}, 10)
	for _, test := range []struct {
		name     string
		dialects []video.Dialect
		ask      catalog.Ask
		argument string
		given    string
		valid    string // joined with blanks; "" for whatever
		says     string
	}{
		{"no such model", workflow, catalog.Ask{Model: "veo3"}, "model", "veo3", "seedance-20 z video sora2 sora2 pro grok-imagine-video", "list_models"},
		{"no such model", kinovi, catalog.Ask{Model: "veo3"}, "model", "veo3", "", "list_models"},
		{"a slip of the finger", workflow, catalog.Ask{Model: "seedanse 2.0"}, "model", "seedanse 2.0", "seedance-20", "Nearest"},
		{"a family", kinovi, catalog.Ask{Model: "wan"}, "model", "wan", "", "wan3.0-text-to-video"},
		{"a model of the other dialect", workflow, catalog.Ask{Model: "seedance2-5"}, "model", "seedance2-5", "seedance-20", "kinovi"},
		{"a model of the other dialect", kinovi, catalog.Ask{Model: "sora2"}, "model", "sora2", "", "workflow"},
		{"only punctuation", both, catalog.Ask{Model: "--"}, "model", "--", "", ""},
		{"a very long name", both, catalog.Ask{Model: strings.Repeat("long", 5000)}, "model", "", "", ""},

		{"3 s", both, catalog.Ask{Duration: "3"}, "duration", "3", "4", "4 to 15"},
		{"16 s", workflow, catalog.Ask{Duration: "16s"}, "duration", "16s", "15", "4 to 15"},
		{"16 s", kinovi, catalog.Ask{Duration: "16"}, "duration", "16", "15", "seedance2-5"},
		{"4.5 s", both, catalog.Ask{Duration: "4.5"}, "duration", "4.5", "4 5", "whole seconds"},
		{"4.5 s with a unit", both, catalog.Ask{Duration: "4.5 seconds"}, "duration", "4.5 seconds", "4 5", ""},
		{"nearly 15 s", both, catalog.Ask{Duration: "15.000001"}, "duration", "15.000001", "15", ""},
		{"0 s", both, catalog.Ask{Duration: "0"}, "duration", "0", "4", ""},
		{"-5 s", both, catalog.Ask{Duration: "-5"}, "duration", "-5", "4", ""},
		{"for ever", both, catalog.Ask{Duration: "inf"}, "duration", "inf", "4 5 15", "not understood"},
		{"too large a number", both, catalog.Ask{Duration: "1e999"}, "duration", "1e999", "4 5 15", ""},
		{"hexadecimal", both, catalog.Ask{Duration: "0x5"}, "duration", "0x5", "", ""},
		{"auto", both, catalog.Ask{Duration: "auto"}, "duration", "auto", "4 5 15", ""},
		{"minutes", both, catalog.Ask{Duration: "5 min"}, "duration", "5 min", "", "not understood"},
		{"milliseconds", both, catalog.Ask{Duration: "5ms"}, "duration", "5ms", "", ""},
		{"a range", both, catalog.Ask{Duration: "5-6"}, "duration", "5-6", "", ""},
		{"a decimal comma", both, catalog.Ask{Duration: "5,0"}, "duration", "5,0", "", ""},
		{"1 s of wan", kinovi, catalog.Ask{Model: "wan3.0-text-to-video", Duration: "1"}, "duration", "1", "2", "2 to 30"},
		{"edit with a duration", kinovi, catalog.Ask{Model: "seedance2-5-edit", Duration: "5", VideoURLs: []string{walk}}, "duration", "5", "", "seedance2-5-extend"},
		{"extend without one", kinovi, catalog.Ask{Model: "seedance2-5-extend", VideoURLs: []string{walk}}, "duration", "", "4 30", "needs a duration"},

		{"5:4", both, catalog.Ask{AspectRatio: "5:4"}, "aspect_ratio", "5:4", "4:3 1:1", "16:9"},
		{"21:9 in the workflow", workflow, catalog.Ask{AspectRatio: "21:9"}, "aspect_ratio", "21:9", "16:9 4:3", ""},
		{"ultrawide in the workflow", workflow, catalog.Ask{AspectRatio: "ultrawide"}, "aspect_ratio", "ultrawide", "16:9 4:3", ""},
		{"a word for no ratio", both, catalog.Ask{AspectRatio: "cinematic"}, "aspect_ratio", "cinematic", "", "not understood"},
		{"only filler", both, catalog.Ask{AspectRatio: "aspect ratio"}, "aspect_ratio", "aspect ratio", "", "not understood"},
		{"only commas", both, catalog.Ask{AspectRatio: ",,"}, "aspect_ratio", ",,", "", "not understood"},
		{"half a ratio", both, catalog.Ask{AspectRatio: "16:"}, "aspect_ratio", "16:", "", "not understood"},
		{"nothing by nothing", both, catalog.Ask{AspectRatio: "0:0"}, "aspect_ratio", "0:0", "", "not understood"},
		{"two ratios", both, catalog.Ask{AspectRatio: "16:9 portrait"}, "aspect_ratio", "16:9 portrait", "16:9 9:16", "both"},
		{"1080p in the workflow", workflow, catalog.Ask{Resolution: "1080p"}, "resolution", "1080p", "720p", "720p"},
		{"480p in the workflow", workflow, catalog.Ask{Resolution: "480p"}, "resolution", "480p", "720p", ""},
		{"4k in the workflow", workflow, catalog.Ask{Resolution: "4k"}, "resolution", "4k", "720p", ""},
		{"4k of fast", kinovi, catalog.Ask{Model: "seedance2-fast", Resolution: "4k"}, "resolution", "4k", "480p 720p", "seedance-20"},
		{"1440p", both, catalog.Ask{Resolution: "1440p"}, "resolution", "1440p", "", "does not make"},
		{"2k", both, catalog.Ask{Resolution: "2k"}, "resolution", "2k", "", "not understood"},
		{"hd where it may mean two", kinovi, catalog.Ask{Resolution: "HD"}, "resolution", "HD", "720p 1080p", "price"},
		{"1920x1080 in the workflow", workflow, catalog.Ask{Resolution: "1920x1080"}, "resolution", "1920x1080", "1280x720 960x720 720x720", "Nearest"},
		{"a square of another size", kinovi, catalog.Ask{Resolution: "720x720"}, "resolution", "720x720", "640x640 960x960 1440x1440", ""},
		{"854x480", kinovi, catalog.Ask{Resolution: "854x480"}, "resolution", "854x480", "", "864x496"},
		{"a size of no shape", kinovi, catalog.Ask{Model: "wan3.0-text-to-video", Resolution: "900x720"}, "resolution", "900x720", "4:3 1:1", ""},
		{"size against ratio", both, catalog.Ask{AspectRatio: "9:16", Resolution: "1280x720"}, "aspect_ratio", "9:16", "9:16 16:9", "1280x720"},
		{"word against ratio", both, catalog.Ask{AspectRatio: "1:1", Resolution: "portrait"}, "aspect_ratio", "1:1", "1:1 9:16", ""},
		{"size against resolution", kinovi, catalog.Ask{AspectRatio: "1280x720", Resolution: "1080p"}, "resolution", "1080p", "720p 1080p", ""},

		{"no prompt", both, catalog.Ask{Prompt: " \n\t "}, "prompt", "", "", "empty"},
		{"an invisible prompt", both, catalog.Ask{Prompt: "\u200b\u200d"}, "prompt", "", "", "empty"},
		{"too long a prompt", both, catalog.Ask{Prompt: strings.Repeat("é", 10_001)}, "prompt", "10001 characters", "at most 10000 characters", "by 1 "},
		{"too long for 2.5", kinovi, catalog.Ask{Model: "seedance2-5", Prompt: strings.Repeat("狐", 30_002)}, "prompt", "30002 characters", "", "by 2 "},
		{"too long for wan", kinovi, catalog.Ask{Model: "wan3.0-text-to-video", Prompt: strings.Repeat("x", 20_001)}, "prompt", "20001 characters", "", ""},

		{"a seed in the workflow", workflow, catalog.Ask{Seed: "7"}, "seed", "7", "", "takes seed"},
		{"sound in the workflow", workflow, catalog.Ask{GenerateAudio: no()}, "generate_audio", "false", "", ""},
		{"a video in the workflow", workflow, catalog.Ask{VideoURLs: []string{walk}}, "video_urls", walk, "", ""},
		{"audio in the workflow", workflow, catalog.Ask{AudioURLs: []string{music}, ImageURLs: []string{fox}}, "audio_urls", music, "", ""},
		{"a seed too large", kinovi, catalog.Ask{Seed: "4294967296"}, "seed", "4294967296", "", ""},
		{"a seed too small", kinovi, catalog.Ask{Seed: "-2"}, "seed", "-2", "", ""},
		{"half a seed", kinovi, catalog.Ask{Seed: "0.5"}, "seed", "0.5", "", ""},
		{"a seed in words", kinovi, catalog.Ask{Seed: "random"}, "seed", "random", "", "leave it out"},

		{"an empty image", both, catalog.Ask{ImageURLs: []string{""}}, "image_urls", "", "", "image_urls[0] is empty"},
		{"a blank image", both, catalog.Ask{ImageURLs: []string{" \n"}}, "image_urls", "", "", "image_urls[0] is empty"},
		{"two empty images", both, catalog.Ask{ImageURLs: []string{"", ""}}, "image_urls", "", "", "image_urls[0] is empty"},
		{"an empty image beside one", both, catalog.Ask{ImageURLs: []string{"", fox}}, "image_urls", "", "", "image_urls[0] is empty"},
		{"an empty image after one", both, catalog.Ask{ImageURLs: []string{fox, ""}}, "image_urls", "", "", "image_urls[1] is empty"},
		{"an empty video", both, catalog.Ask{VideoURLs: []string{""}}, "video_urls", "", "", "video_urls[0] is empty"},
		{"an empty sound", kinovi, catalog.Ask{ImageURLs: []string{fox}, AudioURLs: []string{""}}, "audio_urls", "", "", "audio_urls[0] is empty"},
		{"a third image", both, catalog.Ask{InputMode: "keyframe", ImageURLs: []string{fox, den, den}}, "image_urls", "3 entries", "at most 2 image_urls input_mode reference", "reference"},
		{"a third image by default", both, catalog.Ask{ImageURLs: []string{fox, den, den}}, "image_urls", "3 entries", "", "the default"},
		{"ten images", both, catalog.Ask{InputMode: "reference", ImageURLs: many}, "image_urls", "10 entries", "at most 9", "1 of them"},
		{"four videos", kinovi, catalog.Ask{VideoURLs: slices.Repeat([]string{walk}, 4)}, "video_urls", "4 entries", "at most 3", ""},
		{"four audios", kinovi, catalog.Ask{ImageURLs: []string{fox}, AudioURLs: slices.Repeat([]string{music}, 4)}, "audio_urls", "4 entries", "at most 3", ""},
		{"31 images of 2.5", kinovi, catalog.Ask{Model: "seedance2-5", InputMode: "reference", ImageURLs: slices.Repeat([]string{fox}, 31)}, "image_urls", "31 entries", "at most 30", ""},
		{"audio alone", kinovi, catalog.Ask{AudioURLs: []string{music}}, "audio_urls", music, "", "alone"},
		{"audio alone with a mode", kinovi, catalog.Ask{InputMode: "reference", AudioURLs: []string{music}}, "audio_urls", music, "", "alone"},
		{"keyframe without media", both, catalog.Ask{InputMode: "keyframe"}, "input_mode", "keyframe", "", "image_urls"},
		{"reference without media", both, catalog.Ask{InputMode: "reference", ImageURLs: []string{}}, "input_mode", "reference", "", "image_urls"},
		{"keyframe with a video", kinovi, catalog.Ask{InputMode: "keyframe", ImageURLs: []string{fox}, VideoURLs: []string{walk}}, "input_mode", "keyframe", "reference", "force"},
		{"text with an image", both, catalog.Ask{InputMode: "t2v", ImageURLs: []string{fox}}, "input_mode", "t2v", "keyframe reference", "contradicts"},
		{"no such mode", both, catalog.Ask{InputMode: "magic"}, "input_mode", "magic", "keyframe reference", ""},
		{"reference of sora", workflow, catalog.Ask{Model: "sora2", InputMode: "reference"}, "input_mode", "reference", "", "seedance-20"},
		{"keyframe of grok", workflow, catalog.Ask{Model: "grok", InputMode: "keyframe"}, "input_mode", "keyframe", "", "seedance-20"},
		{"an image of sora", workflow, catalog.Ask{Model: "sora2", ImageURLs: []string{fox}}, "image_urls", fox, "", "not documented"},
		{"reference images of sora", workflow, catalog.Ask{Model: "sora2 pro", InputMode: "reference", ImageURLs: []string{fox}}, "image_urls", fox, "", "seedance-20"},
		{"wan text with an image", kinovi, catalog.Ask{Model: "wan3.0-text-to-video", ImageURLs: []string{fox}}, "image_urls", fox, "", "takes no image_urls"},
		{"wan image without one", kinovi, catalog.Ask{Model: "wan3.0-image-to-video"}, "image_urls", "", "", "wan3.0-text-to-video"},
		{"wan image in reference mode", kinovi, catalog.Ask{Model: "wan3.0-image-to-video", InputMode: "reference", ImageURLs: []string{fox}}, "input_mode", "reference", "keyframe", "wan3.0-ref-to-video"},
		{"wan image with a video", kinovi, catalog.Ask{Model: "wan3.0-image-to-video", ImageURLs: []string{fox}, VideoURLs: []string{walk}}, "video_urls", walk, "", ""},
		{"wan reference without one", kinovi, catalog.Ask{Model: "wan3.0-prime-ref-to-video"}, "image_urls", "", "", "image_urls or video_urls"},
		{"wan reference in keyframe mode", kinovi, catalog.Ask{Model: "wan3.0-ref-to-video", InputMode: "keyframe", ImageURLs: []string{fox}}, "input_mode", "keyframe", "reference", ""},
		{"edit without a source", kinovi, catalog.Ask{Model: "seedance2-5-edit", ImageURLs: []string{fox}}, "video_urls", "", "", "source video"},
		{"extend without a source", kinovi, catalog.Ask{Model: "seedance2-5-extend", Duration: "5"}, "video_urls", "", "", "source video"},
		{"a video among images", both, catalog.Ask{ImageURLs: []string{walk}}, "image_urls", walk, "video_urls", ".mp4"},
		{"music among images", both, catalog.Ask{ImageURLs: []string{fox, music}}, "image_urls", music, "audio_urls", "[1]"},
		{"an image among videos", kinovi, catalog.Ask{VideoURLs: []string{fox}}, "video_urls", fox, "image_urls", ".png"},
		{"an image among audios", kinovi, catalog.Ask{VideoURLs: []string{walk}, AudioURLs: []string{fox}}, "audio_urls", fox, "image_urls", ""},
	} {
		for _, d := range test.dialects {
			t.Run(string(d)+"/"+test.name, func(t *testing.T) {
				t.Parallel()
				ask := test.ask
				if ask.Prompt == "" {
					ask.Prompt = "a fox in the snow"
				}
				err := refused(t, c, d, ask)
				if err.Argument != test.argument {
					t.Errorf("argument %q, want %q", err.Argument, test.argument)
				}
				if test.given != "" && err.Given != test.given {
					t.Errorf("given %q, want %q", err.Given, test.given)
				}
				if valid := strings.Join(err.Valid, " "); test.valid != "" && valid != test.valid {
					t.Errorf("valid %q, want %q", valid, test.valid)
				}
				if !strings.Contains(err.Error(), test.says) {
					t.Errorf("says %q, want %q in it", err.Error(), test.says)
				}
				if len(err.Error()) > 1000 {
					t.Errorf("%d bytes are too long a message", len(err.Error()))
				}
			})
		}
	}
}

func TestURLsRefused(t *testing.T) {
	t.Parallel()
	c := mustDefault(t)
	for url, says := range map[string]string{
		"http://localhost/a.png":                       "this network",
		"http://LOCALHOST.:8080/a.png":                 "this network",
		"http://fox.localhost/a.png":                   "this network",
		"http://nas/a.png":                             "this network",
		"http://printer.local/a.png":                   "this network",
		"http://metadata.google.internal/a":            "this network",
		"http://router.home.arpa/a.png":                "this network",
		"http://127.0.0.1/a.png":                       "private or reserved",
		"http://127.9.9.9:99/a.png":                    "private or reserved",
		"http://0.0.0.0/a.png":                         "private or reserved",
		"http://10.1.2.3/a.png":                        "private or reserved",
		"http://172.31.0.1/a.png":                      "private or reserved",
		"http://192.168.1.1/a.png":                     "private or reserved",
		"http://169.254.169.254/latest/meta-data":      "private or reserved",
		"http://100.100.100.200/latest/meta-data":      "private or reserved",
		"http://198.18.0.1/a.png":                      "private or reserved",
		"http://224.0.0.1/a.png":                       "private or reserved",
		"http://255.255.255.255/a.png":                 "private or reserved",
		"http://[::1]/a.png":                           "private or reserved",
		"http://[::]/a.png":                            "private or reserved",
		"http://[fe80::1]/a.png":                       "private or reserved",
		"http://[fe80::1%25eth0]/a.png":                "private or reserved",
		"http://[fd00:ec2::254]/latest":                "private or reserved",
		"http://[::ffff:127.0.0.1]/a.png":              "private or reserved",
		"http://[::ffff:a9fe:a9fe]/a.png":              "private or reserved",
		"http://[64:ff9b::7f00:1]/a.png":               "private or reserved",
		"http://[2002:7f00:1::]/a.png":                 "private or reserved",
		"http://[::7f00:1]/a.png":                      "private or reserved",
		"http://2130706433/a.png":                      "this network",
		"http://127.1/a.png":                           "unusual way",
		"http://0x7f.0.0.0x1/a.png":                    "unusual way",
		"http://0177.0.0.1/a.png":                      "unusual way",
		"http://①②⑦.⓪.⓪.①/a.png":                       "xn--",
		"http://ｌｏｃａｌｈｏｓｔ/a.png":                       "xn--",
		"https://hunter:hunter2@img.example.com/a.png": "password",
		"https://hunter@img.example.com/a.png":         "password",
		"https://hunter:hunter2@[::1/a.png":            "no URL",
		"ftp://img.example.com/a.png":                  "scheme",
		"file:///etc/passwd":                           "scheme",
		"javascript:alert(1)":                          "scheme",
		"s3://bucket/a.png":                            "scheme",
		"data:image/png;base64,iVBORw0KGgo=":           "data URI",
		"/home/me/fox.png":                             "no http(s) URL",
		"fox.png":                                      "no http(s) URL",
		"img.example.com/fox.png":                      "no http(s) URL",
		"//img.example.com/fox.png":                    "no http(s) URL",
		`C:\fox.png`:                                   "backslashes",
		"C:/fox.png":                                   "no http(s) URL",
		"https://":                                     "no host",
		"https:///fox.png":                             "no host",
		"https:fox.png":                                "no host",
		"https://img.example.com:0/a.png":              "port",
		"https://img.example.com:99999/a.png":          "port",
		"https://img.example.com/a b.png":              "blanks",
		"https://img.example.com/a\u200b.png":          "invisible",
		`https://img.example.com\@localhost/`:          "backslashes",
		"https://img.example.com/%zz":                  "no URL",
		"https://[::1/a.png":                           "no URL",
	} {
		for _, d := range []video.Dialect{video.Workflow, video.Kinovi} {
			err := refused(t, c, d, catalog.Ask{Prompt: "fox", ImageURLs: []string{fox, url}})
			if err.Argument != "image_urls" || !strings.Contains(err.Message, "image_urls[1]") || !strings.Contains(err.Message, says) {
				t.Errorf("%s: %s says %q, want %q in it", d, url, err.Message, says)
			}
			if strings.Contains(err.Given+err.Error(), "hunter") {
				t.Errorf("%s: the user name or password is repeated: %q %q", url, err.Given, err.Error())
			}
		}
	}
}

func TestURLsAccepted(t *testing.T) {
	t.Parallel()
	c := mustDefault(t)
	for _, url := range []string{
		"https://img.example.com/fox.png", "HTTPS://IMG.EXAMPLE.COM/FOX.PNG", "http://img.example.com:8080/fox", "https://xn--mnchen-3ya.example/fox.jpg",
		"https://93.184.216.34/fox.webp", "https://[2606:2800:220:1::1]/fox.webp", "https://[64:ff9b::5db8:d822]/fox.webp",
		"http://sandbox.seedance.invalid/media/fox.png", "https://img.example.com/f%20x.png?sig=a%2Fb&x=@1#part", "https://internal.example.com/fox.png",
		"https://img.example.com/fox", "https://img.example.com/" + strings.Repeat("x", 3000),
	} {
		plan := planned(t, c, video.Kinovi, catalog.Ask{InputMode: "reference", ImageURLs: []string{url, url}})
		if got := plan.Request.ImageURLs; len(got) != 2 || got[0] != url || got[1] != url {
			t.Errorf("%s became %q: a signed URL must not change", url, got)
		}
	}
}

// Only a sandbox on this machine can fetch from this machine.
func TestPrivateURLsForTheLocalSandbox(t *testing.T) {
	t.Parallel()
	c := mustDefault(t)
	for _, url := range []string{"http://127.0.0.1:8090/media/fox.png", "http://localhost:8090/fox.png", "http://[::1]:8090/fox.png"} {
		plan := planned(t, c, video.Kinovi, catalog.Ask{ImageURLs: []string{url}, AllowPrivateURLs: true})
		if plan.Request.ImageURLs[0] != url {
			t.Errorf("%s became %s", url, plan.Request.ImageURLs[0])
		}
	}
	for _, url := range []string{"http://me:secret@127.0.0.1/fox.png", "file:///fox.png", "http:///fox.png", "ftp://127.0.0.1/fox.png"} {
		refused(t, c, video.Kinovi, catalog.Ask{Prompt: "fox", ImageURLs: []string{url}, AllowPrivateURLs: true})
	}
}

func TestUnknownDialect(t *testing.T) {
	t.Parallel()
	if _, err := mustDefault(t).Plan("z", catalog.Ask{Prompt: "fox"}); video.CodeOf(err) != video.Internal {
		t.Errorf("got %v", err)
	}
}
