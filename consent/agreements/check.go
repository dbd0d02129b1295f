package agreements

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"cpagateway/profiles"
)

// What a field may say. agreement.schema.json says the same, and a test holds
// the two together.
var (
	kinds             = []Kind{ISP, DDA, JCA, DPA}
	agreementStates   = []Status{Draft, Signed, Assured, Suspended, Recalled, Superseded}
	partnerRoles      = []PartnerRole{Controller, Processor}
	confidentialities = []Confidentiality{ByConsent, ByImpliedConsent, ByStatute, ByCourt, ByPublicInterest}
	consentRules      = []ConsentRule{Standard, Crisis, Statutory}
	relationships     = []RelationshipRule{Required, NotRequired}
	contributions     = []Contribution{OwnParts}
	// agreedPurposes are the purposes of care. Secondary use is refused
	// altogether, and breaking the glass never rests on an agreement.
	agreedPurposes = []profiles.Purpose{profiles.CareCoordination, profiles.EmergencyTreatment, profiles.Treatment}
)

// Purposes are the purposes that an agreement can name.
func Purposes() []profiles.Purpose { return slices.Clone(agreedPurposes) }

// checker holds an agreement to the rules that its fields alone cannot show.
type checker struct {
	file      string
	root      *yaml.Node
	agreement *Agreement
	faults    []error
}

// fault notes what is wrong at a place in the file: member names and positions.
func (c *checker) fault(text string, place ...any) {
	c.faults = append(c.faults, fmt.Errorf("%s:%d: %s: %s", c.file, lineOf(c.root, place), placeName(place), text))
}

func (c *checker) require(ok bool, text string, place ...any) {
	if !ok {
		c.fault(text, place...)
	}
}

func (c *checker) check() {
	a := c.agreement
	c.require(a.ID != "", "an agreement has a reference", "id")
	c.require(a.ID != BrokenGlass, "this stands for broken glass in the audit log, and for no agreement", "id")
	c.require(slices.Contains(kinds, a.Kind), "one of "+list(kinds), "kind")
	c.require(a.Version >= 1, "versions count from 1", "version")
	c.require(slices.Contains(agreementStates, a.Status), "one of "+list(agreementStates), "status")
	c.require(a.IssueDate != NoDay, "the day of issue is missing", "issueDate")
	c.require(a.ReviewDate != NoDay && a.ReviewDate >= a.IssueDate, "the review date is missing or lies before the day of issue", "reviewDate")
	c.require(a.Status != Assured || a.QADate != NoDay, "an assured agreement has a date of quality assurance", "qaDate")
	c.require(a.ReviewGraceDays >= 0 && a.ReviewGraceDays <= 366, "between 0 and 366 days", "reviewGraceDays")
	c.require(len(a.Purposes) > 0 || a.Kind == DPA, "no purpose is agreed", "purposes")
	for i, p := range a.Purposes {
		c.require(slices.Contains(agreedPurposes, p.Code), "one of "+list(agreedPurposes)+", which are purposes of care", "purposes", i, "code")
	}
	c.require(len(a.Subjects) > 0, "whom the agreement is about is missing", "dataSubjects")
	for i, s := range a.Subjects {
		c.require(s.MinAge >= 0 && s.MaxAge >= 0 && (s.MaxAge == 0 || s.MaxAge >= s.MinAge), "an age band begins before it ends", "dataSubjects", i)
	}
	c.require(a.Security.OnwardDisclosure == "" || a.Security.OnwardDisclosure == "forbidden", "onward disclosure is always forbidden", "security", "onwardDisclosure")
	c.partners()
	c.legalBasis()
	c.flows()
}

func (c *checker) partners() {
	c.require(len(c.agreement.Partners) > 0, "nobody takes part", "partners")
	seen := map[profiles.OrgCode]bool{}
	for i, p := range c.agreement.Partners {
		c.require(p.Organisation != "", "the ODS code is missing", "partners", i, "org")
		c.require(!seen[p.Organisation], "this organisation is named twice", "partners", i, "org")
		c.require(slices.Contains(partnerRoles, p.Role), "one of "+list(partnerRoles), "partners", i, "role")
		seen[p.Organisation] = true
		c.require(p.Teams == nil || len(p.Teams) > 0, "an empty list names no team; leave it out where no flow names one", "partners", i, "teams")
		teams := map[profiles.TeamID]bool{}
		for j, t := range p.Teams {
			c.require(t.ID != "" && t.ID != "*", "a team has a name of its own", "partners", i, "teams", j, "id")
			c.require(!teams[t.ID], "this team is named twice", "partners", i, "teams", j, "id")
			teams[t.ID] = true
		}
	}
}

// legalBasis is gate A11 (LEGAL_BASIS_INCOMPLETE), passed once and for all
// before the agreement is ever decided on.
func (c *checker) legalBasis() {
	b := c.agreement.LegalBasis
	for _, part := range [...]struct{ name, text string }{{"article6", b.Article6}, {"article9", b.Article9}, {"dpa2018", b.DPA2018}} {
		c.require(strings.TrimSpace(part.text) != "", "LEGAL_BASIS_INCOMPLETE", "legalBasis", part.name)
	}
	c.require(len(b.Powers) > 0 && !slices.Contains(b.Powers, ""), "LEGAL_BASIS_INCOMPLETE", "legalBasis", "powers")
	c.require(slices.Contains(confidentialities, b.Confidentiality), "LEGAL_BASIS_INCOMPLETE: one of "+list(confidentialities), "legalBasis", "confidentiality")
}

func (c *checker) flows() {
	a := c.agreement
	if a.Kind == DPA {
		c.require(len(a.Flows) == 0, "a processor's agreement is no ground for disclosure and has no flows", "flows")
		return
	}
	c.require(len(a.Flows) > 0, "an agreement without a flow lets nothing through", "flows")
	refs := map[string]bool{}
	for i := range a.Flows {
		f := &a.Flows[i]
		c.require(f.Ref != "" && !refs[f.Ref], "a flow has a number of its own", "flows", i, "ref")
		refs[f.Ref] = true
		c.parties(f, i)
		c.terms(f, i)
		c.items(f, i)
		c.contribution(f, i)
	}
}

// parties holds a flow to the partners and teams of its agreement.
func (c *checker) parties(f *Flow, i int) {
	a := c.agreement
	c.require(a.named(f.From.Organisation, ""), "the giving organisation is no partner", "flows", i, "from", "org")
	c.require(a.named(f.To.Organisation, ""), "the receiving organisation is no partner", "flows", i, "to", "org")
	c.require(f.From.Team == "*" || a.named(f.From.Organisation, f.From.Team), "the giving team is not listed with its organisation", "flows", i, "from", "team")
	c.require(f.To.Team != "*" && (f.To.Team != "" || f.Contribute != ""), "a receiving team is always named", "flows", i, "to", "team")
	c.require(f.To.Team == "" || f.To.Team == "*" || a.named(f.To.Organisation, f.To.Team), "the receiving team is not listed with its organisation", "flows", i, "to", "team")
	c.require(a.Kind != DDA || f.From.Organisation == a.Flows[0].From.Organisation, "a disclosure agreement goes one way", "flows", i, "from", "org")
}

// named reports whether the organisation takes part, and with that team if one is given.
func (a *Agreement) named(org profiles.OrgCode, team profiles.TeamID) bool {
	return slices.ContainsFunc(a.Partners, func(p Partner) bool {
		return p.Organisation == org && (team == "" || slices.ContainsFunc(p.Teams, func(t Team) bool { return t.ID == team }))
	})
}

// terms fills in what a flow leaves out, always with the strictest rule, and
// holds a flow's purpose and rules together: emergency treatment is what
// the crisis rule is for, and nothing else is.
func (c *checker) terms(f *Flow, i int) {
	f.ConsentRule = cmp.Or(f.ConsentRule, Standard)
	f.Relationship = cmp.Or(f.Relationship, Required)
	listed := slices.ContainsFunc(c.agreement.Purposes, func(p AgreedPurpose) bool { return p.Code == f.Purpose })
	c.require(f.Purpose != "" && listed, "the agreement does not list this purpose", "flows", i, "purpose")
	c.require(slices.Contains(consentRules, f.ConsentRule), "one of "+list(consentRules), "flows", i, "consentRule")
	c.require((f.Purpose == profiles.EmergencyTreatment) == (f.ConsentRule == Crisis), "the purpose ETREAT and the rule crisis go together", "flows", i, "consentRule")
	c.require(slices.Contains(relationships, f.Relationship), "one of "+list(relationships), "flows", i, "relationship")
	c.require(f.Confidentiality == "" || slices.Contains(confidentialities, f.Confidentiality), "one of "+list(confidentialities), "flows", i, "confidentiality")
}

// items reads what the flow names. A list that is there and empty is refused:
// an empty list must never come to mean everything.
func (c *checker) items(f *Flow, i int) {
	c.require(len(f.Names) > 0, "a flow names its items", "flows", i, "items")
	for j, name := range f.Names {
		items, err := profiles.ParseItem(name)
		c.require(err == nil, "this is no item: docs/items.md lists them", "flows", i, "items", j)
		c.require(Releasable.Covers(items), "no flow may name this item", "flows", i, "items", j)
		f.Items = f.Items.Union(items.Intersect(Releasable))
	}
	c.require(f.Resources == nil || len(f.Resources) > 0, "an empty list lets nothing through; leave it out for every type that carries the items", "flows", i, "resources")
	for j, typ := range f.Resources {
		_, known := profiles.ShapeOf(typ)
		c.require(known, "the gateway does not serve this type", "flows", i, "resources", j)
	}
}

// contribution holds a flow by which somebody writes to what may be written: parts of
// another organisation's plan, for routine care.
func (c *checker) contribution(f *Flow, i int) {
	if f.Contribute == "" {
		return
	}
	c.require(slices.Contains(contributions, f.Contribute), "one of "+list(contributions), "flows", i, "contribute")
	c.require(f.From.Organisation != f.To.Organisation, "what an organisation writes into its own plans is no contribution", "flows", i, "contribute")
	c.require(f.ConsentRule != Crisis, "what is shared in a crisis is read, and nothing is changed by it", "flows", i, "contribute")
	c.require(f.Resources == nil || slices.Contains(f.Resources, "CarePlan"), "only a CarePlan is contributed to, and the flow does not name it", "flows", i, "resources")
	for j, name := range f.Names {
		items, err := profiles.ParseItem(name)
		c.require(err != nil || Contributable.Covers(items), "no part of a plan needs this item, so nobody contributes it", "flows", i, "items", j)
	}
}

func list[T ~string](words []T) string {
	out := make([]string, len(words))
	for i, w := range words {
		out[i] = string(w)
	}
	return strings.Join(out, ", ")
}

// lineOf is the line of a place in the file, or of the nearest thing around it that is there.
func lineOf(node *yaml.Node, place []any) int {
	if node.Kind == yaml.DocumentNode && len(node.Content) > 0 {
		node = node.Content[0]
	}
	line := node.Line
	for _, step := range place {
		if node = child(node, step); node == nil {
			break
		}
		line = node.Line
	}
	return line
}

func child(node *yaml.Node, step any) *yaml.Node {
	switch step := step.(type) {
	case int:
		if node.Kind == yaml.SequenceNode && step < len(node.Content) {
			return node.Content[step]
		}
	case string:
		for i := 0; node.Kind == yaml.MappingNode && i+1 < len(node.Content); i += 2 {
			if node.Content[i].Value == step {
				return node.Content[i+1]
			}
		}
	}
	return nil
}

// placeName writes a place as flows[0].to.team.
func placeName(place []any) string {
	var name strings.Builder
	for i, step := range place {
		switch step := step.(type) {
		case int:
			fmt.Fprintf(&name, "[%d]", step)
		case string:
			if i > 0 {
				name.WriteByte('.')
			}
			name.WriteString(step)
		}
	}
	return name.String()
}
