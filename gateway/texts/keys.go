package texts

// Texts of an OperationOutcome. Arguments are named in brackets. A text never
// carries a value that came with the request, nor anything about a person.
const (
	BadRequest       Key = "error.bad-request"
	UnknownParameter Key = "error.unknown-parameter" // [parameter, allowed names]
	UnknownModifier  Key = "error.unknown-modifier"  // [parameter, allowed modifiers]
	ParameterValue   Key = "error.parameter-value"   // [parameter, allowed form]
	UnknownSort      Key = "error.unknown-sort"      // [parameter, allowed keys]
	NameOnePerson    Key = "error.person-required"
	NotNHSNumber     Key = "error.nhs-number" // [parameter]
	StaleCursor      Key = "error.cursor"
	Unauthorized     Key = "error.unauthorised"
	Nothing          Key = "error.not-found"
	NotSupported     Key = "error.not-supported"
	MethodNotAllowed Key = "error.method-not-allowed"
	NotAcceptable    Key = "error.not-acceptable"
	MediaType        Key = "error.media-type"
	Timeout          Key = "error.timeout"
	TooLarge         Key = "error.too-large"    // [limit in bytes]
	AddressTooLong   Key = "error.uri-too-long" // [limit in bytes]
	TooMany          Key = "error.rate-limited" // [seconds]
	Broken           Key = "error.internal"
	Busy             Key = "error.unavailable"
)

// Texts of the entry that accompanies every answer to a crisis read, an empty
// one included.
const (
	CrisisRead  Key = "crisis.read" // [the duty team's number; DutyUnknown where none is known]
	DutyUnknown Key = "crisis.duty-unknown"
)

// Headings and words of the narrative.
const (
	CarePlan          Key = "plan.care-and-treatment"
	CrisisPlan        Key = "plan.crisis"
	ContingencyPlan   Key = "plan.contingency"
	OtherPlan         Key = "plan.other"
	EarlyWarningSigns Key = "plan.early-warning-signs"
	WhatHelps         Key = "plan.what-helps"
	Actions           Key = "plan.actions"
	EmergencyReview   Key = "plan.emergency-review"
	Triggers          Key = "plan.triggers"
	Arrangements      Key = "plan.arrangements"
	WhomToCall        Key = "plan.whom-to-call"
	Dependants        Key = "plan.dependants"
	CriticalCare      Key = "plan.critical-care"
	AdvanceWishes     Key = "plan.advance-wishes"
	LastReviewed      Key = "plan.last-reviewed"
	ReviewDue         Key = "plan.review-due"
	Overdue           Key = "plan.overdue"
	Ended             Key = "plan.ended"
	OnHold            Key = "plan.on-hold"
	NotInForce        Key = "plan.not-in-force"
	NoneRecorded      Key = "plan.none-recorded"
	NoneInPlan        Key = "plan.none-in-plan"
	NotInWords        Key = "plan.not-in-words"
	Months            Key = "date.months"
)
