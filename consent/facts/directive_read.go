package facts

import (
	"strings"

	"cpagateway/profiles"
	"cpagateway/profiles/fhir"
)

// ExtVerbalConsent, on a Consent, says how a spoken wish was taken down (case
// 37). It is complex: recorder and witness (valueReference), date
// (valueDateTime); all three are needed, and the two people must differ. A
// written wish shows its form in source[x] instead.
const ExtVerbalConsent = profiles.Base + "/StructureDefinition/Extension-CPAWales-VerbalConsent"

const codePrivacy = "patient-privacy"

// ReadDirective reads one FHIR Consent against the closed templates. It is
// total: what it cannot read is a Directive of template Uninterpretable, which
// refuses, with the path of what was not understood as its Fault. A Consent
// whose scope is something else than privacy (an advance decision, research)
// says nothing about sharing and is Silent. Who recorded it is not in it: Compile says.
func ReadDirective(consent fhir.Value) Directive {
	d := Directive{
		ID:        consent.ID(),
		Status:    statusOf(consent),
		Replaces:  replacedConsent(consent),
		Performer: performer(consent),
		PolicyURI: policyURI(consent),
		Evidence:  evidence(consent),
	}
	d.OwnWish = d.Performer != "" && d.Performer == referenceKey(consent.Get("patient"))
	if from, until, err := fhir.Interval(consent.Get("dateTime").Text(), profiles.London); err == nil {
		d.Recorded, d.Said = storable(from), storable(until)
	}
	if d.Status == Silent {
		return d
	}
	body, fault := readBody(consent)
	if fault != "" {
		d.Fault = fault
		return d
	}
	d.Template, d.From, d.Until, d.Purposes, d.Clauses = body.Template, body.From, body.Until, body.Purposes, body.Clauses
	d.readAuthority(consent)
	return d
}

// statusOf reads Consent.status and scope.
func statusOf(consent fhir.Value) Status {
	scope := consent.Get("scope")
	if !fhir.HasCode(scope, profiles.SystemConsentScope, codePrivacy) {
		for _, other := range [...]string{"adr", "research", "treatment"} {
			if fhir.HasCode(scope, profiles.SystemConsentScope, other) {
				return Silent
			}
		}
	}
	switch consent.Get("status").Text() {
	case "draft", "proposed", "entered-in-error":
		return Silent
	case "active":
		return Active
	case "rejected":
		return Rejected
	case "inactive":
		return Withdrawn
	}
	return Unknown
}

// replacedConsent is the id of the Consent that this one replaces: R4 carries
// the link in sourceReference.
func replacedConsent(consent fhir.Value) string { return consentID(consent.Get("sourceReference")) }

// consentID is the id of the Consent that a Reference leads to; empty for none.
func consentID(reference fhir.Value) string {
	if id, found := strings.CutPrefix(reference.Get("reference").Text(), "Consent/"); found {
		return id
	}
	return ""
}

// performer names who gave the consent; nobody when there are several, for then
// it cannot be told whose word counts.
func performer(consent fhir.Value) string {
	if consent.Get("performer").Len() != 1 {
		return ""
	}
	return referenceKey(consent.Get("performer").At(0))
}

// referenceKey names what a Reference leads to, for comparing two of them. What is contained
// is named by nothing: the same name stands for somebody else in another resource.
func referenceKey(reference fhir.Value) string {
	if ref := reference.Get("reference").Text(); strings.HasPrefix(ref, "#") {
		return ""
	} else if ref != "" {
		return ref
	}
	id := reference.Get("identifier")
	if value := id.Get("value").Text(); value != "" {
		return id.Get("system").Text() + "|" + value
	}
	return ""
}

// policyURI is the leaflet's version; none when there are several.
func policyURI(consent fhir.Value) string {
	if consent.Get("policy").Len() != 1 {
		return ""
	}
	return consent.Get("policy").At(0).Get("uri").Text()
}

// evidence says what a grant can show for itself. A spoken wish stands only
// with all that case 37 asks for, whatever else is attached.
func evidence(consent fhir.Value) Evidence {
	if said := extensions(consent, ExtVerbalConsent); len(said) > 0 {
		recorder, witness := referenceKey(sole(said[0], "recorder").Get("valueReference")), referenceKey(sole(said[0], "witness").Get("valueReference"))
		_, _, err := fhir.Interval(sole(said[0], "date").Get("valueDateTime").Text(), profiles.London)
		if err != nil || recorder == "" || witness == "" || recorder == witness {
			return NoEvidence
		}
		return Spoken
	}
	if consent.Get("sourceReference").Len() > 0 || consent.Get("sourceAttachment").Len() > 0 {
		return Written
	}
	return NoEvidence
}
