package intake

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base32"
	"hash"
	"hash/maphash"
	"sync"

	"cpagateway/profiles"
)

// Pseudonym gives the person id of any NHS number, known or not, under the
// gateway's secret.
func Pseudonym(secret []byte) func(nhsNumber string) profiles.PersonID {
	return newKeyedIDs(secret, "", "").person
}

// OwnPerson gives the person of a Patient of a source that is filed under nobody else.
func OwnPerson(secret []byte) func(custodian profiles.OrgCode, source, patient string) profiles.PersonID {
	return func(custodian profiles.OrgCode, source, patient string) profiles.PersonID {
		return newKeyedIDs(secret, custodian, source).personOfSource(patient)
	}
}

// ResourceID gives the id of a resource of a source by its type and the source's key.
func ResourceID(secret []byte, custodian profiles.OrgCode, source string) func(typ, key string) string {
	return newKeyedIDs(secret, custodian, source).resource
}

// keyedIDs derives ids from a custodian, one of its sources and the source's own
// keys, so that a rerun finds what it wrote before and no custodian's records are
// another's. They are keyed: nobody can guess an id from an NHS
// number or a local number, nor the number from the id.
type keyedIDs struct {
	custodian, source string

	using sync.Mutex
	mac   hash.Hash
	text  []byte
	last  []keyedID // what one person's records name again and again; nil at first
	seed  maphash.Seed
}

// keyedID is the id of a resource that was derived.
type keyedID struct{ typ, key, id string }

func newKeyedIDs(secret []byte, custodian profiles.OrgCode, source string) *keyedIDs {
	return &keyedIDs{custodian: string(custodian), source: source, mac: hmac.New(sha256.New, secret)}
}

var idLetters = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// resource is the id of a resource by its type and the source's key.
func (k *keyedIDs) resource(typ, key string) string {
	k.using.Lock()
	defer k.using.Unlock()
	if k.last == nil {
		k.last, k.seed = make([]keyedID, 256), maphash.MakeSeed()
	}
	last := &k.last[(maphash.String(k.seed, key)+uint64(len(typ)))%uint64(len(k.last))]
	if last.typ != typ || last.key != key {
		*last = keyedID{typ, key, k.derive("resource", k.custodian, k.source, typ, key)}
	}
	return last.id
}

// person is the same for every custodian and source that knows the NHS number.
func (k *keyedIDs) person(nhsNumber string) profiles.PersonID {
	k.using.Lock()
	defer k.using.Unlock()
	return profiles.PersonID(k.derive("person", nhsNumber))
}

// personOfSource stands for the one whom a Patient of the source is about, where no
// NHS number says who it is.
func (k *keyedIDs) personOfSource(patientID string) profiles.PersonID {
	k.using.Lock()
	defer k.using.Unlock()
	return profiles.PersonID(k.derive("person-of-source", k.custodian, k.source, patientID))
}

func (k *keyedIDs) derive(parts ...string) string {
	k.text = append(k.text[:0], "cpa-gateway id v1"...)
	for _, part := range parts {
		k.text = append(append(k.text, 0), part...)
	}
	k.mac.Reset()
	k.mac.Write(k.text)
	k.text = k.mac.Sum(k.text[:0])
	k.text = idLetters.AppendEncode(k.text, k.text[:20])
	return string(k.text[sha256.Size:])
}
