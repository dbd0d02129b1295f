package relational

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"unicode/utf8"
)

// maxKey is how long a text may be that something is found by. An entry of PostgreSQL's
// indexes holds 2,700 bytes, which several texts share.
const maxKey = 400

const digestPrefix = "sha-256:"

// keyOf is a text that something is found by, as any index can hold it: a long one, and one
// that PostgreSQL could not keep, is its digest. It is compared whole, and never shown.
func keyOf(text string) string {
	if len(text) <= maxKey && strings.IndexByte(text, 0) < 0 && utf8.ValidString(text) && !strings.HasPrefix(text, digestPrefix) {
		return text
	}
	digest := sha256.Sum256([]byte(text))
	return digestPrefix + hex.EncodeToString(digest[:])
}
