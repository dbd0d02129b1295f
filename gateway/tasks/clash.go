package tasks

import (
	"crypto/sha256"
	"encoding/hex"
	"time"

	"golang.org/x/text/language"

	"cpagateway/consent"
	"cpagateway/gateway/records"
	"cpagateway/gateway/store"
	"cpagateway/gateway/texts"
	"cpagateway/profiles"
	"cpagateway/profiles/fhir"
	"cpagateway/profiles/merge"
)

// The ids of a Task's two excerpts, of which one has a part as it stands, and the other as
// the source sent it.
const (
	stands = "stands"
	sent   = "sent"
)

// Clash is a part that a source has changed and somebody else too.
type Clash struct {
	merge.Clash
	Record records.Version // as it stood when the source was read
	Source string
}

// Key is the same for the same two texts of the same part, whenever they meet.
func (c Clash) Key() string {
	h := sha256.New()
	for _, text := range [][]byte{[]byte(c.Record.Type), []byte(c.Record.ID), []byte(c.Member), c.Mine.Raw(), c.Theirs.Raw()} {
		h.Write(text)
		h.Write([]byte{0})
	}
	return hex.EncodeToString(h.Sum(nil))
}

// Raise keeps the Task of a clash under an id, with the change of the record that it is
// about, once.
func (c Clash) Raise(tx store.Tx, at time.Time, id string, decision consent.Decision) error {
	record, err := fhir.ParseResource(c.Record.Body)
	if err != nil {
		return err
	}
	by, err := c.standing(tx)
	if err != nil {
		return err
	}
	_, err = task{
		id: id, code: profiles.CodeDutyClash, about: c.Record, record: record, source: c.Source,
		said:     func(lang language.Tag) string { return texts.TaskClash.In(lang, c.Source) },
		excerpts: []excerpt{c.excerpt(record, stands, c.Theirs), c.excerpt(record, sent, c.Mine)},
		notes:    []note{{texts.TaskStands, by, words(record, c.Member, c.Theirs)}, {texts.TaskSent, c.Record.Custodian, words(record, c.Member, c.Mine)}},
	}.put(tx, at, decision)
	return err
}

// excerpt is one with a part, beside the other parts of a list that makes the label:
// without them it would be another.
func (c Clash) excerpt(record fhir.Value, id string, part fhir.Value) excerpt {
	e := excerpt{id: id, member: c.Member}
	if heads[c.Member] {
		for other := range record.Get(c.Member).Each() {
			if !fhir.Alike(other, c.Theirs) {
				e.parts = append(e.parts, other)
			}
		}
	}
	if part.Exists() {
		e.parts = append(e.parts, part)
	}
	return e
}

// standing is who wrote what stands, or ended it.
func (c Clash) standing(now store.Snapshot) (profiles.OrgCode, error) {
	history, err := now.History(c.Record.Type, c.Record.ID)
	if err != nil {
		return "", err
	}
	past := records.PastOf(history)
	if c.Theirs.Exists() {
		return past.Author(c.Member, c.Theirs), nil
	}
	return past.Ender(c.Member, c.Was), nil
}
