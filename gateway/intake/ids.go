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

// OwnPerson gives the person of a Patient of a source that is filed under nobody else.
func OwnPerson(secret []byte) func(custodian profiles.OrgCode, source, patient string) profiles.PersonID {
	return func(custodian profiles.OrgCode, source, patient string) profiles.PersonID {
		return keyedIDs{secret: secret, custodian: custodian, source: source}.personOfSource(patient)
	}
}

// keyedIDs derives ids from a custodian, one of its sources and the source's own
// keys, so that a rerun finds what it wrote before and no custodian's records are
// another's. They are keyed: nobody can guess an id from an NHS
// number or a local number, nor the number from the id.
type keyedIDs struct {
	secret    []byte
	custodian profiles.OrgCode
	source    string
}

var idLetters = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// resource is the id of a resource by its type and the source's key.
func (k keyedIDs) resource(typ, key string) string {
	return k.derive("resource", string(k.custodian), k.source, typ, key)
}

// person is the same for every custodian and source that knows the NHS number.
func (k keyedIDs) person(nhsNumber string) profiles.PersonID {
	return profiles.PersonID(k.derive("person", nhsNumber))
}

// personOfSource stands for the one whom a Patient of the source is about, where no
// NHS number says who it is.
func (k keyedIDs) personOfSource(patientID string) profiles.PersonID {
	return profiles.PersonID(k.derive("person-of-source", string(k.custodian), k.source, patientID))
}

func (k keyedIDs) derive(parts ...string) string {
	m := hmac.New(sha256.New, k.secret)
	m.Write([]byte("cpa-gateway id v1\x00" + strings.Join(parts, "\x00")))
	return idLetters.EncodeToString(m.Sum(nil)[:20])
}
