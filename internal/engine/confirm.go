package engine

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"time"

	"seedance-mcp/internal/video"
)

// confirmFor is how long a person's agreement holds.
const confirmFor = 10 * time.Minute

// A token is: expiry (8 bytes, Unix seconds, big endian), a nonce (8 bytes, so
// that two quotes give two tokens), and their seal.
const (
	tokenHead = 16
	tokenSize = tokenHead + sha256.Size
)

// needsConfirmation says that a person must agree to this price first.
func (e *Engine) needsConfirmation(q video.Quote) bool {
	return e.o.ConfirmAbove != nil && q.Credits != nil && *q.Credits > *e.o.ConfirmAbove
}

// confirmToken is what proves, for a while and once, that a person saw this
// quote of this request for this principal.
func (e *Engine) confirmToken(principal, hash string, q video.Quote) string {
	token := make([]byte, tokenHead, tokenSize)
	binary.BigEndian.PutUint64(token, uint64(e.now().Add(confirmFor).Unix()))
	_, _ = rand.Read(token[8:]) // never fails, see crypto/rand
	token = append(token, e.seal(token, principal, hash, q)...)
	return base64.RawURLEncoding.EncodeToString(token)
}

func (e *Engine) seal(head []byte, principal, hash string, q video.Quote) []byte {
	bound, err := json.Marshal([]any{"confirm-1", head, e.o.Account.Fingerprint, principal, hash, q.Credits})
	if err != nil {
		panic(err) // strings, bytes and an integer
	}
	mac := hmac.New(sha256.New, e.o.ConfirmKey)
	mac.Write(bound)
	return mac.Sum(nil)
}

// agreement checks a confirmation where one is needed, and gives the token back
// that is spent with the task; "": none.
func (e *Engine) agreement(principal, hash string, q video.Quote, token string) (string, error) {
	if !e.needsConfirmation(q) {
		return "", nil
	}
	if token == "" {
		return "", &video.Error{
			Code:       video.ConfirmationRequired,
			Message:    "This video costs " + q.Credits.String() + " credits; above " + e.o.ConfirmAbove.String() + " a person must agree first.",
			Suggestion: "Show the price to the user. When they agree, repeat the call with the confirm_token of the quote.",
			Required:   q.Credits,
		}
	}
	raw, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil || len(raw) != tokenSize || !hmac.Equal(raw[tokenHead:], e.seal(raw[:tokenHead], principal, hash, q)) {
		return "", errConfirm("The confirm_token does not belong to this request at this price.", q)
	}
	expiry := time.Unix(int64(binary.BigEndian.Uint64(raw)), 0)
	if !e.now().Before(expiry) {
		return "", errConfirm("The confirm_token has expired: it is good for 10 minutes.", q)
	}
	return base64.RawURLEncoding.EncodeToString(raw), nil // spelt in one way only
}

func errConfirm(message string, q video.Quote) error {
	return &video.Error{
		Code:       video.ConfirmationRequired,
		Message:    message,
		Suggestion: "Call again without confirm_token for a new quote, and ask the user again.",
		Argument:   "confirm_token",
		Required:   q.Credits,
	}
}
