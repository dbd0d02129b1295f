package intake

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strconv"

	"cpagateway/gateway/quarantine"
	"cpagateway/mapping"
)

// SetAside keeps what a format could not take, and what it says against sharing.
// Warnings of a record that was taken are counted.
func (r *run) SetAside(faults []mapping.Fault, consents []mapping.Resource) error {
	bytes := 0
	for _, f := range faults {
		bytes += len(f.Raw)
	}
	for i, c := range consents {
		consents[i].Fragment = r.asked(c.Fragment)
		bytes += len(c.Body)
	}
	return r.hand.give(step{bytes: bytes, read: func() {}, do: func() error { return r.keepAside(faults, consents) }})
}

func (r *run) keepAside(faults []mapping.Fault, consents []mapping.Resource) error {
	against := r.keepWishes(consents)
	var kept []quarantine.Fault
	refused := mapping.Refused(faults)
	for _, f := range faults {
		switch {
		case f.Warning && !refused:
			r.sum.Warnings[f.Rule]++
			continue
		case f.Warning:
			continue
		}
		kept = append(kept, r.against(r.of(f.Of, r.fault(f)), against))
	}
	r.keep(kept)
	return r.flushFull()
}

// aside is the fault of a source record that is set aside because this resource of
// it cannot be taken.
func (r *run) aside(made []mapping.Resource, m mapping.Resource, no refusal) quarantine.Fault {
	return r.against(r.of(mapping.NameOf(made), r.notice(m, no)), r.keepWishes(made))
}

// against says of a record that is set aside whether what refuses or takes back sharing
// stands in it.
func (r *run) against(f quarantine.Fault, is bool) quarantine.Fault {
	if f.Against = is; is {
		f.Reason += takenAllTheSame
	}
	return f
}

// notice is what the quarantine says of one resource: of one whose person is not known, where
// its record names them.
func (r *run) notice(m mapping.Resource, no refusal) quarantine.Fault {
	raw := m.Body
	if m.Fragment != nil {
		raw = m.Fragment()
	}
	f := mapping.Fault{At: m.From, Rule: no.rule, Reason: no.reason, Raw: raw}
	if m.PersonAt.File != "" && (no.rule == ruleUnknown || no.rule == ruleIdentity) {
		f.At, f.Value = m.PersonAt, m.Person
	}
	return r.fault(f)
}

// keep puts faults into the account and into the quarantine, but not those of a
// record that was fed in again, which is there already, and not those without a
// fragment, which nobody could feed in.
func (r *run) keep(faults []quarantine.Fault) {
	r.sum.list(r.lines(faults))
	if r.again != nil {
		return
	}
	kept := slices.DeleteFunc(faults, func(f quarantine.Fault) bool { return len(f.Raw) == 0 })
	r.sum.NotKept += len(faults) - len(kept)
	r.batch.setAside(kept)
}

func (r *run) lines(faults []quarantine.Fault) []Line {
	lines := make([]Line, len(faults))
	for i, f := range faults {
		lines[i] = Line{File: f.File, Row: f.Row, Field: f.Field, Rule: f.Rule, Reason: f.Reason}
		if r.again == nil && len(f.Raw) > 0 {
			lines[i].ID = f.ID
		}
	}
	return lines
}

func (r *run) fault(f mapping.Fault) quarantine.Fault {
	return quarantine.Fault{
		ID: r.faultID(f), Source: r.source.Name, Custodian: r.source.Custodian, File: f.At.File, Row: f.At.Row, Field: f.At.Field,
		Value: f.Value, Rule: f.Rule, Reason: f.Reason, Raw: f.Raw, At: r.Clock(),
	}
}

// faultID is the same when the same record fails the same rule again, even where it
// stands in another file, row or entry by then. Where several of one extract fail alike,
// be they of one record or of two that nothing tells apart, they are counted.
func (r *run) faultID(f mapping.Fault) string {
	h := sha256.New()
	for _, part := range []string{string(r.source.Custodian), r.source.Name, f.Rule, f.Value, string(f.Raw)} {
		h.Write([]byte(part + "\x00"))
	}
	id := hex.EncodeToString(h.Sum(nil)[:8])
	n := r.count(ofAlike, id) + 1
	r.setCount(ofAlike, id, n)
	if n > 1 {
		id += "-" + strconv.FormatUint(n, 10)
	}
	return id
}
