package mhsds

import (
	"cpagateway/mapping"
	"cpagateway/profiles"
)

const (
	localCodes = profiles.Base + "/CodeSystem/CPAWales-"
	localIDs   = profiles.Base + "/Id/"
)

// names are the constants that these maps use beside those of package profiles: systems of
// what the data set holds and nobody has published a URI for, and some that are published. The
// identifier systems below Id are completed by the ODS code of the organisation
// that gave the identifier out, since the data set's keys are unique only there.
var names = mapping.Names{
	"SystemTeamType":      localCodes + "TeamTypeMHSDS",                                          // SERVICE OR TEAM TYPE (MENTAL HEALTH)
	"SystemAgreedBy":      localCodes + "PlanAgreedByMHSDS",                                      // CARE PLAN CONTENT AGREED BY
	"SystemFamilyPlan":    localCodes + "FamilyPlanMHSDS",                                        // family care plan indicator
	"SystemNoFamilyPlan":  localCodes + "NoFamilyPlanMHSDS",                                      // why there is none
	"SystemStaffGroup":    localCodes + "StaffGroupMHSDS",                                        // CARE PROFESSIONAL STAFF GROUP (MENTAL HEALTH)
	"SystemSpecialty":     localCodes + "MainSpecialtyMHSDS",                                     // MAIN SPECIALTY CODE (MENTAL HEALTH)
	"SystemGenderID":      localCodes + "GenderIdentityMHSDS",                                    // GENDER IDENTITY CODE
	"SystemGender":        localCodes + "StatedGenderMHSDS",                                      // PERSON STATED GENDER CODE
	"SystemPatientLocal":  localIDs + "mhsds-patient",                                            // LocalPatientID
	"SystemEpisodeLocal":  localIDs + "mhsds-cpa-episode",                                        // CPAEpisodeID
	"SystemPlanLocal":     localIDs + "mhsds-care-plan",                                          // CarePlanID
	"SystemStaffLocal":    localIDs + "mhsds-staff",                                              // CareProfLocalID
	"SystemRegistration":  localIDs + "mhsds-registration",                                       // ProfRegEntryID of a body without a published system
	"SystemRegister":      localCodes + "RegisterMHSDS",                                          // PROFESSIONAL REGISTRATION BODY CODE
	"ExtLastUpdated":      profiles.Base + "/StructureDefinition/Extension-CPAWales-LastUpdated", // valueDateTime: when the source last changed a plan
	"ExtEthnicCategory":   "https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-EthnicCategory",
	"ExtGenderIdentity":   "http://hl7.org/fhir/StructureDefinition/patient-genderIdentity",
	"SystemEthnicEngland": "https://fhir.hl7.org.uk/CodeSystem/UKCore-EthnicCategoryEngland",
	"SystemMarital":       "https://fhir.hl7.org.uk/CodeSystem/UKCore-PersonMaritalStatusEngland",
	"SystemGenderFHIR":    "http://hl7.org/fhir/administrative-gender",
}
