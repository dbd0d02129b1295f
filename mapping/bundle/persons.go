package bundle

import (
	"strings"

	"cpagateway/profiles"
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

// personOf is the key of the Patient that a resource is about: its own for a
// Patient, none for staff and organisations.
func (x *extract) personOf(d *document, e *entry) (string, *refusal) {
	if e.self.typ == "Patient" {
		return e.self.key, nil
	}
	if profiles.DirectoryType(e.self.typ) {
		return "", nil
	}
	paths, ok := persons[e.self.typ]
	if !ok {
		return "", &refusal{RuleNobody, "resources of this type are about no person, staff or organisation, and the gateway keeps only those"}
	}
	for _, path := range paths {
		keys := map[string]bool{}
		for reference := range e.resource.All(strings.Split(path, ".")...) {
			if t, ok := x.resolve(d, textOf(reference, "Patient")); ok && t.typ == "Patient" {
				keys[t.key] = true
			}
		}
		if len(keys) > 1 {
			return "", &refusal{RuleSeveralPersons, path + " names more than one person: divide the resource"}
		}
		for key := range keys {
			return key, nil
		}
	}
	return "", &refusal{RuleNoSubject, strings.Join(paths, " or ") + " must lead to one Patient of the bundle or the source"}
}
