// Package codes holds code tables, which turn codes of one system into codes of others:
// what becomes of a code, which code a target came from, what a table loses, and the same
// as ConceptMaps. Both systems are named, because the same digits mean different things
// in different lists.
package codes

import (
	"maps"
	"slices"
	"strings"

	"cpagateway/profiles/fhir"
)

// Table is a code table. It is safe for concurrent use once it is Turned.
type Table struct {
	Name           string
	Source, Target string // system URIs
	Rows           map[string]Coding
	Otherwise      *Coding                // the else row, for codes without a row
	None           []Coding               // target codes that say they have no equivalent
	became         map[[2]string][]string // system and code, and code alone -> the codes that became it, else among them
}

// Coding is one target: where its system is the table's source the code was kept. One
// without a code is that of a code without an equivalent.
type Coding struct {
	System, Code, Display string
	json                  string // of a target, once its table is turned
}

// Lookup finds a code's target; known is false where the else row, or nothing, answers.
func (t *Table) Lookup(code string) (to Coding, known bool) {
	if to, known = t.Rows[code]; known {
		return to, to.Code != ""
	}
	if t.Otherwise != nil {
		return *t.Otherwise, false
	}
	return Coding{}, false
}

// Gap says why a table gives no target.
func (t *Table) Gap(code string) string {
	if _, ok := t.Rows[code]; ok {
		return "the code has no equivalent in table " + t.Name
	}
	return "the code is not in table " + t.Name
}

// Turn notes, once all rows are there, what becomes each target: one that several codes
// become, or a code and what has no row, returns to none of them.
func (t *Table) Turn() {
	t.became = map[[2]string][]string{}
	for _, code := range slices.Sorted(maps.Keys(t.Rows)) {
		if to := t.Rows[code]; to.Code != "" {
			to.json = string(to.Append(nil))
			t.Rows[code] = to
			t.becomes(code, to)
		}
	}
	if t.Otherwise != nil {
		t.becomes("else", *t.Otherwise)
	}
}

func (t *Table) becomes(code string, to Coding) {
	for _, key := range [][2]string{to.key(), {"", to.Code}} {
		t.became[key] = append(t.became[key], code)
	}
}

// back finds the code that a target came from; false where several or none did. Without
// a system it is told by its code alone, as a code stands where there is no coding.
func (t *Table) back(to Coding) (string, bool) {
	codes := t.became[to.key()]
	if len(codes) != 1 {
		return "", false
	}
	return codes[0], t.Rows[codes[0]].Code == to.Code
}

// Back finds the code that became one, of whatever system.
func (t *Table) Back(code string) (string, bool) { return t.back(Coding{Code: code}) }

// BackOf finds the code that codings came from: the source's own wins.
func (t *Table) BackOf(codings ...fhir.Value) (string, bool) {
	for _, c := range codings {
		if c.Get("system").Is(t.Source) {
			if code := c.Get("code").Text(); code != "" {
				return code, true
			}
			return c.Get("display").Text(), c.Get("display").Exists()
		}
	}
	for _, c := range codings {
		if code, ok := t.back(Coding{System: c.Get("system").Text(), Code: c.Get("code").Text()}); ok {
			return code, true
		}
	}
	return "", false
}

// Returns reports whether a target of any code tells it.
func (t *Table) Returns() bool {
	return slices.ContainsFunc(t.Targets(), func(to Coding) bool { _, ok := t.Back(to.Code); return ok })
}

func (c Coding) key() [2]string { return [2]string{c.System, c.Code} }

// Targets are the codings that rows and else give.
func (t *Table) Targets() []Coding {
	all := slices.Collect(maps.Values(t.Rows))
	if t.Otherwise != nil {
		all = append(all, *t.Otherwise)
	}
	return slices.DeleteFunc(all, func(c Coding) bool { return c.Code == "" })
}

// Systems are those that a coding made by the table may have.
func (t *Table) Systems() []string {
	systems := []string{t.Source}
	for _, to := range t.Targets() {
		if !slices.Contains(systems, to.System) {
			systems = append(systems, to.System)
		}
	}
	return systems
}

// Append writes a Coding as JSON; what no code may be (blanks inside, say) as display text.
func (c Coding) Append(dst []byte) []byte {
	if c.json != "" {
		return append(dst, c.json...)
	}
	dst = append(dst, `{"system":`...)
	dst = fhir.AppendString(dst, c.System)
	if IsCode(c.Code) {
		dst = append(dst, `,"code":`...)
		dst = fhir.AppendString(dst, c.Code)
	} else {
		c.Display = c.Code
	}
	if c.Display != "" {
		dst = append(dst, `,"display":`...)
		dst = fhir.AppendString(dst, c.Display)
	}
	return append(dst, '}')
}

// IsCode reports whether s can be a FHIR code.
func IsCode(s string) bool {
	plain := s != ""
	for i := range len(s) {
		plain = plain && '!' <= s[i] && s[i] <= '~'
	}
	return plain || s != "" && strings.Join(strings.Fields(s), " ") == s
}
