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

// checkpoint says that the chain's first size rows end in root.
type checkpoint struct {
	size uint64
	root [sha256.Size]byte
	at   time.Time
}

// origin names what the checkpoints are of, and the key in their signature lines.
const origin = "cpa-gateway/audit"

// text is the signed part of the note: origin, size, root and time, a line each
// (C2SP tlog-checkpoint with the time as extension line; the root is that of a
// chain, not of a Merkle tree).
func (c checkpoint) text() string {
	return fmt.Sprintf("%s\n%d\n%s\n%s\n", origin, c.size, base64.StdEncoding.EncodeToString(c.root[:]), c.at.UTC().Format(instantForm))
}

// signNote is the checkpoint as a signed note (C2SP signed-note): the text, an
// empty line and the line of the signature.
func signNote(c checkpoint, key ed25519.PrivateKey) string {
	text := c.text()
	public := key.Public().(ed25519.PublicKey)
	signature := append(keyHash(public), ed25519.Sign(key, []byte(text))...)
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
	errSignature = errors.New("its signature is not by this key")
)

// openNote verifies a note and reads the checkpoint in it.
func openNote(note string, public ed25519.PublicKey) (checkpoint, error) {
	text, signature, found := strings.Cut(note, "\n\n")
	encoded, start := strings.CutPrefix(signature, signatureStart)
	encoded, end := strings.CutSuffix(encoded, "\n")
	raw, err := base64.StdEncoding.DecodeString(encoded)
	once := base64.StdEncoding.EncodeToString(raw) == encoded // decoding passes over line ends
	if !found || !start || !end || err != nil || !once || len(raw) != 4+ed25519.SignatureSize {
		return checkpoint{}, errNotNote
	}
	text += "\n"
	if !bytes.Equal(raw[:4], keyHash(public)) || !ed25519.Verify(public, []byte(text), raw[4:]) {
		return checkpoint{}, errSignature
	}
	return readText(text)
}

// readText reads the signed part; only what text writes is one.
func readText(text string) (checkpoint, error) {
	lines := strings.Split(text, "\n")
	if len(lines) != 5 {
		return checkpoint{}, errNotNote
	}
	var c checkpoint
	var sizeErr, timeErr error
	c.size, sizeErr = strconv.ParseUint(lines[1], 10, 64)
	root, rootErr := base64.StdEncoding.DecodeString(lines[2])
	c.at, timeErr = time.Parse(instantForm, lines[3])
	if errors.Join(sizeErr, rootErr, timeErr) != nil || len(root) != len(c.root) {
		return checkpoint{}, errNotNote
	}
	copy(c.root[:], root)
	if c.text() != text {
		return checkpoint{}, errNotNote
	}
	return c, nil
}
