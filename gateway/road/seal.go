package road

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"strings"

	"cpagateway/consent/disclosure"
	"cpagateway/profiles"
)

// Sealer hides what callers carry for us: page positions and version numbers.
// It is a synthetic-IV construction in the shape of RFC 5297: the IV is a MAC
// over the context and the text, so equal inputs give equal outputs (a tag can
// be compared), and nothing opens outside the context it was sealed for. Safe for
// concurrent use.
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

// letters are the 64 that a FHIR id may hold, so that a sealed text is one.
var letters = base64.NewEncoding("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-.").WithPadding(base64.NoPadding)

// Seal hides a text for one context.
func (s *Sealer) Seal(context string, text []byte) string {
	sealed := make([]byte, aes.BlockSize+len(text))
	copy(sealed, s.iv(context, text))
	cipher.NewCTR(s.block, sealed[:aes.BlockSize]).XORKeyStream(sealed[aes.BlockSize:], text)
	return letters.EncodeToString(sealed)
}

// Open gives the text back, only in the context it was sealed for.
func (s *Sealer) Open(context, sealed string) ([]byte, bool) {
	raw, _ := letters.DecodeString(sealed)
	if len(raw) < aes.BlockSize || letters.EncodeToString(raw) != sealed { // what cannot be decoded is not what it decodes to
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

// tag is what a versionId and an ETag say of a resource, sealed for one
// organisation: the number of the newest version that changed something the
// caller may see, the items that the copy carries, and a digest of its content.
// What the caller may not see moves none of the three, and two copies of
// different width never share a tag.
type tag struct {
	number uint64
	items  profiles.ItemSet
	digest disclosure.Digest
}

// tagSize is the sealed size of a tag: with the synthetic IV the 48 bytes that
// the 64 letters of a FHIR id can hold.
const tagSize = 8 + 8 + len(disclosure.Digest{})

// sealTag is the tag as callers see it.
func (s *Sealer) sealTag(to profiles.OrgCode, typ, id string, t tag) string {
	text := make([]byte, 0, tagSize)
	text = binary.BigEndian.AppendUint64(text, t.number)
	text = binary.BigEndian.AppendUint64(text, t.items.Bits())
	return s.Seal(tagContext(to, typ, id), append(text, t.digest[:]...))
}

// openTag gives the tag back; false for what was not sealed here for this
// organisation and resource.
func (s *Sealer) openTag(to profiles.OrgCode, typ, id, sealed string) (t tag, ok bool) {
	text, ok := s.Open(tagContext(to, typ, id), sealed)
	if !ok || len(text) != tagSize {
		return tag{}, false
	}
	t.number = binary.BigEndian.Uint64(text)
	t.items = profiles.ItemSetOfBits(binary.BigEndian.Uint64(text[8:]))
	copy(t.digest[:], text[16:])
	return t, true
}

func tagContext(to profiles.OrgCode, typ, id string) string {
	return strings.Join([]string{"version", string(to), typ, id}, "\x00")
}
