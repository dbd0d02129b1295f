package facts

import (
	"strings"

	"cpagateway/profiles"
	"cpagateway/profiles/fhir"
)

// ExtDecidedFor, on a Consent, says that somebody decided about sharing for a person who
// cannot decide that themself (Mental Capacity Act 2005). It is complex: authority
// (valueCode); assessed (valueDate) and assessor (valueReference) of the assessment that
// the person cannot decide about this; of an attorney or a deputy the reference
// (valueString) of the power or order; of a decision in best interests who was consulted
// (valueString); and each refusal that was weighed (valueReference). docs/agreements.md
// has the codes, and what each has to show.
const ExtDecidedFor = profiles.Base + "/StructureDefinition/Extension-CPAWales-DecidedFor"

// Authority is by what right somebody decided for the person.
type Authority uint8

// The authorities; their numbers are kept, and never change.
const (
	NoAuthority   Authority = iota // the person's own wish, or that of somebody who shows no authority
	Attorney                       // a registered lasting power of attorney for health and welfare
	Deputy                         // appointed by the Court of Protection for personal welfare
	BestInterests                  // decided in the person's best interests, where nobody else may decide
	Unrecorded                     // the same, without all that such a decision has to record
)

// DecidesFor reports whether the directive shows that an attorney or a deputy decides for
// the person: then nobody else does in their best interests.
func (d *Directive) DecidesFor() bool {
	return d.Status != Silent && !d.Apart && (d.Authority == Attorney || d.Authority == Deputy)
}

// readAuthority reads by what right somebody else decided, and on which day the person
// was assessed as unable to decide: none, where it does not say by whom as well. What
// lacks anything else, or is said twice, shows no authority.
func (d *Directive) readAuthority(consent fhir.Value) {
	said := extensions(consent, ExtDecidedFor)
	if len(said) == 0 {
		return
	}
	byPerson := d.OwnWish
	d.OwnWish = false
	if byPerson || len(said) > 1 || !decides(consent.Get("performer")) {
		return
	}
	assessor := sole(said[0], "assessor").Get("valueReference")
	from, _, err := fhir.Interval(sole(said[0], "assessed").Get("valueDate").Text(), profiles.London)
	if err == nil && isStaff(assessor) && referenceKey(assessor) != "" {
		d.Assessed = storable(from)
	}
	text := func(url string) string { return sole(said[0], url).Get("valueString").Text() }
	switch code := sole(said[0], "authority").Get("valueCode").Text(); {
	case code == profiles.CodeDecidedBestInterests && (d.Assessed.IsZero() || text("consulted") == "" || !d.ends()):
		d.Authority = Unrecorded
	case code == profiles.CodeDecidedBestInterests:
		d.Authority = BestInterests
	case code == profiles.CodeDecidedWelfareAttorney && text("reference") != "":
		d.Authority = Attorney
	case code == profiles.CodeDecidedWelfareDeputy && text("reference") != "":
		d.Authority = Deputy
	}
	for _, weighed := range extensions(said[0], "weighed") {
		if id := consentID(weighed.Get("valueReference")); id != "" {
			d.Weighed = append(d.Weighed, id)
		}
	}
}

// decides reports whether the performers are one, who may be somebody that decides for
// the person: neither the person nor an organisation.
func decides(performers fhir.Value) bool {
	one := performers.At(0)
	of := one.Get("type").Text()
	return performers.Len() == 1 && (isStaff(one) || strings.HasPrefix(one.Get("reference").Text(), "RelatedPerson/")) &&
		of != "Patient" && of != "Organization" && one.Find("identifier", "system").Text() != profiles.SystemNHSNumber
}

// isStaff reports whether a reference leads to a practitioner, or to a record that only
// an identifier or a name tells of.
func isStaff(reference fhir.Value) bool {
	literal := reference.Get("reference").Text()
	return literal == "" || strings.HasPrefix(literal, "Practitioner/") || strings.HasPrefix(literal, "PractitionerRole/")
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

// extensions are those of an element that have a url.
func extensions(of fhir.Value, url string) []fhir.Value {
	var list []fhir.Value
	for ext := range of.Get("extension").Each() {
		if ext.Get("url").Text() == url {
			list = append(list, ext)
		}
	}
	return list
}

// sole is the extension with a url that is there once.
func sole(of fhir.Value, url string) fhir.Value {
	if list := extensions(of, url); len(list) == 1 {
		return list[0]
	}
	return fhir.Value{}
}
