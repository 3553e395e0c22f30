package upstream_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"seedance-mcp/internal/upstream"
	"seedance-mcp/internal/video"
)

func TestKeyNeverShows(t *testing.T) { synctest.Test(t, testKeyNeverShows) }

func testKeyNeverShows(t *testing.T) {
	for _, body := range []string{`{"message":"Invalid API Key ` + fakeKey + `"}`, `no json ` + fakeKey, `<title>` + fakeKey + `</title>`} {
		for _, status := range []int{200, 400, 401, 403, 429, 500} {
			made := client(t, base, video.Kinovi, saysJSON(status, body))
			_, createErr := made.Create(t.Context(), payload, "")
			_, recordErr := made.Record(t.Context(), "t")
			for _, err := range []error{createErr, recordErr} {
				if err == nil || strings.Contains(err.Error(), fakeKey) {
					t.Errorf("%d %s: %v", status, body, err)
				}
			}
		}
	}
}

func TestNoPartOfTheKeyShows(t *testing.T) {
	for pad := 240; pad <= 310; pad++ {
		said := strings.Repeat("x", pad) + " " + fakeKey[:8] + "\u200b" + fakeKey[8:] + " y"
		quoted, err := json.Marshal(said)
		if err != nil {
			t.Fatal(err)
		}
		for _, made := range []*upstream.Client{
			client(t, base, video.Kinovi, says(400, "text/plain", said)),
			client(t, base, video.Kinovi, saysJSON(400, `{"message":`+string(quoted)+`}`)),
			client(t, base, video.Kinovi, says(400, "text/html", "<title>"+said[max(0, pad-230):]+"</title>")),
			client(t, base, video.Kinovi, saysJSON(200, `{"status":"fail","model":"`+fakeKey+`","error":`+string(quoted)+`}`)),
		} {
			_, err := made.Create(t.Context(), payload, "")
			record, recordErr := made.Record(t.Context(), "t1")
			whole, jsonErr := json.Marshal(record)
			if jsonErr != nil {
				t.Fatal(jsonErr)
			}
			for _, text := range []string{err.Error(), fmt.Sprint(recordErr), string(whole)} {
				if strings.Contains(text, "sk-t") {
					t.Fatalf("%d: %s", pad, text)
				}
			}
		}
	}
}

func TestAShortKeySpoilsNothing(t *testing.T) {
	made, err := upstream.New(upstream.Config{BaseURL: base, APIKey: "t", Transport: saysJSON(200, `{"taskId":"task_t","status":"fail","error":"testing","output":"https://t.test/t.mp4"}`)})
	if err != nil {
		t.Fatal(err)
	}
	record, err := made.Record(t.Context(), "task_t")
	if err != nil || record.Failure.Message != "testing" || record.Videos[0].URL != "https://t.test/t.mp4" {
		t.Errorf("got %+v, %v", record, err)
	}
}

func TestLogsAreDiscreet(t *testing.T) { synctest.Test(t, testLogsAreDiscreet) }

func testLogsAreDiscreet(t *testing.T) {
	ticket := `{"uploadUrl":"https://signed.test/p?sig=secret","url":"https://static.test/u.png","confirmUrl":"/api/v1/uploads?path=p"}`
	for _, transport := range []carrier{
		saysJSON(200, `{"taskId":"t1","status":"success"}`), saysJSON(200, ticket), saysJSON(401, `{"message":"`+fakeKey+`"}`),
		saysJSON(502, `<html>`+fakeKey), says(302, "", ""),
		func(*http.Request) (*http.Response, error) { return nil, io.ErrUnexpectedEOF },
		func(*http.Request) (*http.Response, error) {
			return nil, &net.OpError{Op: "dial", Err: errors.New("refused")}
		},
	} {
		var log bytes.Buffer
		made, err := upstream.New(upstream.Config{
			BaseURL: base, Dialect: video.Kinovi, APIKey: fakeKey, Transport: transport,
			Logger: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})),
		})
		if err != nil {
			t.Fatal(err)
		}
		_, _ = made.Create(t.Context(), payload, "https://me.test/webhooks/callback-token")
		_, _ = made.Record(t.Context(), "t1")
		_, _ = made.Upload(t.Context(), "u.png", "", 5, strings.NewReader("12345"))
		if log.Len() == 0 {
			t.Error("nothing is logged: the test proves nothing")
		}
		for _, secret := range []string{fakeKey, "a fox", "callback-token", "sig=secret"} {
			if strings.Contains(log.String(), secret) {
				t.Errorf("%s is logged:\n%s", secret, log.String())
			}
		}
	}
}
