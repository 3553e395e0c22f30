package accounts

import (
	"crypto/cipher"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/crypto/chacha20poly1305"

	"seedance-mcp/internal/store"
)

// version begins each sealed key, so that another cipher can follow.
const version = "v1."

// Master seals and opens API keys. It cannot be printed.
type Master struct{ aead cipher.AEAD }

// ParseMaster reads a master key: 32 bytes in base64 or hex. Errors do not
// repeat it.
func ParseMaster(text string) (*Master, error) {
	text = strings.TrimSpace(text)
	for _, decode := range []func(string) ([]byte, error){
		hex.DecodeString, base64.StdEncoding.DecodeString, base64.RawStdEncoding.DecodeString,
		base64.URLEncoding.DecodeString, base64.RawURLEncoding.DecodeString,
	} {
		key, err := decode(text)
		if err != nil || len(key) != chacha20poly1305.KeySize {
			continue
		}
		aead, err := chacha20poly1305.NewX(key)
		if err != nil {
			return nil, err
		}
		return &Master{aead}, nil
	}
	return nil, errors.New("must be 32 random bytes in base64, as `openssl rand -base64 32` prints them")
}

// String keeps the key out of logs.
func (*Master) String() string { return "master key" }

// Seal encrypts an account's API key for the row that will hold it.
func (m *Master) Seal(row store.Account, apiKey string) string {
	nonce := make([]byte, m.aead.NonceSize(), m.aead.NonceSize()+len(apiKey)+m.aead.Overhead())
	_, _ = rand.Read(nonce) // never fails, see crypto/rand
	return version + base64.RawStdEncoding.EncodeToString(m.aead.Seal(nonce, nonce, []byte(apiKey), bound(row)))
}

// errSealed says that a key cannot be opened with this master key.
var errSealed = errors.New("it is sealed with another master key, or its entry was changed")

// Open decrypts the API key of a row.
func (m *Master) Open(row store.Account) (apiKey string, err error) {
	text, ok := strings.CutPrefix(row.Sealed, version)
	if !ok {
		return "", fmt.Errorf("it is sealed in a way that this version does not know")
	}
	sealed, err := base64.RawStdEncoding.DecodeString(text)
	if err != nil || len(sealed) < m.aead.NonceSize() {
		return "", errSealed
	}
	nonce, sealed := sealed[:m.aead.NonceSize()], sealed[m.aead.NonceSize():]
	opened, err := m.aead.Open(nil, nonce, sealed, bound(row))
	if err != nil {
		return "", errSealed
	}
	return string(opened), nil
}

// bound is what a sealed key belongs to.
func bound(row store.Account) []byte {
	text, err := json.Marshal([]string{"seedance-mcp upstream key", row.ID, row.Principal, row.Fingerprint})
	if err != nil {
		panic(err) // strings
	}
	return text
}
