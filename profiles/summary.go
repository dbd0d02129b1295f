package profiles

import (
	"slices"
	"strings"
)

// summaries are the elements of each served type that R4 marks as its summary.
var summaries = map[string]string{
	"CarePlan":         "identifier instantiatesCanonical instantiatesUri basedOn replaces partOf status intent category title description subject encounter period created author addresses",
	"CareTeam":         "identifier status category name subject encounter period managingOrganization",
	"Communication":    "identifier instantiatesCanonical instantiatesUri basedOn partOf status statusReason priority subject encounter reasonCode reasonReference",
	"EpisodeOfCare":    "status type diagnosis patient managingOrganization period",
	"Flag":             "identifier status category code subject period encounter author",
	"Goal":             "lifecycleStatus achievementStatus category priority description subject start[x] statusDate expressedBy",
	"Organization":     "identifier active type name partOf",
	"Patient":          "identifier active name telecom gender birthDate deceased[x] address managingOrganization link",
	"Practitioner":     "identifier active name telecom address gender birthDate",
	"PractitionerRole": "identifier active period practitioner organization code specialty location telecom",
	"RiskAssessment":   "identifier status method code subject encounter occurrence[x] condition performer",
	"Task":             "instantiatesCanonical instantiatesUri basedOn groupIdentifier partOf status statusReason businessStatus intent code description focus for encounter executionPeriod lastModified requester owner location",
}

// modifiers are the elements that change what the rest of a resource means.
var modifiers = []string{"active", "status", "intent", "lifecycleStatus", "deceased[x]"}

// InSummary reports whether R4 marks an element of a served type as of its summary.
func (s *Shape) InSummary(element *Shape) bool {
	return slices.Contains(strings.Fields(summaries[s.Name]), element.definedName())
}

// Kept reports whether an element stays in every part of a resource: what R4 requires,
// and what changes the meaning of the rest.
func (s *Shape) Kept(element *Shape) bool {
	return element.Required || slices.Contains(modifiers, element.definedName())
}

// Named reports whether an element is the one of a name, as R4 writes it or as it
// stands in JSON: deceased, deceased[x] and deceasedBoolean are one.
func (s *Shape) Named(name string) bool {
	return name == s.Name || s.Choice != "" && (name == s.Choice || name == s.Choice+"[x]")
}

// definedName is the name of an element in R4's definitions.
func (s *Shape) definedName() string {
	if s.Choice != "" {
		return s.Choice + "[x]"
	}
	return s.Name
}
