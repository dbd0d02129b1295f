package road

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"errors"
	"strings"
)

// Sealer hides what callers carry for us: page positions and version numbers.
// It is a synthetic-IV construction in the shape of RFC 5297: the IV is a MAC
// over the context and the text, so equal inputs give equal outputs (a
// versionId stays an ETag), and nothing opens outside the context it was sealed
// for. Safe for concurrent use.
type Sealer struct {
	mac   []byte
	block cipher.Block
}

// NewSealer derives its keys from the gateway's secret of at least 32 bytes.
func NewSealer(secret []byte) (*Sealer, error) {
	if len(secret) < 32 {
		return nil, errors.New("making a sealer: the secret is shorter than 32 bytes")
	}
	keys, err := hkdf.Key(sha256.New, secret, nil, "cpa-gateway seal v1", 64)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(keys[32:])
	if err != nil {
		return nil, err
	}
	return &Sealer{mac: keys[:32], block: block}, nil
}

// letters are those that a FHIR id allows, in one case.
var letters = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// Seal hides a text for one context.
func (s *Sealer) Seal(context string, text []byte) string {
	sealed := make([]byte, aes.BlockSize+len(text))
	copy(sealed, s.iv(context, text))
	cipher.NewCTR(s.block, sealed[:aes.BlockSize]).XORKeyStream(sealed[aes.BlockSize:], text)
	return letters.EncodeToString(sealed)
}

// Open gives the text back, only in the context it was sealed for.
func (s *Sealer) Open(context, sealed string) ([]byte, bool) {
	raw, err := letters.DecodeString(sealed)
	if err != nil || len(raw) < aes.BlockSize || letters.EncodeToString(raw) != sealed {
		return nil, false
	}
	text := make([]byte, len(raw)-aes.BlockSize)
	cipher.NewCTR(s.block, raw[:aes.BlockSize]).XORKeyStream(text, raw[aes.BlockSize:])
	if !hmac.Equal(raw[:aes.BlockSize], s.iv(context, text)) {
		return nil, false
	}
	return text, true
}

// iv is the synthetic IV: a MAC over the length of the context, the context and the text.
func (s *Sealer) iv(context string, text []byte) []byte {
	m := hmac.New(sha256.New, s.mac)
	var length [8]byte
	binary.BigEndian.PutUint64(length[:], uint64(len(context)))
	m.Write(length[:])
	m.Write([]byte(context))
	m.Write(text)
	return m.Sum(nil)[:aes.BlockSize]
}

// VersionID is what callers see of a version's number: the gaps between the
// versions that they may not see do not show (consent.md §7 row 17).
func (s *Sealer) VersionID(typ, id string, number uint64) string {
	return s.Seal(versionContext(typ, id), binary.BigEndian.AppendUint64(nil, number))
}

// OpenVersionID gives the number back; false for anything we did not make.
func (s *Sealer) OpenVersionID(typ, id, versionID string) (uint64, bool) {
	text, ok := s.Open(versionContext(typ, id), versionID)
	if !ok || len(text) != 8 {
		return 0, false
	}
	return binary.BigEndian.Uint64(text), true
}

func versionContext(typ, id string) string { return strings.Join([]string{"version", typ, id}, "\x00") }
