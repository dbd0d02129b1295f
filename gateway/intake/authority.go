package intake

import (
	"errors"
	"slices"

	"cpagateway/consent"
	"cpagateway/consent/facts"
	"cpagateway/gateway/quarantine"
	"cpagateway/gateway/records"
	"cpagateway/gateway/store"
	"cpagateway/mapping"
	"cpagateway/profiles/fhir"
)

const ruleNoAuthority = "NO-AUTHORITY"

const noAuthority = "the Consent grants, and this source has no authority to record what a person agrees to; refusals and withdrawals of it are taken. " +
	"Where it has the authority, switch its grants on and feed the record in again"

// authorised says what a source may record of a resource.
type authorised uint8

const (
	grantsNothing authorised = iota
	grants                   // which it may not
	grantsNoMore             // taken without what its grant rests on
)

// authority says what becomes of a resource of a source without the authority to
// record a grant. A Consent that grants is set aside by itself, and the rest of its
// record is taken; sharing only in a crisis is taken as the refusal that it also is.
// A source may take back its own refusal, down to silence: that grants nothing.
func (r *run) authority(m mapping.Resource) (taken mapping.Resource, what authorised) {
	if r.source.Grants == consent.On || m.Type != "Consent" {
		return m, grantsNothing
	}
	c, err := fhir.ParseResource(m.Body)
	if err != nil {
		return m, grantsNothing // its own fault, said where it is checked
	}
	d := facts.ReadDirective(c)
	switch {
	case d.Status != facts.Active:
	case d.Template == facts.SharePlan || d.Template == facts.CarerCopy:
		return m, grants
	case d.Template == facts.CrisisOnly:
		m.Body, m.Checked = unfounded(c), fhir.Value{}
		return m, grantsNoMore
	}
	return m, grantsNothing
}

// withhold sets the Consents that grant aside, each by itself.
func (r *run) withhold(granting []mapping.Resource) {
	for _, m := range granting {
		r.sum.Grants++
		r.sum.Quarantined += m.Records
		r.keep([]quarantine.Fault{r.notice(m, refusal{ruleNoAuthority, noAuthority})})
	}
}

const ruleOtherWish = "OTHER-WISH"

const otherWish = "somebody else decided it for the person, and under its id stands what they wished themself, or what was refused: that stays. Send the decision under an id of its own"

// overWish reports whether what somebody else said for the person would take the place of a
// wish, of which then nothing would be left: a refusal would be lifted that nobody has
// weighed. What certainly gives nobody more is taken, as every refusal is.
func overWish(now store.Snapshot, p pending) (bool, error) {
	if p.made.Type != "Consent" {
		return false, nil
	}
	said := facts.ReadDirective(p.resource)
	if said.OwnWish {
		return false, nil
	}
	current, err := now.Current(p.made.Type, p.made.ID)
	if errors.Is(err, records.ErrNothing) || err == nil && current.Deleted {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	stored, err := fhir.ParseResource(current.Body)
	if err != nil {
		return false, err
	}
	wish := facts.ReadDirective(stored)
	another := said.Authority != facts.NoAuthority || said.Performer != wish.Performer
	return another && wish.Status != facts.Silent && wish.Authority == facts.NoAuthority && !said.NeverWidens(&wish), nil
}

// unfounded is a Consent without what a grant rests on: its evidence and its leaflet.
// Sharing only in a crisis (T3) then grants nothing, and refuses what it refused.
func unfounded(c fhir.Value) []byte {
	w := fhir.NewWriter(nil)
	w.Object(func() {
		for name, value := range c.Members() {
			if !slices.Contains([]string{"policy", "sourceAttachment", "sourceReference"}, name) {
				w.Name(name).Value(value)
			}
		}
	})
	return w.Bytes()
}
