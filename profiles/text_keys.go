package profiles

// Texts of an OperationOutcome. Arguments are named in brackets. A text never
// carries a value that came with the request, nor anything about a person.
const (
	TextBadRequest       Text = "error.bad-request"
	TextUnknownParameter Text = "error.unknown-parameter" // [parameter, allowed names]
	TextUnknownModifier  Text = "error.unknown-modifier"  // [parameter, allowed modifiers]
	TextParameterValue   Text = "error.parameter-value"   // [parameter, allowed form]
	TextUnknownSort      Text = "error.unknown-sort"      // [parameter, allowed keys]
	TextNameOnePerson    Text = "error.person-required"
	TextStaleCursor      Text = "error.cursor"
	TextUnauthorized     Text = "error.unauthorised"
	TextNothing          Text = "error.not-found"
	TextNotSupported     Text = "error.not-supported"
	TextMethodNotAllowed Text = "error.method-not-allowed"
	TextNotAcceptable    Text = "error.not-acceptable"
	TextMediaType        Text = "error.media-type"
	TextTimeout          Text = "error.timeout"
	TextTooLarge         Text = "error.too-large"    // [limit in bytes]
	TextAddressTooLong   Text = "error.uri-too-long" // [limit in bytes]
	TextTooMany          Text = "error.rate-limited" // [seconds]
	TextBroken           Text = "error.internal"
	TextBusy             Text = "error.unavailable"
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
	TextLastReviewed      Text = "plan.last-reviewed"
	TextReviewDue         Text = "plan.review-due"
	TextOverdue           Text = "plan.overdue"
	TextNotCurrent        Text = "plan.not-current"
	TextNoneRecorded      Text = "plan.none-recorded"
	TextMonths            Text = "date.months"
)
