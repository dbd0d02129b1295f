package bundle

import (
	"strings"

	"cpagateway/profiles"
	"cpagateway/profiles/fhir"
)

// persons says where a type names the person it is about: the elements of R4's
// patient compartment (compartmentdefinition-patient.html) without those that
// only say who wrote, did or paid something, and the same of Task, Device,
// Contract, GuidanceResponse and MeasureReport, which the compartment leaves out.
// A later element counts only where no earlier one names a person. Types that are
// neither here nor in the directory are about nobody.
var persons = map[string][]string{
	"Account":                     {"subject"},
	"AdverseEvent":                {"subject"},
	"AllergyIntolerance":          {"patient"},
	"Appointment":                 {"participant.actor"},
	"AppointmentResponse":         {"actor"},
	"AuditEvent":                  {"entity.what", "agent.who"},
	"Basic":                       {"subject"},
	"BodyStructure":               {"patient"},
	"CarePlan":                    {"subject"},
	"CareTeam":                    {"subject"},
	"ChargeItem":                  {"subject"},
	"Claim":                       {"patient"},
	"ClaimResponse":               {"patient"},
	"ClinicalImpression":          {"subject"},
	"Communication":               {"subject", "recipient", "sender"},
	"CommunicationRequest":        {"subject", "recipient", "sender"},
	"Composition":                 {"subject"},
	"Condition":                   {"subject"},
	"Consent":                     {"patient"},
	"Contract":                    {"subject"},
	"Coverage":                    {"beneficiary"},
	"CoverageEligibilityRequest":  {"patient"},
	"CoverageEligibilityResponse": {"patient"},
	"DetectedIssue":               {"patient"},
	"Device":                      {"patient"},
	"DeviceRequest":               {"subject"},
	"DeviceUseStatement":          {"subject"},
	"DiagnosticReport":            {"subject"},
	"DocumentManifest":            {"subject"},
	"DocumentReference":           {"subject"},
	"Encounter":                   {"subject"},
	"EnrollmentRequest":           {"candidate"},
	"EpisodeOfCare":               {"patient"},
	"ExplanationOfBenefit":        {"patient"},
	"FamilyMemberHistory":         {"patient"},
	"Flag":                        {"subject"},
	"Goal":                        {"subject"},
	"Group":                       {"member.entity"},
	"GuidanceResponse":            {"subject"},
	"ImagingStudy":                {"subject"},
	"Immunization":                {"patient"},
	"ImmunizationEvaluation":      {"patient"},
	"ImmunizationRecommendation":  {"patient"},
	"Invoice":                     {"subject", "recipient"},
	"List":                        {"subject"},
	"MeasureReport":               {"subject"},
	"Media":                       {"subject"},
	"MedicationAdministration":    {"subject"},
	"MedicationDispense":          {"subject"},
	"MedicationRequest":           {"subject"},
	"MedicationStatement":         {"subject"},
	"MolecularSequence":           {"patient"},
	"NutritionOrder":              {"patient"},
	"Observation":                 {"subject"},
	"Person":                      {"link.target"},
	"Procedure":                   {"subject"},
	"Provenance":                  {"target"},
	"QuestionnaireResponse":       {"subject"},
	"RelatedPerson":               {"patient"},
	"RequestGroup":                {"subject"},
	"ResearchSubject":             {"individual"},
	"RiskAssessment":              {"subject"},
	"Schedule":                    {"actor"},
	"ServiceRequest":              {"subject"},
	"Specimen":                    {"subject"},
	"SupplyDelivery":              {"patient"},
	"SupplyRequest":               {"deliverTo"},
	"Task":                        {"for"},
	"VisionPrescription":          {"patient"},
}

// whom says whom a resource is about: a Patient of the source by its key, or by their
// NHS number somebody whom the extract does not hold.
type whom struct{ key, number string }

// personOf finds whom a resource is about: a Patient is about itself, staff and
// organisations are about nobody.
func (x *extract) personOf(d *document, e *entry) (whom, *refusal) {
	if e.self.typ == "Patient" {
		return whom{key: e.self.key}, nil
	}
	if profiles.DirectoryType(e.self.typ) {
		return whom{}, nil
	}
	paths, ok := persons[e.self.typ]
	if !ok {
		return whom{}, &refusal{RuleNobody, "resources of this type are about no person, staff or organisation, and the gateway keeps only those"}
	}
	for _, path := range paths {
		named := map[whom]bool{}
		for reference := range e.resource.All(strings.Split(path, ".")...) {
			if who, ok := x.named(d, reference); ok {
				named[who] = true
			}
			if other, ok := x.resolve(d, byIdentifier("Patient", reference.Get("identifier"))); ok { // beside a reference to somebody else
				named[whom{key: other.key}] = true
			}
		}
		if len(named) > 1 {
			return whom{}, &refusal{RuleSeveralPersons, path + " names more than one person: divide the resource"}
		}
		for who := range named {
			return who, nil
		}
	}
	return whom{}, &refusal{RuleNoSubject, strings.Join(paths, " or ") + " must lead to one Patient of the bundle or the source, or give their NHS number"}
}

// named is the person whom a reference names, if it does.
func (x *extract) named(d *document, reference fhir.Value) (whom, bool) {
	text := textOf(reference, "Patient")
	if t, ok := x.resolve(d, text); ok {
		return whom{key: t.key}, t.typ == "Patient"
	}
	id := reference.Get("identifier")
	if reference.Get("reference").Exists() || x.borne(d, text) || !profiles.IsNHSNumber(id.Get("system").Text()) {
		return whom{}, false
	}
	number, err := profiles.NHSNumber(id.Get("value").Text())
	return whom{number: number}, err == nil
}
