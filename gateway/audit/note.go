package audit

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// checkpoint says where every chain ends at one moment.
type checkpoint struct {
	number   uint64
	previous [sha256.Size]byte // hash of the checkpoint before, as it is kept; zeros for the first
	at       time.Time
	heads    []Head // of the chains 1, 2, 3 ...
}

// origin names what the checkpoints are of, and the key in their signature lines.
const origin = "cpa-gateway/audit"

// text is the signed part of the note, a line each: the origin, the number, the
// hash of the checkpoint before, the time, and for every chain its number, how
// many entries it has, and the hash of the newest.
func (c checkpoint) text() string {
	text := fmt.Appendf(nil, "%s\n%d\n%s\n%s\n", origin, c.number, encode(c.previous), c.at.UTC().Format(instantForm))
	for i, head := range c.heads {
		text = fmt.Appendf(text, "%d %d %s\n", i+1, head.Seq, encode(head.Hash))
	}
	return string(text)
}

func encode(hash [sha256.Size]byte) string { return base64.StdEncoding.EncodeToString(hash[:]) }

// signed is the checkpoint as a signed note (C2SP signed-note).
func (c checkpoint) signed(key ed25519.PrivateKey) Checkpoint {
	text := c.text()
	signature := append(keyHash(key.Public().(ed25519.PublicKey)), ed25519.Sign(key, []byte(text))...)
	return Checkpoint{Number: c.number, Note: noteOf(text, signature)}
}

// noteOf is a signed note: the text, an empty line and the line of the signature.
func noteOf(text string, signature []byte) string {
	return text + "\n" + signatureStart + base64.StdEncoding.EncodeToString(signature) + "\n"
}

const signatureStart = "\u2014 " + origin + " "

// keyHash tells keys apart: the first bytes of a hash over name, algorithm (1 is Ed25519) and key.
func keyHash(public ed25519.PublicKey) []byte {
	sum := sha256.Sum256(append([]byte(origin+"\n\x01"), public...))
	return sum[:4]
}

var (
	errNotNote   = errors.New("it is not a checkpoint of an audit log")
	errSignature = errors.New("its signature is by none of the keys")
)

// openNote verifies a note by one of the keys and reads the checkpoint in it.
func openNote(note string, keys []ed25519.PublicKey) (checkpoint, error) {
	text, line, _ := strings.Cut(note, "\n\n")
	text += "\n"
	raw, _ := base64.StdEncoding.DecodeString(strings.TrimPrefix(line, signatureStart))
	if len(raw) != 4+ed25519.SignatureSize || noteOf(text, raw) != note { // decoding passes over line ends
		return checkpoint{}, errNotNote
	}
	for _, key := range keys {
		if bytes.Equal(raw[:4], keyHash(key)) && ed25519.Verify(key, []byte(text), raw[4:]) {
			return readText(text)
		}
	}
	return checkpoint{}, errSignature
}

// readText reads the signed part; only what text writes is one.
func readText(text string) (checkpoint, error) {
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	if len(lines) < 4 {
		return checkpoint{}, errNotNote
	}
	var c checkpoint
	var err error
	c.number, err = strconv.ParseUint(lines[1], 10, 64)
	c.previous = decode(lines[2])
	at, timeErr := time.Parse(instantForm, lines[3])
	c.at = at
	if errors.Join(err, timeErr) != nil {
		return checkpoint{}, errNotNote
	}
	for _, line := range lines[4:] {
		var number int
		var head Head
		var hash string
		if _, err := fmt.Sscanf(line, "%d %d %s", &number, &head.Seq, &hash); err != nil {
			return checkpoint{}, errNotNote
		}
		head.Hash = decode(hash)
		c.heads = append(c.heads, head)
	}
	if c.text() != text {
		return checkpoint{}, errNotNote
	}
	return c, nil
}

// decode reads a hash; what is none becomes one that is written otherwise.
func decode(text string) (hash [sha256.Size]byte) {
	raw, _ := base64.StdEncoding.DecodeString(text)
	copy(hash[:], raw)
	return hash
}

// hash is by which the next checkpoint names this one.
func (c Checkpoint) hash() [sha256.Size]byte {
	if c.Number == 0 {
		return [sha256.Size]byte{}
	}
	return sha256.Sum256([]byte(c.Note))
}

// lostIn reports whether a chain lacks entries that the checkpoint covers. One that
// is longer now is not looked into.
func (c checkpoint) lostIn(heads []Head) bool {
	for i, covered := range c.heads {
		if i >= len(heads) || heads[i].Seq < covered.Seq || heads[i].Seq == covered.Seq && heads[i] != covered {
			return true
		}
	}
	return false
}
