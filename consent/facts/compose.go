package facts

import "cpagateway/profiles"

// Directory finds the compiled entry of a directory record by its literal
// reference. It holds the records of the deciding custodian and no others; nil
// finds nothing.
type Directory func(reference string) (DirectoryEntry, bool)

// Compose makes the person of one decision: what custodian's own records say of
// them, and the wishes that any custodian recorded. A participation that cannot be
// traced to an organisation gives no relation. What was compiled by other rules
// grants nothing and, where it could have refused, refuses. Somebody without facts
// is a Person without relations.
func Compose(person profiles.PersonID, custodian profiles.OrgCode, epoch uint64, state IdentityState, compiled []Compiled, directory Directory) Person {
	c := composer{
		person:    Person{ID: person, Custodian: custodian, Epoch: epoch, Unverified: state.Apart},
		directory: directory, known: map[string]bool{}, numbers: map[string]bool{}, confirmed: map[string]bool{},
	}
	for _, name := range state.Confirmed {
		c.known[name], c.confirmed[name] = true, true
	}
	for i := range compiled {
		c.knows(&compiled[i])
	}
	for i := range compiled {
		if one := &compiled[i]; one.Type == "Consent" {
			c.wish(one)
		} else if one.Custodian == custodian && !one.Apart {
			c.own(one)
		}
	}
	return c.person
}

// composer collects into person. known holds the names under which the person's
// own Patient resources go, numbers their NHS numbers, confirmed the names that
// somebody said are this person's.
type composer struct {
	person    Person
	directory Directory
	known     map[string]bool
	numbers   map[string]bool
	confirmed map[string]bool
}

func (c *composer) knows(one *Compiled) {
	if one.Identity == nil || one.Apart || one.Custodian != c.person.Custodian {
		return
	}
	for _, name := range one.Identity.Names {
		c.known[name] = true
	}
	for _, number := range one.Identity.Numbers {
		c.numbers[number] = true
	}
}

// severalNumbers reports two NHS numbers in use that nobody confirmed to be one person's.
func (c *composer) severalNumbers() bool {
	n := 0
	for number := range c.numbers {
		if !c.confirmed[profiles.SystemNHSNumber+"|"+number] {
			n++
		}
	}
	return n > 1
}

// own takes what the custodian itself says.
func (c *composer) own(one *Compiled) {
	if one.Type == "Patient" {
		c.identity(one)
	}
	if one.Rules != Rules {
		return
	}
	for i := range one.Participations {
		c.relate(&one.Participations[i])
	}
}

// identity takes one Patient. Two NHS numbers, a link that leads to no other record
// of this person, or something unreadable leave it uncertain whose record this is.
func (c *composer) identity(one *Compiled) {
	p, id := &c.person, one.Identity
	if one.Rules != Rules || id == nil || id.Modified || c.severalNumbers() {
		p.Unverified = true
	}
	if id == nil {
		return
	}
	for _, other := range id.Links {
		if !c.known[other] {
			p.Unverified = true
		}
	}
	if !id.Born.IsZero() && (p.Born.IsZero() || id.Born.Before(p.Born)) {
		p.Born = id.Born
	}
	p.BornUntil = later(p.BornUntil, id.BornUntil)
	p.Deceased = p.Deceased || id.Deceased
}

// relate turns a participation into a relation, where it is known whose it is.
func (c *composer) relate(p *Participation) {
	e := c.resolve(DirectoryEntry{Organisation: p.Organisation, Team: p.Team, Reference: p.Reference}, MaxReferences)
	if e.Organisation == "" {
		return
	}
	from, until := later(p.From, e.From), earlier(p.Until, e.Until)
	if !until.IsZero() && !until.After(from) {
		return
	}
	c.person.Relations = append(c.person.Relations, Relation{Organisation: e.Organisation, Team: e.Team, Kind: p.Kind, From: from, Until: until})
}

// resolve follows a reference to a directory record, and from a PractitionerRole to
// its Organization: steps is how many may be followed.
func (c *composer) resolve(e DirectoryEntry, steps int) DirectoryEntry {
	if e.Organisation != "" || e.Reference == "" || c.directory == nil || steps == 0 {
		return e
	}
	next, found := c.directory(e.Reference)
	if !found {
		return DirectoryEntry{}
	}
	next.From, next.Until = later(next.From, e.From), earlier(next.Until, e.Until)
	return c.resolve(next, steps-1)
}

// wish takes one directive, whoever recorded it. One in the custodian's own records
// that is about somebody else means that records of two people may have been put
// together (case 36).
func (c *composer) wish(one *Compiled) {
	d := Directive{Status: Unknown, Fault: "Consent"}
	if one.Directive != nil {
		d.ID = one.Directive.ID
		if one.Rules == Rules {
			d = *one.Directive
		}
	}
	d.Custodian, d.Apart = one.Custodian, one.Apart
	if one.Custodian == c.person.Custodian && !one.Apart && d.Status != Silent && one.About != "" && !c.known[one.About] {
		c.person.Unverified = true
	}
	c.person.Directives = append(c.person.Directives, d)
}
