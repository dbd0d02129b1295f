package mapping

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"cpagateway/profiles/fhir"
)

// TableOf writes a ConceptMap as a table of the map language. What a table cannot say,
// or would say too much of, becomes a code without an equivalent, and a comment says
// so; what would make another table of it is an error.
func TableOf(v fhir.Value) ([]byte, error) {
	if v.Type() != "ConceptMap" {
		return nil, errors.New("not a ConceptMap")
	}
	r := tableReader{rows: map[string]string{}}
	r.name = tableName(v)
	for group := range v.Get("group").Each() {
		if err := r.group(group); err != nil {
			return nil, err
		}
	}
	if len(r.rows) == 0 {
		return nil, errors.New("the ConceptMap maps no code")
	}
	return r.text(), nil
}

var notName = regexp.MustCompile(`[^A-Za-z0-9_-]+`)

func tableName(v fhir.Value) string {
	for _, text := range []string{v.Get("name").Text(), v.ID()} {
		if text = strings.Trim(notName.ReplaceAllString(text, "_"), "_"); isName(text) {
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
}

func (r *tableReader) note(format string, args ...any) {
	r.notes = append(r.notes, fmt.Sprintf(format, args...))
}

func (r *tableReader) group(g fhir.Value) error {
	source, target := g.Get("source").Text(), g.Get("target").Text()
	for _, system := range []string{source, target} {
		if !strings.Contains(system, ":") || !printable(system) {
			return errors.New("each group names the systems of its codes, as source and target")
		}
	}
	if r.source == "" {
		r.source, r.target = source, target
	}
	if r.isNoSource(g, source, target) {
		return r.groupOfNone(g)
	}
	if source != r.source {
		return errors.New("its codes are of several systems: a table has one source")
	}
	for element := range g.Get("element").Each() {
		if err := r.element(element, target); err != nil {
			return err
		}
	}
	return r.unmapped(g.Get("unmapped"), target)
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

func (r *tableReader) groupOfNone(g fhir.Value) error {
	for element := range g.Get("element").Each() {
		code, err := codeWord(element.Get("code").Text())
		if err != nil {
			return err
		}
		display, err := displayWord(element.Get("display").Text())
		if err != nil {
			return err
		}
		r.none = append(r.none, "none -> "+code+display)
	}
	return nil
}

// taken are the equivalences under which a target says no more than its source.
var taken = []string{"", equalCode, equivalentCode, widerCode, "subsumes", "relatedto"}

func (r *tableReader) element(e fhir.Value, system string) error {
	code, err := codeWord(e.Get("code").Text())
	if err != nil {
		return err
	}
	if _, twice := r.rows[code]; twice {
		return fmt.Errorf("the code %s stands twice", code)
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
		targets, refused = nil, "it has several targets"
	}
	if refused != "" {
		r.note("%s: %s", code, refused)
	}
	if len(targets) == 0 || refused != "" {
		display, err := displayWord(e.Get("display").Text())
		r.rows[code] = " -> none" + display
		return err
	}
	r.rows[code], err = r.to(e.Get("code").Text(), targets[0], system)
	return err
}

// to is a target as a row has it, with its arrow.
func (r *tableReader) to(from string, target fhir.Value, system string) (string, error) {
	code := target.Get("code").Text()
	display, err := displayWord(target.Get("display").Text())
	if err != nil {
		return "", err
	}
	switch {
	case !isCode(code):
		return "", errors.New("a target is not a code: no blanks at its ends, none doubled")
	case from == "" && code == "same":
		return "", errors.New("what becomes of every other code cannot be called same")
	}
	word, err := codeWord(code)
	switch {
	case err != nil:
		return "", err
	case system == r.target:
	case system == r.source && code == from:
		word = "same"
	case plainSystem.MatchString(system) && plainCode.MatchString(code):
		word = system + "|" + code
	default:
		return "", fmt.Errorf("the code %s cannot be written beside targets of another system", word)
	}
	return " -> " + word + display, nil
}

func (r *tableReader) unmapped(u fhir.Value, system string) error {
	switch mode := u.Get("mode"); {
	case !u.Exists():
	case mode.Is("fixed") && r.otherwise != "":
		return errors.New("two groups say what becomes of every other code")
	case mode.Is("fixed"):
		line, err := r.to("", u, system)
		r.otherwise = "else" + line
		return err
	case mode.Is("provided"):
		r.note("every other code stays as it is: that is for the line of the map to say (coding, concept)")
	default:
		r.note("the map for every other code is not followed")
	}
	return nil
}

var (
	plainCode   = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]*$`)
	plainSystem = regexp.MustCompile(`^[a-z][a-z0-9+.-]*:[A-Za-z0-9:/._~%?=&+-]+$`)
	reserved    = []string{"none", "else", "same"}
	quotes      = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`)
)

// printable reports whether a text can stand in a line of a map.
func printable(text string) bool {
	return !strings.ContainsFunc(text, func(c rune) bool { return c != '\n' && unicode.IsControl(c) || c == unicode.ReplacementChar })
}

// Quoted is a text as a string of a map file.
func Quoted(text string) string { return `"` + quotes.Replace(text) + `"` }

// codeWord is a code as a line has it: in quotes where it could be read as something else.
func codeWord(code string) (string, error) {
	switch {
	case code == "" || !printable(code):
		return "", errors.New("a code is missing, or cannot be printed")
	case plainCode.MatchString(code) && !slices.Contains(reserved, code):
		return code, nil
	}
	return Quoted(code), nil
}

func displayWord(display string) (string, error) {
	switch {
	case display == "":
		return "", nil
	case !printable(display):
		return "", errors.New("a display cannot be printed")
	}
	return "  " + Quoted(display), nil
}

func systemWord(system string) string {
	if plainSystem.MatchString(system) {
		return system
	}
	return Quoted(system)
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
