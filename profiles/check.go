package profiles

import (
	"slices"
	"strings"

	"cpagateway/profiles/fhir"
)

// Issue is one finding of Check. Text says what is wrong and what is allowed; it
// never holds a value of the resource.
type Issue struct {
	Severity string // SeverityError, SeverityWarning or SeverityInformation
	Code     string // of FHIR's issue-type list: structure, required, value ...
	Path     string // FHIRPath of the element, such as CarePlan.activity[2].detail.status
	Text     string
}

// Fatal reports whether the issue refuses the resource.
func (i Issue) Fatal() bool { return i.Severity == SeverityError }

// Severities of an Issue, as an OperationOutcome writes them.
const (
	SeverityError       = "error"       // nonsense: the resource is refused
	SeverityWarning     = "warning"     // kept, and somebody should look
	SeverityInformation = "information" // kept, and not understood
)

// Fatal reports whether any of the issues refuses the resource.
func Fatal(issues []Issue) bool {
	return slices.ContainsFunc(issues, Issue.Fatal)
}

// maxIssues bounds the findings of each severity, so that a hostile document
// cannot make the answer larger than itself. What is cut off changes nothing:
// a hundred errors refuse as surely as more.
const maxIssues = 100

// Check refuses nonsense: a wrong JSON type, a required element that is missing,
// two where one is allowed, an unknown status, a malformed date, id or address, a
// reference to a wrong type, an unknown resource type. Elements that R4 does not
// know are kept and told of (SeverityInformation). It is the structure of
// elements.txt and the few rules of check_rules.go, not full validation; types that
// elements.txt does not list are checked as far as all resources are alike.
//
// Check and Fatal are pure and total; the same resource has the same findings.
func Check(r fhir.Value) []Issue {
	if r.Kind() == fhir.Object && !elements().resources[r.Type()] {
		// Its paths would begin with whatever it calls itself.
		return []Issue{{Severity: SeverityError, Code: "structure", Path: "$", Text: unknownType}}
	}
	c := &checker{counts: make(map[string]int)}
	c.resource(r)
	c.localReferences(r)
	return c.issues
}

const unknownType = "resourceType is not a resource type of FHIR R4"

type checker struct {
	issues []Issue
	counts map[string]int // by severity
	unseen bool           // within what is never shown: an error there is a warning
}

// report notes a finding at a value, or at what is missing below it.
func (c *checker) report(severity, code string, v fhir.Value, below, text string) {
	if c.unseen && severity == SeverityError {
		severity = SeverityWarning
	}
	if c.counts[severity]++; c.counts[severity] <= maxIssues {
		c.issues = append(c.issues, Issue{Severity: severity, Code: code, Path: v.Path() + below, Text: text})
	}
}

func (c *checker) refuse(code string, v fhir.Value, text string) {
	c.report(SeverityError, code, v, "", text)
}

func (c *checker) resource(r fhir.Value) {
	if r.Kind() != fhir.Object {
		c.refuse("structure", r, "must be an object")
		return
	}
	d, known := elements().resource(r.Type())
	if !known {
		c.refuse("structure", r, unknownType)
		return
	}
	c.object(r, d)
}

func (c *checker) contained(r fhir.Value) {
	if r.Get("contained").Exists() {
		c.refuse("invariant", r, "a contained resource contains none itself (dom-2)")
	}
	c.resource(r)
}

// localReferences holds every "#id" to a resource that is contained (ref-1).
// Only the whole resource can tell: what it contains may point at its siblings.
func (c *checker) localReferences(r fhir.Value) {
	contained := make(map[string]bool)
	for one := range r.Get("contained").Each() {
		contained[one.ID()] = true
	}
	for reference := range fhir.References(r) {
		id, local := strings.CutPrefix(reference.Text(), "#")
		if local && id != "" && !contained[id] {
			c.refuse("invariant", reference, "refers to a contained resource that is not there (ref-1)")
		}
	}
}
