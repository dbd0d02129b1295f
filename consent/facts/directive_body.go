package facts

import (
	"slices"
	"strings"
	"time"

	"cpagateway/profiles"
	"cpagateway/profiles/fhir"
)

// The role that every actor of a directive has.
const (
	systemParticipation = "http://terminology.hl7.org/CodeSystem/v3-ParticipationType"
	codeRecipient       = "IRCP" // information recipient
)

// effect is what a provision says.
type effect string

const (
	permits effect = "permit"
	denies  effect = "deny"
)

// form is what a closed template allows in its nested provisions (docs/agreements.md).
type form struct {
	template   Template
	root       effect
	nested     effect // "" where the template has no nested provisions
	recipients need
	related    bool // recipients are related persons
	purposes   need
	allowed    []profiles.Purpose // the purposes it may name; nil: any
	items      need
}

// need says whether a template wants an element.
type need uint8

const (
	never need = iota
	optional
	always
)

// forms are the six templates. Their shapes do not overlap: no Consent fits two.
var forms = [...]form{
	{template: SharePlan, root: denies, nested: permits, recipients: always, purposes: always, allowed: []profiles.Purpose{profiles.CareCoordination, profiles.EmergencyTreatment}},
	{template: RefuseAll, root: denies},
	{template: CrisisOnly, root: denies, nested: permits, purposes: always, allowed: []profiles.Purpose{profiles.EmergencyTreatment}},
	{template: RefuseCrisis, root: denies, nested: denies, purposes: always, allowed: []profiles.Purpose{profiles.EmergencyTreatment, profiles.Treatment}},
	{template: CarerCopy, root: denies, nested: permits, recipients: always, related: true, purposes: optional, items: always},
	{template: ExcludeItem, root: permits, nested: denies, recipients: optional, items: always},
}

// body is the part of a directive that the provisions carry.
type body struct {
	Template    Template
	From, Until time.Time
	Purposes    []profiles.Purpose
	Clauses     []Clause
}

// readBody reads the provisions and finds the template they follow. The fault
// is the path of the first thing that no template knows; "" for none.
func readBody(consent fhir.Value) (b body, fault string) {
	if fault := unreadable(consent); fault != "" {
		return b, fault
	}
	r := reader{}
	root := consent.Get("provision")
	if root.Exists() {
		r.only(root, "id", "extension", "type", "period", "purpose", "provision")
	}
	b.From, b.Until = r.period(root.Get("period"))
	b.Purposes = r.purposes(root.Get("purpose"))
	var nested []effect
	for one := range root.Get("provision").Each() {
		nested = append(nested, effect(one.Get("type").Text()))
		b.Clauses = append(b.Clauses, r.clause(one))
	}
	if r.fault != "" {
		return body{}, r.fault
	}
	for i := range forms {
		if forms[i].fits(rootEffect(consent), nested, &b) {
			b.Template = forms[i].template
			return b, ""
		}
	}
	if root.Exists() {
		return body{}, root.Path()
	}
	return body{}, "Consent.provision"
}

// unreadable is what makes a Consent unsafe to read, whatever its provisions
// say: a modifier, an element that the closed profile does not use, or the
// absence of what the invariants of R4 were meant to hold (docs/deciding.md, "What a
// Consent says").
func unreadable(consent fhir.Value) string {
	if !fhir.HasCode(consent.Get("scope"), profiles.SystemConsentScope, codePrivacy) {
		return "Consent.scope"
	}
	for _, required := range [...]string{"category", "patient"} {
		if consent.Get(required).Len() == 0 {
			return "Consent." + required
		}
	}
	for _, unused := range [...]string{"verification", "implicitRules", "modifierExtension"} {
		if v := consent.Get(unused); v.Exists() {
			return v.Path()
		}
	}
	return modifier(consent)
}

// modifier finds a modifierExtension at any depth: it may turn a meaning round
// and must never be passed over.
func modifier(v fhir.Value) string {
	switch v.Kind() {
	case fhir.Object:
		for name, child := range v.Members() {
			if name == "modifierExtension" {
				return child.Path()
			}
			if path := modifier(child); path != "" {
				return path
			}
		}
	case fhir.Array:
		for child := range v.Each() {
			if path := modifier(child); path != "" {
				return path
			}
		}
	}
	return ""
}

// rootEffect is the root's type, else what policyRule says.
func rootEffect(consent fhir.Value) effect {
	if t := consent.Find("provision", "type").Text(); t != "" {
		return effect(t)
	}
	in := fhir.HasCode(consent.Get("policyRule"), profiles.SystemActCode, "OPTIN")
	out := fhir.HasCode(consent.Get("policyRule"), profiles.SystemActCode, "OPTOUT")
	switch {
	case out && !in:
		return denies
	case in && !out:
		return permits
	}
	return ""
}

// fits reports whether the provisions follow the template, in every clause.
func (f *form) fits(root effect, nested []effect, b *body) bool {
	if root != f.root || len(nested) > 0 != (f.nested != "") || len(b.Purposes) > 0 && f.template != RefuseAll {
		return false
	}
	for i := range b.Clauses {
		c := &b.Clauses[i]
		if nested[i] != f.nested ||
			!f.recipients.met(len(c.Recipients)) || !f.purposes.met(len(c.Purposes)) || !f.items.met(c.Items.Len()) {
			return false
		}
		for _, r := range c.Recipients {
			if (r.Related != "") != f.related {
				return false
			}
		}
		for _, p := range c.Purposes {
			if f.allowed != nil && !slices.Contains(f.allowed, p) {
				return false
			}
		}
	}
	return true
}

func (n need) met(count int) bool {
	return n == optional || (count > 0) == (n == always)
}

// reader reads provisions and keeps the path of the first thing it does not know.
type reader struct{ fault string }

func (r *reader) reject(v fhir.Value) {
	if r.fault == "" {
		r.fault = v.Path()
	}
}

// only refuses an object that has other members than these, and what is no object.
func (r *reader) only(v fhir.Value, names ...string) {
	if v.Kind() != fhir.Object {
		r.reject(v)
		return
	}
	for name, child := range v.Members() {
		if !slices.Contains(names, name) {
			r.reject(child)
		}
	}
}

func (r *reader) clause(v fhir.Value) Clause {
	r.only(v, "id", "extension", "type", "period", "actor", "purpose", "securityLabel")
	var c Clause
	c.From, c.Until = r.period(v.Get("period"))
	c.Purposes = r.purposes(v.Get("purpose"))
	for actor := range v.Get("actor").Each() {
		c.Recipients = append(c.Recipients, r.recipient(actor))
	}
	for label := range v.Get("securityLabel").Each() {
		c.Items = c.Items.Union(r.item(label))
	}
	return c
}

// recipient reads one actor: always an information recipient, told by its
// identifier. A reference without one cannot be resolved here and is not read.
func (r *reader) recipient(actor fhir.Value) Recipient {
	r.only(actor, "id", "extension", "role", "reference")
	if !fhir.HasCode(actor.Get("role"), systemParticipation, codeRecipient) {
		r.reject(actor)
	}
	ref := actor.Get("reference")
	if related := ref.Get("reference").Text(); strings.HasPrefix(related, "RelatedPerson/") {
		return Recipient{Related: related}
	}
	org, team := partyOf(ref.Get("identifier"))
	if !isCode(org) || strings.TrimSpace(string(team)) != string(team) {
		r.reject(actor)
	}
	return Recipient{Organisation: org, Team: team}
}

// isCode reports whether a text has the form of an ODS code. A wish about any other would
// hold against nobody.
func isCode(org profiles.OrgCode) bool {
	return org != "" && strings.Trim(string(org), "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") == ""
}

// partyOf reads an identifier as an organisation (ODS) or one of its teams.
func partyOf(identifier fhir.Value) (profiles.OrgCode, profiles.TeamID) {
	system, value := identifier.Get("system").Text(), identifier.Get("value").Text()
	if system == profiles.SystemODS {
		return profiles.OrgCode(value), ""
	}
	if ods, found := strings.CutPrefix(system, profiles.TeamSystem("")); found && ods != "" && value != "" {
		return profiles.OrgCode(ods), profiles.TeamID(value)
	}
	return "", ""
}

// purposes reads codes exactly; one of another system is not understood.
func (r *reader) purposes(v fhir.Value) []profiles.Purpose {
	var list []profiles.Purpose
	for coding := range v.Each() {
		if code := coding.Get("code").Text(); code != "" && coding.Get("system").Text() == profiles.SystemActReason {
			list = append(list, profiles.Purpose(code))
		} else {
			r.reject(coding)
		}
	}
	return list
}

func (r *reader) item(label fhir.Value) profiles.ItemSet {
	if label.Get("system").Text() == profiles.SystemItem {
		if items, err := profiles.ParseItem(label.Get("code").Text()); err == nil {
			return items
		}
	}
	r.reject(label)
	return profiles.ItemSet{}
}

// period reads a FHIR Period: a date without a time is the whole day in
// Europe/London, its end included.
func (r *reader) period(v fhir.Value) (from, until time.Time) {
	if !v.Exists() {
		return from, until
	}
	r.only(v, "id", "extension", "start", "end")
	if start := v.Get("start"); start.Exists() {
		var err error
		if from, _, err = fhir.Interval(start.Text(), profiles.London); err != nil {
			r.reject(start)
		}
	}
	if end := v.Get("end"); end.Exists() {
		var err error
		if _, until, err = fhir.Interval(end.Text(), profiles.London); err != nil {
			r.reject(end)
		}
	}
	from, until = storable(from), storable(until)
	if !until.IsZero() && !until.After(from) {
		r.reject(v)
	}
	return from, until
}
