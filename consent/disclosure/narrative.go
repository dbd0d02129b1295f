package disclosure

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"golang.org/x/text/language"

	"cpagateway/gateway/texts"
	"cpagateway/profiles"
	"cpagateway/profiles/fhir"
)

// section is one heading of a plan's narrative, the kind of activity under it, what
// of other resources belongs there, and the words where there is nothing. Only what
// can stand nowhere but in the plan's own activities, all of which are looked at,
// reads as not recorded; what other resources may hold as well does not.
type section struct {
	heading texts.Key
	part    string
	beside  profiles.Item
	none    texts.Key
}

// narrated says what the narrative of each kind of plan shows, in the order in
// which it is needed. Every section is shown, with words where nothing stands under it;
// then come those of other kinds of plan under which something stands all the same.
var narrated = []struct {
	kind     profiles.Item
	heading  texts.Key
	sections []section
}{
	{profiles.PlanCrisis, texts.CrisisPlan, []section{
		{heading: texts.WhomToCall, part: profiles.CodePartContact, none: texts.NoneInPlan},
		{heading: texts.Risks, beside: profiles.RiskCurrent, none: texts.NoneHere},
		{heading: texts.EarlyWarningSigns, part: profiles.CodePartEarlyWarningSign, none: texts.NoneRecorded},
		{heading: texts.WhatHelps, part: profiles.CodePartWhatHelps, none: texts.NoneRecorded},
		{heading: texts.Actions, part: profiles.CodePartAction, none: texts.NoneRecorded},
		{heading: texts.EmergencyReview, part: profiles.CodePartEmergencyReview, none: texts.NoneRecorded},
		{heading: texts.Dependants, part: profiles.CodePartDependants, beside: profiles.PersonDependants, none: texts.NoneHere},
		{heading: texts.CriticalCare, part: profiles.CodePartCriticalCare, beside: profiles.CareCritical, none: texts.NoneHere},
		{heading: texts.LegalStatus, beside: profiles.LawStatus, none: texts.NoneHere},
		{heading: texts.AdvanceWishes, part: profiles.CodePartAdvanceWish, beside: profiles.LawDecisions, none: texts.NoneHere},
	}},
	{profiles.PlanContingency, texts.ContingencyPlan, []section{
		{heading: texts.Triggers, part: profiles.CodePartTrigger, none: texts.NoneRecorded},
		{heading: texts.Arrangements, part: profiles.CodePartArrangement, none: texts.NoneRecorded},
		{heading: texts.WhomToCall, part: profiles.CodePartContact, none: texts.NoneInPlan},
	}},
	{profiles.PlanSummary, texts.CarePlan, nil},
	{profiles.PlanOther, texts.OtherPlan, nil},
}

// narrative writes the XHTML of a plan as it stands at an instant. It is made of
// the copied members and of other copies, never of the originals, so it can hold
// nothing that the copies do not. Plans are what people read: other types have
// none, and it is empty.
//
// Headings stand in both languages, the reader's first (W¶183); what was written
// about the person stays as it was written.
func (t Terms) narrative(typ string, members []byte, reader language.Tag, copies []Copy) string {
	if typ != "CarePlan" {
		return ""
	}
	plan, _ := fhir.Parse(slices.Concat([]byte(`{"resourceType":"CarePlan"`), members, []byte(`}`))) // which the copier wrote as JSON
	p := openPage(plan.Get("language").Text(), reader)
	others := t.besideOf(copies)
	others.heading(p)
	kinds, lines, read := profiles.Items(plan).Need, linesOf(plan), map[string]bool{}
	for _, n := range narrated {
		if !kinds.Has(n.kind) {
			continue
		}
		p.heading("h2", inBoth(n.heading))
		currency(p, plan)
		if whole := lines[ofNoPart]; len(whole) > 0 {
			p.heading("h3", inBoth(texts.PlanAsAWhole))
			p.list(whole)
		}
		for _, s := range n.sections {
			p.section(s, lines, others)
			read[s.part] = true
		}
	}
	for _, n := range narrated { // what stands in another kind of plan as a rule, and in this one
		for _, s := range n.sections {
			if len(lines[s.part]) > 0 && !read[s.part] && s.part != "" {
				p.heading("h3", inBoth(s.heading))
				p.list(lines[s.part])
				read[s.part] = true
			}
		}
	}
	for _, area := range profiles.AreaCodes() {
		if len(lines[area]) > 0 {
			p.heading("h3", areaWords(area))
			p.list(lines[area])
		}
	}
	t.freshness(p, plan)
	p.WriteString(`</div>`)
	return p.String()
}

// section writes one heading and what stands under it. Where the plan says something
// that names no heading, it may belong under this one.
func (p *page) section(s section, lines map[string][]phrase, others beside) {
	p.heading("h3", inBoth(s.heading))
	var said []phrase
	if s.part != "" {
		said = lines[s.part]
	}
	for _, other := range others.lines[s.beside] {
		said = addNew(said, other)
	}
	switch {
	case len(said) > 0:
		p.list(said)
	case s.none == texts.NoneRecorded && len(lines[ofNoPart]) > 0:
		p.paragraph(inBoth(texts.NoneUnderHeading))
	default:
		p.paragraph(inBoth(s.none))
	}
}

// notInForce says of a plan that is not active that it is not in force, and why.
var notInForce = map[string]texts.Key{"revoked": texts.Ended, "completed": texts.Ended, "on-hold": texts.OnHold}

// currency says of a plan that is shown although it is not in force that it is not.
func currency(p *page, plan fhir.Value) {
	if status := plan.Get("status").Text(); status != "active" {
		p.paragraph(inBoth(cmp.Or(notInForce[status], texts.NotInForce)))
	}
}

// freshness says who wrote the plan, when it was last reviewed, when it is to be reviewed, and
// that this is past (W¶105, 110). A day is over when it is over in London.
func (t Terms) freshness(p *page, plan fhir.Value) {
	p.labelled(texts.WrittenBy, same(plan.Find("author", "display").Text()), texts.Wording{})
	reviewed := ""
	for ext := range plan.Get("extension").Each() {
		if ext.Get("url").Is(profiles.ExtLastReviewed) {
			reviewed = ext.Get("valueDate").Text()
		}
	}
	p.labelled(texts.LastReviewed, inDays(reviewed), texts.Wording{})
	due, warning := reviewDue(plan), texts.Wording{}
	if _, until, err := fhir.Interval(due, profiles.London); err == nil && !until.After(t.day) {
		warning = inBoth(texts.Overdue)
	}
	p.labelled(texts.ReviewDue, inDays(due), warning)
}

// reviewDue is the date of the earliest review that is still to be held, empty
// where none is recorded or shared.
func reviewDue(plan fhir.Value) string {
	due := ""
	for activity := range plan.Get("activity").Each() {
		detail := activity.Get("detail")
		if profiles.PlanPart(activity) != profiles.CodePartReview || ended[detail.Get("status").Text()] {
			continue
		}
		date := detail.Find("scheduledPeriod", "end").Text()
		if date == "" {
			date = detail.Find("scheduledPeriod", "start").Text()
		}
		if date != "" && (due == "" || date < due) { // ISO dates sort as they stand
			due = date
		}
	}
	return due
}

// ended are the statuses of an activity that is no longer to be done.
var ended = map[string]bool{"completed": true, "cancelled": true, "stopped": true, "entered-in-error": true}

// ofNoPart is the kind of an activity that names neither a kind nor an area.
const ofNoPart = ""

// linesOf are what the plan says is to be done, by kind of activity or by area; what it says
// of itself as a whole is of no kind. Whoever can be called at any hour comes before others
// who can be called.
func linesOf(plan fhir.Value) map[string][]phrase {
	lines := map[string][]phrase{}
	if text := plan.Get("description").Text(); text != "" {
		lines[ofNoPart] = []phrase{{same(text)}}
	}
	var always []phrase
	for activity := range plan.Get("activity").Each() {
		detail := activity.Get("detail")
		kind, text := kindOf(activity), activityText(detail)
		switch {
		case ended[detail.Get("status").Text()]:
		case text == "": // a code or a reference alone: it is there, and no heading may say that nothing is
			lines[kind] = append(lines[kind], phrase{notInWords})
		case kind == profiles.CodePartContact && anyHour(detail, text):
			always = append(always, phrase{same(text)})
		default:
			lines[kind] = append(lines[kind], phrase{same(text)})
		}
	}
	lines[profiles.CodePartContact] = append(always, lines[profiles.CodePartContact]...)
	return lines
}

// kindOf is the kind of an activity or, where it has none of its own, its area.
func kindOf(activity fhir.Value) string {
	if part := profiles.PlanPart(activity); part != "" && part != profiles.CodePartArea && part != profiles.CodePartNoAction {
		return part
	}
	for ext := range activity.Get("extension").Each() {
		if ext.Get("url").Is(profiles.ExtArea) {
			return ext.Get("valueCode").Text()
		}
	}
	for system, code := range fhir.Codes(activity.Find("detail", "code")) {
		if system == profiles.SystemArea {
			return code
		}
	}
	return ofNoPart
}

// activityText is who, and what: in the words of the plan or of its code.
func activityText(detail fhir.Value) string {
	what := detail.Get("description").Text()
	if what == "" {
		what = detail.Find("code", "text").Text()
	}
	if what == "" {
		what = detail.Find("code", "coding", "display").Text()
	}
	if what != "" && detail.Get("doNotPerform").Bool() {
		what = doNot.English + " / " + doNot.Welsh + ": " + what
	}
	var parts []string
	for performer := range detail.Get("performer").Each() {
		if who := performer.Get("display").Text(); who != "" {
			parts = append(parts, who)
		}
	}
	if what != "" {
		parts = append(parts, what)
	}
	return strings.Join(parts, ": ")
}

// notInWords stands for what is recorded in a form that the narrative cannot read out.
var notInWords = inBoth(texts.NotInWords)

// doNot marks what must not be done: without it, the narrative would say the opposite.
var doNot = texts.Wording{English: "DO NOT", Welsh: "PEIDIWCH Â"}

// anyHour reports whether somebody can be called day and night: the code says so,
// or the words do.
func anyHour(detail fhir.Value, text string) bool {
	if fhir.HasCode(detail.Get("code"), profiles.SystemTeamRole, profiles.CodeRoleOutOfHours) {
		return true
	}
	text = strings.ToLower(text)
	return slices.ContainsFunc(dayAndNight, func(words string) bool { return strings.Contains(text, words) })
}

var dayAndNight = []string{"24 hour", "24-hour", "24/7", "24 awr", "24-awr", "out of hours", "out-of-hours", "y tu allan i oriau"}

// areaWords are the words for one of the nine areas.
func areaWords(code string) texts.Wording {
	return texts.Wording{
		English: profiles.Display(profiles.SystemArea, code, texts.English),
		Welsh:   profiles.Display(profiles.SystemArea, code, texts.Welsh),
	}
}

// inDays writes a date as people do. A date without a day stays as it is.
func inDays(date string) texts.Wording {
	from, _, err := fhir.Interval(date, profiles.London)
	if err != nil || len(date) < len(time.DateOnly) {
		return texts.Wording{English: date, Welsh: date}
	}
	return texts.Wording{English: texts.Day(from, texts.English), Welsh: texts.Day(from, texts.Welsh)}
}
