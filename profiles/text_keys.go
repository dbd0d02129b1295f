package profiles

// Texts of an OperationOutcome. Arguments are named in brackets. A text never
// carries a value that came with the request, nor anything about a person.
const (
	TextBadRequest         Text = "error.bad-request"
	TextUnknownParameter   Text = "error.unknown-parameter" // [parameter, allowed names]
	TextUnknownModifier    Text = "error.unknown-modifier"  // [parameter, allowed modifiers]
	TextParameterValue     Text = "error.parameter-value"   // [parameter, allowed form]
	TextUnknownSort        Text = "error.unknown-sort"      // [parameter, allowed keys]
	TextNameOnePerson      Text = "error.person-required"
	TextPurposeMissing     Text = "error.purpose-missing"
	TextPurposeAmbiguous   Text = "error.purpose-ambiguous"
	TextStaleCursor        Text = "error.cursor"
	TextUnauthorized       Text = "error.unauthorised"
	TextForbidden          Text = "error.forbidden"
	TextNothing            Text = "error.not-found"
	TextNotSupported       Text = "error.not-supported"
	TextMethodNotAllowed   Text = "error.method-not-allowed"
	TextNotAcceptable      Text = "error.not-acceptable"
	TextMediaType          Text = "error.media-type"
	TextTimeout            Text = "error.timeout"
	TextConflict           Text = "error.conflict"
	TextPreconditionFailed Text = "error.precondition-failed"
	TextTooLarge           Text = "error.too-large"    // [limit in bytes]
	TextAddressTooLong     Text = "error.uri-too-long" // [limit in bytes]
	TextTooDeep            Text = "error.too-deep"     // [limit]
	TextInvalidJSON        Text = "error.invalid-json"
	TextInvalidResource    Text = "error.invalid-resource"
	TextTooMany            Text = "error.rate-limited" // [seconds]
	TextBroken             Text = "error.internal"
	TextBusy               Text = "error.unavailable"
)

// Texts of the entry that accompanies every answer to a crisis read, an empty
// one included.
const (
	TextCrisisRead  Text = "crisis.read" // [the duty team's number; TextDutyUnknown where none is known]
	TextDutyUnknown Text = "crisis.duty-unknown"
)

// Headings and words of the narrative.
const (
	TextCarePlan          Text = "plan.care-and-treatment"
	TextCrisisPlan        Text = "plan.crisis"
	TextContingencyPlan   Text = "plan.contingency"
	TextOtherPlan         Text = "plan.other"
	TextEarlyWarningSigns Text = "plan.early-warning-signs"
	TextWhatHelps         Text = "plan.what-helps"
	TextActions           Text = "plan.actions"
	TextEmergencyReview   Text = "plan.emergency-review"
	TextTriggers          Text = "plan.triggers"
	TextArrangements      Text = "plan.arrangements"
	TextWhomToCall        Text = "plan.whom-to-call"
	TextDependants        Text = "plan.dependants"
	TextCriticalCare      Text = "plan.critical-care"
	TextAdvanceWishes     Text = "plan.advance-wishes"
	TextCopies            Text = "plan.copies"
	TextOutcomes          Text = "plan.outcomes"
	TextOutcome           Text = "plan.outcome"
	TextDue               Text = "plan.due"
	TextNeeds             Text = "plan.needs"
	TextUnmetNeeds        Text = "plan.unmet-needs"
	TextOwnViews          Text = "plan.own-views"
	TextLevel             Text = "plan.level"
	TextLanguageSupport   Text = "plan.language-and-support"
	TextCurrentRisks      Text = "plan.current-risks"
	TextLegalStatus       Text = "plan.legal-status"
	TextDecisionsAhead    Text = "plan.decisions-ahead"
	TextAuthor            Text = "plan.author"
	TextStatus            Text = "plan.status"
	TextPeriod            Text = "plan.period"
	TextFrom              Text = "plan.from"  // [day]
	TextUntil             Text = "plan.until" // [day]
	TextLastReviewed      Text = "plan.last-reviewed"
	TextReviewDue         Text = "plan.review-due"
	TextOverdue           Text = "plan.overdue"
	TextNotCurrent        Text = "plan.not-current"
	TextNoneRecorded      Text = "plan.none-recorded"
	TextCareTeam          Text = "team.care-team"
	TextCareCoordinator   Text = "team.care-coordinator"
	TextMembers           Text = "team.members"
	TextEpisode           Text = "team.episode"
	TextServiceUser       Text = "person.service-user"
	TextNHSNumber         Text = "person.nhs-number"
	TextName              Text = "person.name"
	TextBirthDate         Text = "person.birth-date"
	TextTelephone         Text = "person.telephone"
	TextAddress           Text = "person.address"
	TextMonths            Text = "date.months"
)
