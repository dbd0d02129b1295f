package facts

import (
	"slices"
	"strings"
	"time"

	"cpagateway/profiles"
	"cpagateway/profiles/fhir"
)

// ExtDecidedFor, on a Consent, says that somebody decided about sharing for a person who
// cannot decide that themself (Mental Capacity Act 2005). It is complex: authority
// (valueCode); assessed (valueDate) and assessor (valueReference) of the assessment that
// the person cannot decide about this; of an attorney or a deputy the reference
// (valueString) of the power or order; of a decision in best interests who was consulted
// (valueString); the day on which the authority ended (valueDate); and each refusal that
// was weighed (valueReference). docs/agreements.md has the codes, and what each has to show.
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

// Decides reports whether the authority is that of an attorney or a deputy.
func (a Authority) Decides() bool { return a == Attorney || a == Deputy }

// DecidesFor reports whether the directive shows that an attorney or a deputy decides for
// the person: then nobody else does in their best interests.
func (d *Directive) DecidesFor() bool {
	return d.Status != Silent && !d.Apart && d.Authority.Decides()
}

// Founded reports whether the directive is the person's own, or shows by what right somebody
// decided for them, and on what assessment before that.
func (d *Directive) Founded() bool {
	return d.OwnWish || (d.Authority.Decides() || d.Authority == BestInterests) && !d.Assessed.IsZero() && !d.Recorded.Before(d.Assessed)
}

// Lapsed reports whether whoever decided has no authority any more.
func (d *Directive) Lapsed(at time.Time) bool {
	return !d.AuthorityUntil.IsZero() && !at.Before(d.AuthorityUntil)
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
	code := sole(said[0], "authority").Get("valueCode").Text()
	performers := consent.Get("performer")
	staff := []string{"Practitioner", "PractitionerRole"}
	others := staff
	if code != profiles.CodeDecidedBestInterests {
		others = append(others, "RelatedPerson")
	}
	if byPerson || len(said) > 1 || performers.Len() != 1 || !names(performers.At(0), others) {
		return
	}
	assessor := sole(said[0], "assessor").Get("valueReference")
	from, _, err := fhir.Interval(sole(said[0], "assessed").Get("valueDate").Text(), profiles.London)
	if by := referenceKey(assessor); err == nil && names(assessor, staff) && by != "" && (by != d.Performer || code == profiles.CodeDecidedBestInterests) {
		d.Assessed = storable(from)
	}
	if ended := sole(said[0], "ended").Get("valueDate"); ended.Exists() {
		day, _, err := fhir.Interval(ended.Text(), profiles.London)
		if err != nil {
			return
		}
		d.AuthorityUntil = storable(day)
	}
	text := func(url string) string { return sole(said[0], url).Get("valueString").Text() }
	switch {
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

// names reports whether a reference may name somebody of these types: by a literal, by an
// identifier or in words, but by none of a person's NHS number, an organisation or a team.
func names(reference fhir.Value, types []string) bool {
	literal, _, found := strings.Cut(reference.Get("reference").Text(), "/")
	of := reference.Get("type").Text()
	if (literal != "" || found) && !slices.Contains(types, literal) || of != "" && !slices.Contains(types, of) {
		return false
	}
	identifier := reference.Get("identifier")
	number, _ := profiles.NHSNumber(identifier.Get("value").Text())
	organisation, _ := partyOf(identifier)
	return number == "" && organisation == ""
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
