package facts

import (
	"cpagateway/profiles"
	"cpagateway/profiles/fhir"
)

// ExtDecidedFor, on a Consent, says that somebody decided about sharing for a person who
// cannot decide that themself (Mental Capacity Act 2005). It is complex: authority
// (valueCode); assessed (valueDate) and assessor (valueReference) of the assessment that
// the person cannot decide about this; of an attorney or a deputy the reference
// (valueString) of the power or order; of a decision in best interests who was consulted
// (valueString). docs/agreements.md has the codes, and what each has to show.
const ExtDecidedFor = profiles.Base + "/StructureDefinition/Extension-CPAWales-DecidedFor"

// Authority is by what right somebody decided for the person.
type Authority uint8

// The authorities; their numbers are kept, and never change.
const (
	NoAuthority   Authority = iota // the person's own wish, or that of somebody who shows no authority
	Attorney                       // a registered lasting power of attorney for health and welfare
	Deputy                         // appointed by the Court of Protection
	BestInterests                  // decided in the person's best interests, where nobody else may decide
	Unrecorded                     // the same, without all that such a decision has to record
)

// standsAbove reports whether the authority leaves no room for a decision in best interests.
func (a Authority) standsAbove() bool { return a == Attorney || a == Deputy }

// DecidesFor reports whether the directive shows that an attorney or a deputy decides for
// the person, whatever became of the directive.
func (d *Directive) DecidesFor() bool {
	return d.Status != Silent && !d.Apart && d.Authority.standsAbove()
}

// readAuthority reads by what right somebody else decided, and on which day the person
// was assessed as unable to decide: none, where it does not say by whom as well. What
// lacks anything else, or is said twice, shows no authority.
func (d *Directive) readAuthority(consent fhir.Value) {
	var said []fhir.Value
	for ext := range consent.Get("extension").Each() {
		if ext.Get("url").Text() == ExtDecidedFor {
			said = append(said, ext)
		}
	}
	if len(said) == 0 {
		return
	}
	byPerson := d.OwnWish
	d.OwnWish = false
	if byPerson || len(said) > 1 {
		return
	}
	text := func(url string) string { return part(said[0], url).Get("valueString").Text() }
	assessed, _, err := fhir.Interval(part(said[0], "assessed").Get("valueDate").Text(), profiles.London)
	if err == nil && referenceKey(part(said[0], "assessor").Get("valueReference")) != "" {
		d.Assessed = storable(assessed)
	}
	switch code := part(said[0], "authority").Get("valueCode").Text(); {
	case code == profiles.CodeDecidedBestInterests && (d.Assessed.IsZero() || text("consulted") == "" || !d.ends()):
		d.Authority = Unrecorded
	case code == profiles.CodeDecidedBestInterests:
		d.Authority = BestInterests
	case code == profiles.CodeDecidedWelfareAttorney && text("reference") != "":
		d.Authority = Attorney
	case code == profiles.CodeDecidedDeputy && text("reference") != "":
		d.Authority = Deputy
	}
}

// ends reports whether all that the directive grants has an end.
func (d *Directive) ends() bool {
	for i := range d.Clauses {
		if d.Until.IsZero() && d.Clauses[i].Until.IsZero() {
			return false
		}
	}
	return len(d.Clauses) > 0
}
