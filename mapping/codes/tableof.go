package codes

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"cpagateway/mapping/syntax"
	"cpagateway/profiles/fhir"
)

// TableOf writes a ConceptMap as a table of the map language. What a table cannot say,
// or would say too much of, becomes a code without an equivalent, and a comment says
// so; what would make another table of it is an error.
func TableOf(v fhir.Value) ([]byte, error) {
	if v.Type() != "ConceptMap" {
		return nil, errors.New("not a ConceptMap")
	}
	r := tableReader{name: tableName(v), rows: map[string]string{}}
	for group := range v.Get("group").Each() {
		r.group(group)
	}
	if len(r.rows) == 0 {
		r.fail("the ConceptMap maps no code")
	}
	if r.fault != nil {
		return nil, r.fault
	}
	return r.text(), nil
}

var notName = regexp.MustCompile(`[^A-Za-z0-9_-]+`)

func tableName(v fhir.Value) string {
	for _, text := range []string{v.Get("name").Text(), v.ID()} {
		if text = strings.Trim(notName.ReplaceAllString(text, "_"), "_"); syntax.IsName(text) {
			return text
		}
	}
	return "Imported"
}

// tableReader collects the rows of a ConceptMap.
type tableReader struct {
	name, source, target string
	rows                 map[string]string // a code of the source, as a line has it -> the rest of its line
	none                 []string          // lines of codes that no code becomes
	otherwise            string            // the else line
	notes                []string
	fault                error // the first
}

func (r *tableReader) note(format string, args ...any) {
	r.notes = append(r.notes, fmt.Sprintf(format, args...))
}

func (r *tableReader) fail(format string, args ...any) {
	if r.fault == nil {
		r.fault = fmt.Errorf(format, args...)
	}
}

func (r *tableReader) group(g fhir.Value) {
	source, target := g.Get("source").Text(), g.Get("target").Text()
	for _, system := range []string{source, target} {
		if !strings.Contains(system, ":") || !printable(system) {
			r.fail("each group names the systems of its codes, as source and target")
		}
	}
	if r.source == "" {
		r.source, r.target = source, target
	}
	switch {
	case r.isNoSource(g, source, target):
		for element := range g.Get("element").Each() {
			r.none = append(r.none, "none -> "+r.code(element.Get("code").Text())+r.display(element))
		}
		return
	case source != r.source:
		r.fail("its codes are of several systems: a table has one source")
	}
	for element := range g.Get("element").Each() {
		r.element(element, target)
	}
	r.unmapped(g.Get("unmapped"), target)
}

// isNoSource reports a group that says of codes of the target that nothing becomes them.
func (r *tableReader) isNoSource(g fhir.Value, source, target string) bool {
	if source != r.target || target != r.source || g.Get("element").Len() == 0 || len(r.rows) == 0 {
		return false
	}
	for to := range g.All("element", "target") {
		if !to.Get("equivalence").Is(noCode) || source == target && !to.Get("comment").Is(noSource) {
			return false
		}
	}
	return true
}

// taken are the equivalences under which a target says no more than its source.
var taken = []string{"", equalCode, equivalentCode, widerCode, "subsumes", "relatedto"}

func (r *tableReader) element(e fhir.Value, system string) {
	code := r.code(e.Get("code").Text())
	if _, twice := r.rows[code]; twice {
		r.fail("the code %s stands twice", code)
	}
	var targets []fhir.Value
	refused := ""
	for to := range e.Get("target").Each() {
		switch equivalence := to.Get("equivalence").Text(); {
		case to.Get("dependsOn").Len()+to.Get("product").Len() > 0:
			refused = "what it becomes depends on something else"
		case slices.Contains(taken, equivalence) && to.Get("code").Exists():
			targets = append(targets, to)
		case equivalence != noCode && equivalence != "disjoint":
			refused = "its target says more than it does"
		}
	}
	if len(targets) > 1 {
		refused = "it has several targets"
	}
	if refused != "" {
		r.note("%s: %s", code, refused)
	}
	if len(targets) == 0 || refused != "" {
		r.rows[code] = " -> none" + r.display(e)
		return
	}
	r.rows[code] = r.to(e.Get("code").Text(), targets[0], system)
}

// to is a target as a row has it, with its arrow.
func (r *tableReader) to(from string, target fhir.Value, system string) string {
	code := target.Get("code").Text()
	word := r.code(code)
	switch {
	case !IsCode(code):
		r.fail("a target is not a code: no blanks at its ends, none doubled")
	case from == "" && code == "same":
		r.fail("what becomes of every other code cannot be called same")
	case system == r.target:
	case system == r.source && code == from:
		word = "same"
	case plainSystem.MatchString(system) && plainCode.MatchString(code):
		word = system + "|" + code
	default:
		r.fail("the code %s cannot be written beside targets of another system", word)
	}
	return " -> " + word + r.display(target)
}

func (r *tableReader) unmapped(u fhir.Value, system string) {
	switch mode := u.Get("mode"); {
	case !u.Exists():
	case mode.Is("fixed") && r.otherwise != "":
		r.fail("two groups say what becomes of every other code")
	case mode.Is("fixed"):
		r.otherwise = "else" + r.to("", u, system)
	case mode.Is("provided"):
		r.note("every other code stays as it is: that is for the line of the map to say (coding, concept)")
	default:
		r.note("the map for every other code is not followed")
	}
}

var (
	plainCode   = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]*$`)
	plainSystem = regexp.MustCompile(`^[a-z][a-z0-9+.-]*:[A-Za-z0-9:/._~%?=&+-]+$`)
	reserved    = []string{"none", "else", "same"}
)

// printable reports whether a text can stand in a line of a map.
func printable(text string) bool {
	return !strings.ContainsFunc(text, func(c rune) bool { return c != '\n' && unicode.IsControl(c) || c == unicode.ReplacementChar })
}

// code is a code as a line has it: in quotes where it could be read as something else.
func (r *tableReader) code(code string) string {
	if code == "" || !printable(code) {
		r.fail("a code is missing, or cannot be printed")
	}
	if plainCode.MatchString(code) && !slices.Contains(reserved, code) {
		return code
	}
	return syntax.Quoted(code)
}

// display is what a row ends with, the display of an element or a target.
func (r *tableReader) display(of fhir.Value) string {
	display := of.Get("display").Text()
	switch {
	case display == "":
		return ""
	case !printable(display):
		r.fail("a display cannot be printed")
	}
	return "  " + syntax.Quoted(display)
}

func systemWord(system string) string {
	if plainSystem.MatchString(system) {
		return system
	}
	return syntax.Quoted(system)
}

func (r *tableReader) text() []byte {
	var s strings.Builder
	for _, note := range r.notes {
		s.WriteString("# " + strings.ReplaceAll(note, "\n", " ") + "\n")
	}
	s.WriteString("table " + r.name + "  " + systemWord(r.source) + " -> " + systemWord(r.target) + "\n")
	for _, code := range slices.Sorted(maps.Keys(r.rows)) {
		s.WriteString("  " + code + r.rows[code] + "\n")
	}
	lines := r.none
	if r.otherwise != "" {
		lines = append(lines, r.otherwise)
	}
	for _, line := range lines {
		s.WriteString("  " + line + "\n")
	}
	return []byte(s.String())
}
