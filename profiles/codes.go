package profiles

// Codes of SystemSNOMED. Only codes seen in published material stand here; a
// concept without one is in a code system of our own, never an invented SNOMED
// code. A test holds each to the SCTID check digit and to the list of verified codes.
const (
	// Plans: CarePlan.category, DocumentReference.type.
	CodeCarePlan         = "734163000" // any care plan; the category of all of them
	CodeMentalHealthPlan = "718347000" // the care and treatment plan
	CodeCrisisPlan       = "736253002"
	CodeContingencyPlan  = "325691000000100"

	// The Care Programme Approach: EpisodeOfCare.type and CarePlan.category.
	CodeCPA      = "1092421000000100"
	CodeCPALevel = "1092281000000100" // parent of the two levels
	CodeStandard = "1092211000000107"
	CodeEnhanced = "1092221000000101"

	// Reviews: Encounter.type, ServiceRequest.code.
	CodeCPAReview          = "166121000000101"
	CodeCPAReviewInitial   = "166131000000104"
	CodeCPAReviewOngoing   = "166141000000108"
	CodeCPAReviewDischarge = "166151000000106"
	CodePlanReview         = "425268008" // review of any care plan

	// Roles: CareTeam.participant.role, PractitionerRole.code.
	CodeCareCoordinator       = "768820003"
	CodePatient               = "116154003"
	CodeCaregiver             = "133932002"
	CodePatientAdvocate       = "429577009"
	CodeGeneralPractitioner   = "62247001"
	CodePsychiatrist          = "80584001"
	CodeCommunityNurse        = "224564000" // community mental health nurse
	CodeMentalHealthNurse     = "224563006"
	CodeSocialWorker          = "106328005"
	CodePsychologist          = "310191001" // clinical psychologist
	CodeOccupationalTherapist = "80546007"

	// Teams and services: CareTeam.category, Organization.type.
	CodeCommunityTeam         = "89301000000108" // community mental health team
	CodeCrisisResolutionTeam  = "92151000000102"
	CodeHomeTreatmentTeam     = "92221000000103"
	CodeAssertiveOutreachTeam = "91901000000109"
	CodeEarlyInterventionTeam = "92191000000105"
	CodeAdultMentalHealth     = "788002001" // adult mental health service
	CodeGeneralPractice       = "788007007" // general practice service

	// Risk: Flag.code, RiskAssessment.prediction.outcome.
	CodeAtRisk     = "281694009"
	CodeSuicide    = "225444004"
	CodeHarmOthers = "389315000"
	CodeAbuse      = "225915006" // of being abused

	// Decisions made ahead (Mental Capacity Act 2005): Flag.code.
	CodeWelfareAttorney  = "816361000000101"
	CodeFinanceAttorney  = "341041000000103"
	CodeAdvanceStatement = "816281000000101" // a statement of wishes; an advance decision is CodeFlagAdvanceDecision
)

// Labels: SystemConfidentiality, then the sensitivities of SystemActCode.
const (
	CodeNormal         = "N"
	CodeRestricted     = "R"
	CodeVeryRestricted = "V"

	CodeMentalHealth = "MH"
	CodePsychiatry   = "PSY"
)

// Codes of SystemLegalStatusWales that rules ask about; see the warning there.
const (
	CodeWalesInformal  = "01"
	CodeWalesCommunity = "35" // community treatment order; in England 35 is guardianship
)

// Codes of SystemArea: the nine areas of W¶77 in the order of their items.
const (
	CodeAreaFinance       = "finance"
	CodeAreaAccommodation = "accommodation"
	CodeAreaPersonalCare  = "personal-care"
	CodeAreaEducation     = "education"
	CodeAreaWork          = "work"
	CodeAreaCaring        = "caring"
	CodeAreaSocial        = "social"
	CodeAreaMedical       = "medical"
	CodeAreaTherapy       = "therapy"
)

// Codes of SystemPlanPart.
const (
	CodePartEarlyWarningSign = "early-warning-sign" // crisis: thoughts, feelings or behaviours that show it coming
	CodePartWhatHelps        = "what-helps"         // crisis: what the person and others can do
	CodePartAction           = "action"             // crisis: what is to be done (W¶86)
	CodePartEmergencyReview  = "emergency-review"   // crisis: how to ask for one (W¶112)
	CodePartTrigger          = "trigger"            // contingency: what sets the arrangement off
	CodePartArrangement      = "arrangement"        // contingency: what is arranged at short notice (W¶86)
	CodePartContact          = "contact"            // whom to call (W¶87)
	CodePartDependants       = "dependants"         // who depends on the person, and what happens with them (W¶54)
	CodePartCriticalCare     = "critical-care"      // critical medicines, depot due, adverse reactions (W¶62, 77)
	CodePartAdvanceWish      = "advance-wish"       // what the person wishes for when unwell (W¶52)
	CodePartReview           = "review"             // the next review, scheduledPeriod its date (W¶110)
	CodePartCopy             = "copy"               // a copy to be given (W¶90-93)
	CodePartArea             = "area"               // an action in one of the nine areas; ExtArea says which
	CodePartNoAction         = "no-action"          // an area in which nothing needs to be done (W¶77); ExtArea says which
)

// Codes of SystemRestriction.
const (
	CodeThirdParty  = "third-party"
	CodeSeriousHarm = "serious-harm"
	CodeVery        = "very"
)

// Codes of SystemFlag.
const (
	CodeFlagRisk            = "risk" // an alert whose kind is only in its text
	CodeFlagSelfHarm        = "self-harm"
	CodeFlagSelfNeglect     = "self-neglect"
	CodeFlagSubstance       = "substance"
	CodeFlagVulnerability   = "vulnerability"
	CodeFlagDependants      = "dependants"
	CodeFlagLegalStatus     = "legal-status"
	CodeFlagSection117      = "s117-entitlement"
	CodeFlagDoLS            = "dols"
	CodeFlagGuardianship    = "guardianship"
	CodeFlagLeave           = "s17-leave"
	CodeFlagConditional     = "conditional-discharge"
	CodeFlagAdvanceDecision = "advance-decision"
	CodeFlagDeputy          = "deputy"
)

// Codes of SystemTeamRole.
const (
	CodeRoleResponsibleClinician  = "responsible-clinician"
	CodeRoleIMCA                  = "imca" // independent mental capacity advocate
	CodeRoleIMHA                  = "imha" // independent mental health advocate
	CodeRoleAMHP                  = "amhp" // approved mental health professional
	CodeRoleNearestRelative       = "nearest-relative"
	CodeRoleRepresentative        = "relevant-persons-representative"
	CodeRoleGuardian              = "guardian"
	CodeRoleAttorney              = "attorney"
	CodeRoleDeputy                = "deputy"
	CodeRoleParent                = "parental-responsibility"
	CodeRolePlacementCarer        = "adult-placement-carer"
	CodeRoleDependant             = "dependant"
	CodeRoleCommissioner          = "commissioner"
	CodeRoleProvider              = "provider"
	CodeRoleOutOfHours            = "out-of-hours"
	CodeRoleProbation             = "probation"
	CodeRoleHousing               = "housing"
	CodeRoleVoluntaryOrganisation = "voluntary-organisation"
)

// Codes of SystemTeamCategory (W¶71, 115).
const (
	CodeTeamHome       = "home"
	CodeTeamProvider   = "provider"
	CodeTeamOutOfHours = "out-of-hours"
)

// Codes of SystemPlanCategory.
const (
	CodePlanAftercare = "aftercare" // section 117 (W¶135, 163-165)
	CodePlanProvider  = "provider"  // a placement provider's own plan (W¶96)
	CodePlanDischarge = "discharge"
	CodePlanHospital  = "hospital"  // the hospital column of W¶77
	CodePlanCommunity = "community" // the community column
)

// Codes of SystemPlanType, as the NHS data dictionary numbers CARE PLAN TYPE
// (MENTAL HEALTH). Its parent list CARE PLAN TYPE gives the same digits other meanings.
const (
	CodePlanTypeMentalHealth = "10"
	CodePlanTypeUrgent       = "11"
	CodePlanTypeCrisis       = "12"
	CodePlanTypeBehaviour    = "13"
	CodePlanTypeTransition   = "14"
)

// Codes of SystemEpisodeKind.
const (
	CodeEpisodeSecondaryCare = "secondary-care" // accepted into secondary mental health services (W¶42-43)
	CodeEpisodeReferral      = "referral"       // one referral to one service
	CodeEpisodeAftercare     = "aftercare"      // section 117
)

// Codes of SystemReviewReason (W¶105, 112-119).
const (
	CodeReviewScheduled     = "scheduled"
	CodeReviewCrisis        = "crisis"
	CodeReviewAdmission     = "admission"
	CodeReviewDoLS          = "dols"
	CodeReviewMissedContact = "missed-contact"
	CodeReviewRequested     = "requested"
	CodeReviewDischarge     = "before-discharge"
	CodeReviewPrisonRelease = "prison-release"
	CodeReviewSuddenMove    = "sudden-move"
)

// Codes of SystemAgreement (s.18(3)-(6)).
const (
	CodeAgreed     = "agreed"
	CodeDetermined = "determined" // not agreed: the provider determined it
	CodeDeclined   = "declined"   // the person took no part
)
