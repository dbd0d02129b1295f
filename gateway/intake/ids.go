package intake

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base32"
	"strings"

	"cpagateway/profiles"
)

// Pseudonym gives the person id of any NHS number, known or not, under the
// gateway's secret.
func Pseudonym(secret []byte) func(nhsNumber string) profiles.PersonID {
	return keyedIDs{secret: secret}.person
}

// keyedIDs derives ids from a source and its own keys, so that a rerun finds
// what it wrote before. They are keyed: nobody can guess an id from an NHS
// number or a local number, nor the number from the id.
type keyedIDs struct {
	secret []byte
	source string
}

var idLetters = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// resource is the id of a resource by its type and the source's key.
func (k keyedIDs) resource(typ, key string) string {
	return k.derive("resource", k.source, typ, key)
}

// person is the same for every source that knows the NHS number.
func (k keyedIDs) person(nhsNumber string) profiles.PersonID {
	return profiles.PersonID(k.derive("person", nhsNumber))
}

// personOfSource stands for somebody whose NHS number the source does not give.
func (k keyedIDs) personOfSource(patientID string) profiles.PersonID {
	return profiles.PersonID(k.derive("person-of-source", k.source, patientID))
}

func (k keyedIDs) derive(parts ...string) string {
	m := hmac.New(sha256.New, k.secret)
	m.Write([]byte("cpa-gateway id v1\x00" + strings.Join(parts, "\x00")))
	return idLetters.EncodeToString(m.Sum(nil)[:20])
}
