package consent

// gate is the position of one rule in a decision. The order is that of
// docs/deciding.md and decides which failure is reported.
type gate uint8

const (
	gateA1 gate = iota
	gateA2
	gateA3
	gateA4
	gateA5
	gateA6
	gateA7
	gateA8
	gateA9
	gateA10
	gateA11
	gateSC
	gateP1
	gateP2
	gateP3
	gateP4
	gateW
	gates // how many there are
)

// gateIDs and gatePasses name each gate and say what its plain pass means.
var (
	gateIDs = [gates]string{
		"A1", "A2", "A3", "A4", "A5", "A6", "A7", "A8", "A9", "A10", "A11", "SC", "P1", "P2", "P3", "P4", "W",
	}
	gatePasses = [gates]string{
		"The request says which organisation, team and person or system is asking.",
		"Both organisations have signed the Wales Accord on the Sharing of Personal Information (W¶179).",
		"An agreement names both organisations and the team that asks (W¶179).",
		"The agreement is quality assured, issued and not withdrawn.",
		"The agreement's review date has not passed.",
		"Both organisations have signed this agreement.",
		"The agreement lets information go in this direction.",
		"The agreement lists the purpose that the request states.",
		"The agreement's flow names everything that the request could use.",
		"The person belongs to the group of people whom the agreement covers.",
		"The agreement states its complete legal basis.",
		"The caller's token reaches this type of record.",
		"The team that asks has a recorded part in the person's care (W¶67).",
		"The person is presumed able to decide about sharing (Mental Capacity Act 2005 s.1(2), W¶180).",
		"The person's wishes allow it (W¶180).",
		"What would harm somebody, or tells of somebody else, stays with the team that wrote it.",
		"What the request changes is the caller's to change.",
	}
)

// reason is a gate's answer with its cause: a row of reasons. The zero reason
// is "not applicable".
type reason uint8

const (
	notApplicable reason = iota
	plainPass
	requesterUnknown
	accordNotSigned
	noAgreement
	teamNotNamed
	notADisclosureBasis
	notAssured
	notInForce
	reviewOverdue
	reviewGrace
	partyNotSigned
	wrongDirection
	purposeMissing
	purposeAmbiguous
	purposeNotAgreed
	itemNotInFlow
	itemPartlyInFlow
	subjectOutOfScope
	scopeExceeded
	scopeNarrows
	notTheCustodian
	ownRecord
	ownTeam
	relationshipNotNeeded
	crisisOutOfArea
	noRelationship
	identityUnresolved
	personDeceased
	lacksCapacity
	consentGiven
	attorneyConsented
	bestInterestsDecided
	consentImplied
	crisisAgreed
	crisisSilent
	crisisAfterRefusal
	consentNotRecorded
	consentRefused
	consentCrisisRefused
	consentWithdrawn
	consentOtherCustodian // from here on in rising order of nearness: see missed
	consentExpired
	consentNotStarted
	consentOtherRecipient
	consentOtherPurpose
	consentConflict
	consentUninterpretable
	consentNoEvidence
	consentOldPolicy
	consentNotByPerson
	bestInterestsMissing
	capacityPresumed
	attorneyDecides
	consentExcludesAll
	restrictedItem
	custodianWrites
	noCustody
	custodianOnly
	personReadsOnly
	keptRecord
	contributes
	noContribution
	contributionEmpty
	crisisReadsOnly
	glassBroken
	glassNotAllowed
	glassSuspended
	glassReasonless
	glassOfOther
	glassExpired
	glassOverRefusal
	glassOverCrisisRefusal
	reasonCount
)

// reasons gives every cause its answer, its stable code and the words a care
// coordinator reads. The codes never change meaning; docs/scenarios.md lists them and
// a test holds it to this table.
var reasons = [reasonCount]struct {
	outcome RuleOutcome
	code    string
	text    string
}{
	notApplicable:         {NotApplicable, "", "This rule has no part in this decision."},
	plainPass:             {Pass, "", ""}, // the gate's own words: gatePasses
	requesterUnknown:      {Fail, "REQ_UNKNOWN", "The request does not say which organisation, team and person or system is asking."},
	accordNotSigned:       {Fail, "ACCORD_NOT_SIGNED", "One of the two organisations has not signed the Wales Accord on the Sharing of Personal Information, or has withdrawn from it (W¶179)."},
	noAgreement:           {Fail, "NO_AGREEMENT", "No sharing agreement names both organisations (W¶179)."},
	teamNotNamed:          {Fail, "TEAM_NOT_NAMED", "An agreement names the organisation, but not the team that asks."},
	notADisclosureBasis:   {Fail, "NOT_A_DISCLOSURE_BASIS", "The organisation only processes records on behalf of the other one; that is no ground for seeing them."},
	notAssured:            {Fail, "AGREEMENT_NOT_ASSURED", "The agreement is still a draft, or has not passed quality assurance."},
	notInForce:            {Fail, "AGREEMENT_NOT_IN_FORCE", "The agreement is not in force: it is not issued yet, or it is suspended, withdrawn or replaced."},
	reviewOverdue:         {Fail, "AGREEMENT_REVIEW_OVERDUE", "The agreement's review date has passed."},
	reviewGrace:           {Pass, "REVIEW_GRACE", "The agreement's review date has passed; it still holds for its days of grace."},
	partyNotSigned:        {Fail, "PARTY_NOT_SIGNED", "One of the two organisations has not signed this agreement."},
	wrongDirection:        {Fail, "WRONG_DIRECTION", "The agreement lets information go the other way only."},
	purposeMissing:        {Fail, "PURPOSE_MISSING", "The request does not say for what purpose it is made."},
	purposeAmbiguous:      {Fail, "PURPOSE_AMBIGUOUS", "The request names more than one purpose."},
	purposeNotAgreed:      {Fail, "PURPOSE_NOT_AGREED", "No flow to this team is agreed for the purpose that the request states."},
	itemNotInFlow:         {Fail, "ITEM_NOT_IN_FLOW", "The agreement's flow names nothing of what the request asks for."},
	itemPartlyInFlow:      {Pass, "ITEM_NOT_IN_FLOW", "The agreement's flow names part of what the request asks for; the rest is left out."},
	subjectOutOfScope:     {Fail, "SUBJECT_OUT_OF_SCOPE", "The person does not belong to the group of people whom the agreement covers, or that cannot be told."},
	scopeExceeded:         {Fail, "SCOPE_EXCEEDED", "The caller's token does not reach this type of record."},
	scopeNarrows:          {Pass, "SCOPE_NARROWS", "The caller's token reaches only some kinds of plan; the rest is left out."},
	notTheCustodian:       {Fail, "NOT_THE_CUSTODIAN", "Only the organisation that holds a record may bring it in."},
	ownRecord:             {Pass, "OWN_RECORD", "The person asks for their own record."},
	ownTeam:               {Pass, "TREATING_TEAM", "The team that asks is in the person's care team and works for the organisation that holds the record (W¶67)."},
	relationshipNotNeeded: {Pass, "RELATIONSHIP_NOT_NEEDED", "The agreement's flow serves teams that do not know the person yet (W¶177)."},
	crisisOutOfArea:       {Pass, "OUT_OF_AREA", "The team has no recorded part in the person's care; in a crisis the flow does not ask for one, and the privacy officer is told (W¶177)."},
	noRelationship:        {Fail, "NO_RELATIONSHIP", "The team that asks has no recorded part in the person's care at this time (W¶67)."},
	identityUnresolved:    {Fail, "IDENTITY_UNRESOLVED", "It is not certain whose record this is: nobody is known, or records were merged or linked and nobody has checked them."},
	personDeceased:        {Fail, "PERSON_DECEASED", "The person has died; requests go by the Access to Health Records Act 1990."},
	lacksCapacity:         {Pass, "LACKS_CAPACITY", "The person was assessed as unable to decide about sharing, and somebody with authority decided for them (Mental Capacity Act 2005)."},
	consentGiven:          {Pass, "CONSENT_GIVEN", "The person agreed to share with this team for this purpose (W¶180)."},
	attorneyConsented:     {Pass, "ATTORNEY_CONSENTED", "An attorney or deputy who decides for the person agreed to share with this team for this purpose (Mental Capacity Act 2005 s.9, 16)."},
	bestInterestsDecided:  {Pass, "BEST_INTERESTS", "It was decided in the person's best interests to share with this team for this purpose (Mental Capacity Act 2005 s.4)."},
	consentImplied:        {Pass, "CONSENT_IMPLIED", "The flow rests on implied consent to direct care, and the person has not said otherwise (W¶178)."},
	crisisAgreed:          {Pass, "CRISIS_AGREED", "The person agreed to crisis teams seeing the crisis slice (W¶177, 180)."},
	crisisSilent:          {Pass, "CRISIS_SILENT", "No valid wish about a crisis is recorded; the crisis slice is shown and the care coordinator is told (W¶177)."},
	crisisAfterRefusal:    {Pass, "CRISIS_AFTER_REFUSAL", "The person refused routine sharing and said nothing about a crisis; this organisation has chosen to show the crisis slice and to tell the privacy officer (W¶181)."},
	consentNotRecorded:    {Fail, "CONSENT_NOT_RECORDED", "No consent is recorded, and it is asked for before anything is shared (W¶180)."},
	consentRefused:        {Fail, "CONSENT_REFUSED", "The person refused sharing, or whoever decides for them did (W¶181)."},
	consentCrisisRefused:  {Fail, "CONSENT_CRISIS_REFUSED", "The person refused sharing in a crisis as well, or whoever decides for them did (W¶181)."},
	consentWithdrawn:      {Fail, "CONSENT_WITHDRAWN", "The person withdrew their consent, or whoever decides for them did (W¶181)."},
	consentOtherCustodian: {Fail, "CONSENT_OTHER_CUSTODIAN", "It was agreed to share what another organisation holds, not what this one holds (W¶180)."},
	consentExpired:        {Fail, "CONSENT_EXPIRED", "The consent that was given has run out (W¶180)."},
	consentNotStarted:     {Fail, "CONSENT_NOT_STARTED", "The consent that was given begins later (W¶180)."},
	consentOtherRecipient: {Fail, "CONSENT_OTHER_RECIPIENT", "It was agreed to share with others, not with this team (W¶180)."},
	consentOtherPurpose:   {Fail, "CONSENT_OTHER_PURPOSE", "It was agreed to share with this team for another purpose (W¶180)."},
	consentConflict:       {Fail, "CONSENT_CONFLICT", "One record says yes and another says no, and neither is marked as replacing the other; nothing is shared until somebody has asked the person, or whoever decides for them (W¶181)."},
	consentUninterpretable: {Fail, "CONSENT_UNINTERPRETABLE",
		"A wish is recorded in a form that cannot be read safely; nothing is shared until somebody has looked at it (W¶181)."},
	consentNoEvidence:  {Fail, "CONSENT_NO_EVIDENCE", "Consent is recorded without a signed form, or, where it was spoken, without who took it down, when and before whom (W¶180)."},
	consentOldPolicy:   {Fail, "CONSENT_POLICY_SUPERSEDED", "Consent was given under an earlier leaflet that no longer stands (W¶180)."},
	consentNotByPerson: {Fail, "REPRESENTATIVE_NOT_AUTHORISED", "Consent was given by somebody other than the person, who shows no authority to decide for them (W¶180)."},
	bestInterestsMissing: {Fail, "BEST_INTERESTS_MISSING",
		"It was decided for the person, and the record lacks what a decision in their best interests has to say: who assessed them and when, who was consulted, until when it stands (Mental Capacity Act 2005 s.4, 5)."},
	capacityPresumed: {Fail, "CAPACITY_PRESUMED",
		"Somebody decided for the person, and no assessment from before that, and not too long ago, says that they could not: the person is presumed able to decide about sharing (Mental Capacity Act 2005 s.1(2))."},
	attorneyDecides: {Fail, "ATTORNEY_DECIDES",
		"It was decided in the person's best interests, and an attorney or deputy is recorded, who decides instead (Mental Capacity Act 2005 s.9, 16)."},
	consentExcludesAll: {Fail, "CONSENT_EXCLUDES_ALL", "The person excluded everything that the flow names (W¶181)."},
	restrictedItem:     {Fail, "RESTRICTED_ITEM", "What is asked for would harm somebody or tells of somebody else; it stays with the team that wrote it."},
	custodianWrites:    {Pass, "CUSTODY", "The organisation that asks holds the record, and this system is registered as keeping its records."},
	noCustody:          {Fail, "NO_CUSTODY", "Only a system that is registered as keeping its organisation's records may make this change."},
	custodianOnly:      {Fail, "CUSTODIAN_ONLY", "Only the organisation that holds the record may make this change."},
	keptRecord:         {Pass, "KEPT_RECORD", "The system that asks is registered as keeping its organisation's records, and this is one of them."},
	personReadsOnly:    {Fail, "PERSON_READS_ONLY", "A person reads their own record here and does not change it."},
	contributes:        {Pass, "CONTRIBUTION", "An agreement lets the organisation that asks change its own parts of the plan."},
	noContribution:     {Fail, "NO_CONTRIBUTION", "No agreement lets the organisation that asks change parts of the plan."},
	contributionEmpty:  {Fail, "CONTRIBUTION_EMPTY", "The agreement lets the organisation that asks change nothing of what it may see."},
	crisisReadsOnly:    {Fail, "CRISIS_READS_ONLY", "What is shown in a crisis is read; nothing is changed by it."},
	glassBroken:        {Pass, "BREAK_GLASS", "A named professional broke the glass for this person, and stated why; the crisis slice is shown, and the privacy officer is told (W¶181)."},
	glassNotAllowed:    {Fail, "BREAK_GLASS_NOT_ALLOWED", "Only a named professional whose role may break the glass can do so; a system never."},
	glassSuspended:     {Fail, "BREAK_GLASS_SUSPENDED", "A privacy officer has decided that this professional may not break the glass for now."},
	glassReasonless:    {Fail, "BREAK_GLASS_REASON", "The glass was broken for none of the reasons that count."},
	glassOfOther:       {Fail, "BREAK_GLASS_OTHER_PERSON", "The glass was broken for somebody else."},
	glassExpired:       {Fail, "BREAK_GLASS_EXPIRED", "The hour for which the glass was broken is over."},
	glassOverRefusal:   {Pass, "BREAK_GLASS_OVER_REFUSAL", "The person refused sharing and said nothing about a crisis; the glass was broken all the same (W¶181)."},
	glassOverCrisisRefusal: {Pass, "BREAK_GLASS_OVER_CRISIS_REFUSAL",
		"The person refused sharing in a crisis as well; the glass was broken for a reason that may stand above that (W¶181)."},
}

func (r reason) outcome() RuleOutcome { return reasons[r].outcome }
func (r reason) code() string         { return reasons[r].code }
