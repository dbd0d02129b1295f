package intake

import (
	"bytes"
	"slices"
	"time"

	"cpagateway/gateway/quarantine"
	"cpagateway/gateway/records"
	"cpagateway/gateway/store"
	"cpagateway/mapping"
	"cpagateway/profiles"
	"cpagateway/profiles/fhir"
)

const ruleWentBack = "SOURCE-WENT-BACK"

// sending is what a source sends of one thing, to be kept with the record that came in it.
type sending struct{ id, at string }

// ahead is how far after now a source can mean what it says: to the end of a month that has
// begun (MHSDS).
const ahead = 31 * 24 * time.Hour

// newest refuses what is older than what its source has sent of the same thing: a system
// that was put back to a backup, or an extract brought in a second time, would undo what
// has become of it since. What was sent under a clock that was wrong keeps out nothing.
func (r *run) newest(now store.Snapshot, s mapping.Sending) (sending, *refusal, error) {
	if s.At == "" || s == r.settledSending {
		return sending{}, nil, nil
	}
	made := sending{r.ids.resource("sending", s.Of), s.At}
	before, err := now.Sent(made.id)
	switch {
	case err != nil || before == made.at:
		return sending{}, nil, err
	case before > made.at && before < mapping.SentAt(r.Clock().Add(ahead)):
		return sending{}, &refusal{ruleWentBack, "the source has sent of it before what it says to be newer: bring in its newest extract, or discard this one"}, nil
	}
	return made, nil, nil
}

// keep keeps it, where it is news.
func (s sending) keep(tx store.Tx) error {
	if s.id == "" {
		return nil
	}
	return tx.KeepSent(s.id, s.at)
}

// fragment is what was set aside, and the resources that it said, as far as they could be made.
type fragment struct {
	quarantine.Fault
	said said
}

// said is an Output that keeps what it is given.
type said []mapping.Resource

func (s *said) Take(made []mapping.Resource) error { *s = append(*s, made...); return nil }

func (s *said) SetAside(_ []mapping.Fault, consents []mapping.Resource) error {
	return s.Take(consents)
}

// saidIn is what was set aside with what it said. What cannot be read, or the maps of today no
// longer read, said nothing: its mended form may be fed in all the same.
func (r *run) saidIn(f quarantine.Fault) *fragment {
	of := &fragment{Fault: f}
	env := r.env()
	env.Expect = nil
	_, _ = r.source.Format.Reread(r.ctx, f.Raw, env, &of.said)
	return of
}

// sentSince refuses a record that was set aside where its source has sent it since, and
// otherwise: fed in again, it would undo that. Staff and organisations are of many records,
// and so is a Patient that others come with.
func (r *run) sentSince(now store.Snapshot, f *fragment, made []mapping.Resource) (*refusal, error) {
	shared := func(m mapping.Resource) bool { return m.Type == "Patient" || profiles.DirectoryType(m.Type) }
	if alone := slices.DeleteFunc(slices.Clone(made), shared); len(alone) > 0 {
		made = alone
	}
	for _, m := range made {
		image, err := now.Image(m.Type, m.ID, r.source.Name)
		if err != nil {
			return nil, err
		}
		history, err := now.History(m.Type, m.ID)
		if err != nil {
			return nil, err
		}
		last := slices.IndexFunc(history, func(v records.Version) bool { return v.Source == r.source.Name })
		if last < 0 || bytes.Equal(image, m.Body) || bytes.Equal(history[last].Body, m.Body) || r.saysWish(f.said, history[last]) {
			continue
		}
		if sent := history[last].Stored; sent.After(f.At) && sent.After(f.Settled) {
			return &refusal{ruleWentBack, "the source has sent this record since it was set aside, and nothing of that is undone: discard it, or let the source send it anew"}, nil
		}
	}
	return nil, nil
}

// saysWish reports whether a Consent is stored as some resources say it, or in brief.
func (r *run) saysWish(said said, stored records.Version) bool {
	return slices.ContainsFunc(said, func(m mapping.Resource) bool {
		if stored.Type != "Consent" || m.Type != stored.Type || m.ID != stored.ID {
			return false
		}
		c, err := fhir.ParseResource(m.Body)
		return err == nil && (bytes.Equal(stored.Body, m.Body) ||
			slices.ContainsFunc([]string{"active", "inactive"}, func(status string) bool {
				return bytes.Equal(stored.Body, inBrief(c, r.patientOf(m, c), status).Raw())
			}))
	})
}
