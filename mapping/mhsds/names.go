package mhsds

import (
	"cpagateway/mapping"
	"cpagateway/profiles"
)

// Systems of what the data set holds and nobody has published a URI for. The
// identifier systems below Id are completed by the ODS code of the organisation
// that gave the identifier out, since the data set's keys are unique only there.
const (
	localCodes = profiles.Base + "/CodeSystem/CPAWales-"
	localIDs   = profiles.Base + "/Id/"

	SystemTeamType      = localCodes + "TeamTypeMHSDS"                                          // SERVICE OR TEAM TYPE (MENTAL HEALTH)
	SystemAgreedBy      = localCodes + "PlanAgreedByMHSDS"                                      // CARE PLAN CONTENT AGREED BY
	SystemFamilyPlan    = localCodes + "FamilyPlanMHSDS"                                        // family care plan indicator
	SystemNoFamilyPlan  = localCodes + "NoFamilyPlanMHSDS"                                      // why there is none
	SystemStaffGroup    = localCodes + "StaffGroupMHSDS"                                        // CARE PROFESSIONAL STAFF GROUP (MENTAL HEALTH)
	SystemSpecialty     = localCodes + "MainSpecialtyMHSDS"                                     // MAIN SPECIALTY CODE (MENTAL HEALTH)
	SystemGenderID      = localCodes + "GenderIdentityMHSDS"                                    // GENDER IDENTITY CODE
	SystemGender        = localCodes + "StatedGenderMHSDS"                                      // PERSON STATED GENDER CODE
	SystemPatientLocal  = localIDs + "mhsds-patient"                                            // LocalPatientID
	SystemEpisodeLocal  = localIDs + "mhsds-cpa-episode"                                        // CPAEpisodeID
	SystemPlanLocal     = localIDs + "mhsds-care-plan"                                          // CarePlanID
	SystemStaffLocal    = localIDs + "mhsds-staff"                                              // CareProfLocalID
	SystemRegistration  = localIDs + "mhsds-registration"                                       // ProfRegEntryID of a body without a published system
	SystemRegister      = localCodes + "RegisterMHSDS"                                          // PROFESSIONAL REGISTRATION BODY CODE
	ExtLastUpdated      = profiles.Base + "/StructureDefinition/Extension-CPAWales-LastUpdated" // valueDateTime: when the source last changed a plan
	extEthnicCategory   = "https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-EthnicCategory"
	extGenderIdentity   = "http://hl7.org/fhir/StructureDefinition/patient-genderIdentity"
	systemEthnicEngland = "https://fhir.hl7.org.uk/CodeSystem/UKCore-EthnicCategoryEngland"
	systemMarital       = "https://fhir.hl7.org.uk/CodeSystem/UKCore-PersonMaritalStatusEngland"
	systemGenderFHIR    = "http://hl7.org/fhir/administrative-gender"
)

// names are the constants that these maps use beside those of package profiles.
var names = mapping.Names{
	"SystemTeamType": SystemTeamType, "SystemAgreedBy": SystemAgreedBy, "SystemFamilyPlan": SystemFamilyPlan,
	"SystemNoFamilyPlan": SystemNoFamilyPlan, "SystemStaffGroup": SystemStaffGroup, "SystemSpecialty": SystemSpecialty,
	"SystemGenderID": SystemGenderID, "SystemGender": SystemGender,
	"SystemPatientLocal": SystemPatientLocal, "SystemEpisodeLocal": SystemEpisodeLocal, "SystemPlanLocal": SystemPlanLocal,
	"SystemStaffLocal": SystemStaffLocal, "SystemRegistration": SystemRegistration, "SystemRegister": SystemRegister, "ExtLastUpdated": ExtLastUpdated,
	"ExtEthnicCategory": extEthnicCategory, "ExtGenderIdentity": extGenderIdentity,
	"SystemEthnicEngland": systemEthnicEngland, "SystemMarital": systemMarital, "SystemGenderFHIR": systemGenderFHIR,
}
