package profiles

// Base is the canonical base of everything that this project mints. The naming
// below it mirrors the rule of FHIR Standards Wales, so that the profiles can be
// proposed there; nothing is minted under anybody else's domain.
const Base = "https://fhir.cpa-gateway.example"

// Identifier systems.
const (
	SystemNHSNumber = "https://fhir.nhs.uk/Id/nhs-number"
	SystemODS       = "https://fhir.nhs.uk/Id/ods-organization-code"
	SystemODSSite   = "https://fhir.nhs.uk/Id/ods-site-code" // England; Welsh sites carry SystemODS
	SystemSDSUser   = "https://fhir.nhs.uk/Id/sds-user-id"
	SystemGMC       = "https://fhir.hl7.org.uk/Id/gmc-number"
	SystemNMC       = "https://fhir.hl7.org.uk/Id/nmc-number"
	SystemHCPC      = "https://fhir.hl7.org.uk/Id/hcpc-number"
)

// TeamSystem is the identifier system of the teams of one organisation, given by
// its ODS code; the value in it is the team's id as agreements write it.
func TeamSystem(ods string) string { return Base + "/Id/team/" + ods }

// Published code systems.
const (
	SystemSNOMED            = "http://snomed.info/sct"
	SystemConfidentiality   = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality"
	SystemActCode           = "http://terminology.hl7.org/CodeSystem/v3-ActCode"   // sensitivities, encounter classes
	SystemActReason         = "http://terminology.hl7.org/CodeSystem/v3-ActReason" // purposes of use
	SystemRoleCode          = "http://terminology.hl7.org/CodeSystem/v3-RoleCode"
	SystemConsentScope      = "http://terminology.hl7.org/CodeSystem/consentscope"
	SystemConsentCategory   = "http://terminology.hl7.org/CodeSystem/consentcategorycodes"
	SystemFlagCategory      = "http://terminology.hl7.org/CodeSystem/flag-category"
	SystemConditionCategory = "http://terminology.hl7.org/CodeSystem/condition-category"
	SystemConditionClinical = "http://terminology.hl7.org/CodeSystem/condition-clinical"
	SystemRiskProbability   = "http://terminology.hl7.org/CodeSystem/risk-probability"
	SystemLanguage          = "urn:ietf:bcp:47"
	SystemUKLanguage        = "https://fhir.hl7.org.uk/CodeSystem/UKCore-HumanLanguage"
	SystemUKRelationship    = "https://fhir.hl7.org.uk/CodeSystem/UKCore-AdditionalPersonRelationshipRole"

	// Legal status under the Mental Health Act. The two nations share most digits
	// and disagree on some (35 is guardianship in England and a community treatment
	// order in Wales): a legal status is never compared without its system.
	SystemLegalStatusEngland = "https://fhir.hl7.org.uk/CodeSystem/UKCore-LegalStatusClassificationEngland"
	SystemLegalStatusWales   = "https://fhir.hl7.org.uk/CodeSystem/UKCore-LegalStatusClassificationWales"

	// NHS number verification status, likewise one list per nation.
	SystemNHSNumberStatusEngland = "https://fhir.hl7.org.uk/CodeSystem/UKCore-NHSNumberVerificationStatusEngland"
	SystemNHSNumberStatusWales   = "https://fhir.hl7.org.uk/CodeSystem/UKCore-NHSNumberVerificationStatusWales"
)

// Codes of labels: of SystemConfidentiality, then the sensitivities of SystemActCode.
const (
	CodeNormal         = "N"
	CodeRestricted     = "R"
	CodeVeryRestricted = "V"

	CodeMentalHealth = "MH"
	CodePsychiatry   = "PSY"
)

// Code systems of this project; CodeSystems publishes their concepts.
const (
	localSystem = Base + "/CodeSystem/CPAWales-"

	SystemArea          = localSystem + "Area"          // the nine areas of W¶77
	SystemStatutoryArea = localSystem + "StatutoryArea" // the eight areas of the Mental Health (Wales) Measure 2010, s.18(1)(a)
	SystemItem          = localSystem + "Item"          // the items of item.go
	SystemTeamRole      = localSystem + "TeamRole"      // roles in a care team without a SNOMED code
	SystemTeamCategory  = localSystem + "TeamCategory"  // home, provider, out-of-hours team
	SystemFlag          = localSystem + "Flag"          // flag and risk codes without a SNOMED code
	SystemPlanPart      = localSystem + "PlanPart"      // kinds of CarePlan.activity
	SystemPlanCategory  = localSystem + "PlanCategory"  // kinds of plan without a SNOMED code
	SystemPlanType      = localSystem + "PlanTypeMHSDS" // CARE PLAN TYPE (MENTAL HEALTH) of the NHS data dictionary
	SystemEpisodeKind   = localSystem + "EpisodeKind"   // what an EpisodeOfCare covers
	SystemReviewReason  = localSystem + "ReviewReason"  // why a review is held
	SystemAgreement     = localSystem + "Agreement"     // whether a plan was agreed with the person
	SystemDuty          = localSystem + "Duty"          // what the custodian's people are told about a record
	SystemRestriction   = localSystem + "Restriction"   // why an element is restricted
	SystemDecidedFor    = localSystem + "DecidedFor"    // by what right somebody decided about sharing for a person who cannot
)

// Extensions. Own ones exist only where neither UK Core nor HL7 publishes one.
const (
	localExtension = Base + "/StructureDefinition/Extension-CPAWales-"

	// ExtArea (valueCode of SystemArea) says which area an activity belongs to;
	// an activity.reference has no code of its own.
	ExtArea = localExtension + "Area"
	// ExtPlanPart (valueCode of SystemPlanPart) says what a CarePlan.activity is.
	ExtPlanPart = localExtension + "PlanPart"
	// ExtRestriction (valueCode of SystemRestriction) restricts the resource or element that carries it.
	ExtRestriction = localExtension + "Restriction"
	// ExtUnmetNeed, on a Condition or CarePlan, is complex: need, reason, risk and
	// alternatives (valueString), nextReview (valueDate) (W¶50, 83-84).
	ExtUnmetNeed = localExtension + "UnmetNeed"
	// ExtAgreement, on a CarePlan, is complex: status (valueCode of
	// SystemAgreement), date (valueDate), by (valueReference) (the Measure, s.18(3)-(6); W¶93).
	ExtAgreement = localExtension + "Agreement"
	// ExtLevelHistory, on an EpisodeOfCare, is complex and repeats: level
	// (valueCoding), period (valuePeriod) (W¶169).
	ExtLevelHistory = localExtension + "LevelHistory"
	// ExtLastReviewed (valueDate), on a CarePlan, is the day of the last review held (W¶105, 110).
	ExtLastReviewed = localExtension + "LastReviewed"

	ExtEpisodeOfCare   = "http://hl7.org/fhir/StructureDefinition/workflow-episodeOfCare"
	ExtGoalAcceptance  = "http://hl7.org/fhir/StructureDefinition/goal-acceptance"
	ExtFlagDetail      = "http://hl7.org/fhir/StructureDefinition/flag-detail"
	ExtTranslation     = "http://hl7.org/fhir/StructureDefinition/translation"
	ExtLegalStatus     = "https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-LegalStatus" // Encounter only; elsewhere a Flag
	ExtNHSNumberStatus = "https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-NHSNumberVerificationStatus"
	ExtCopies          = "https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-CopyCorrespondenceIndicator"
)

// Profile is the canonical URL of this project's profile of a type.
func Profile(typ string) string { return Base + "/StructureDefinition/Profile-CPAWales-" + typ }
