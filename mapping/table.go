package mapping

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// table turns codes of one system into codes of others. Both systems are named,
// because the same digits mean different things in different lists.
type table struct {
	name           string
	source, target string // system URIs
	rows           map[string]coding
	otherwise      *coding                // the else row, for codes without a row
	became         map[[2]string][]string // system and code -> the codes that became it, else among them
	none           []coding               // target codes that say they have no equivalent
}

// coding is one target: where its system is the table's source the code was kept.
type coding struct {
	system, code, display string
	json                  string // of a target, once its table is read
}

// lookup finds a code's target; known is false where the else row, or nothing, answers.
func (t *table) lookup(code string) (to coding, known bool) {
	if to, known = t.rows[code]; known {
		return to, to.code != ""
	}
	if t.otherwise != nil {
		return *t.otherwise, false
	}
	return coding{}, false
}

// readTable reads "table NAME SOURCE -> TARGET" and its rows.
func (p *parser) readTable(b block) {
	head := b.head.tokens
	if len(head) != 5 || head[3].text != "->" || !isName(head[1].text) {
		p.fail(b.head, head[0], "a table is: table NAME SOURCE-SYSTEM -> TARGET-SYSTEM")
		return
	}
	t := &table{name: head[1].text, rows: map[string]coding{}}
	t.source, t.target = p.system(b.head, head[2]), p.system(b.head, head[4])
	if p.tables[t.name] != nil {
		p.fail(b.head, head[1], fmt.Sprintf("table %s stands twice", t.name))
		return
	}
	p.tables[t.name] = t
	for _, row := range b.body {
		p.readRow(t, row)
	}
	if len(t.rows) == 0 {
		p.fail(b.head, head[1], fmt.Sprintf("table %s has no rows", t.name))
	}
	t.turn()
}

// turn notes what becomes each target: one that several codes become, or a code and
// what has no row, returns to none of them.
func (t *table) turn() {
	t.became = map[[2]string][]string{}
	for _, code := range slices.Sorted(maps.Keys(t.rows)) {
		if to := t.rows[code]; to.code != "" {
			t.became[to.key()] = append(t.became[to.key()], code)
		}
	}
	if t.otherwise != nil {
		t.became[t.otherwise.key()] = append(t.became[t.otherwise.key()], "else")
	}
}

// back finds the code that a target came from; false where several or none did. Without
// a system it is told by its code alone, as a code stands where there is no coding.
func (t *table) back(to coding) (string, bool) {
	var codes []string
	for at, from := range t.became {
		if at[1] == to.code && (to.system == "" || at[0] == to.system) {
			codes = append(codes, from...)
		}
	}
	if len(codes) != 1 {
		return "", false
	}
	return codes[0], t.rows[codes[0]].code == to.code
}

// returns reports whether a target of any code tells it.
func (t *table) returns() bool {
	return slices.ContainsFunc(t.targets(), func(to coding) bool { _, ok := t.back(coding{code: to.code}); return ok })
}

func (c coding) key() [2]string { return [2]string{c.system, c.code} }

// targets are the codings that rows and else give.
func (t *table) targets() []coding {
	all := slices.Collect(maps.Values(t.rows))
	if t.otherwise != nil {
		all = append(all, *t.otherwise)
	}
	return slices.DeleteFunc(all, func(c coding) bool { return c.code == "" })
}

// systems are those that a coding made by the table may have.
func (t *table) systems() []string {
	systems := []string{t.source}
	for _, to := range t.targets() {
		if !slices.Contains(systems, to.system) {
			systems = append(systems, to.system)
		}
	}
	return systems
}

// readRow reads `CODE -> TARGET ["display"]`; the target is a code of the target
// system, SYSTEM|code, same, which keeps the source's code in its own system, or
// none: the code has no equivalent. `none -> CODE` says it of a target.
func (p *parser) readRow(t *table, b block) {
	row := b.head.tokens
	if len(b.body) > 0 {
		p.fail(b.body[0].head, b.body[0].head.tokens[0], "a row of a table has nothing under it")
	}
	if len(row) < 3 || len(row) > 4 || row[1].text != "->" || len(row) == 4 && !row[3].quoted {
		p.fail(b.head, row[0], `a row is: CODE -> TARGET "display", where the display may be missing`)
		return
	}
	to := coding{system: t.target, code: row[2].text}
	switch {
	case row[0].text == "none" && !row[0].quoted:
		t.none = append(t.none, coding{system: t.target, code: p.constant(b.head, row[2]), display: display(row)})
		return
	case row[2].text == "none" && !row[2].quoted:
		to = coding{}
	}
	if to.system == "" {
	} else if system, code, found := strings.Cut(row[2].text, "|"); found && !row[2].quoted {
		to.system = p.system(b.head, token{text: system, column: row[2].column})
		to.code = p.constant(b.head, token{text: code, column: row[2].column})
	} else if row[2].text == "same" && !row[2].quoted {
		to = coding{system: t.source, code: row[0].text}
	} else if !row[2].quoted {
		to.code = p.constant(b.head, row[2])
	}
	to.display = display(row)
	p.addRow(t, b.head, to)
}

func display(row []token) string {
	if len(row) == 4 {
		return row[3].text
	}
	return ""
}

func (p *parser) addRow(t *table, l line, to coding) {
	if to.system != "" {
		to.json = string(appendCoding(nil, to))
	}
	from := l.tokens[0]
	isElse := from.text == "else" && !from.quoted
	_, twice := t.rows[from.text]
	switch {
	case isElse && to.system == "":
		p.fail(l, l.tokens[2], "else cannot be none: leave the row out")
	case to.system != "" && !isCode(to.code):
		p.fail(l, l.tokens[2], "not a code: no blanks at its ends, none doubled")
	case isElse && l.tokens[2].text == "same":
		p.fail(l, l.tokens[2], "a code without a row is kept already; leave the else row out")
	case isElse && t.otherwise != nil, !isElse && twice:
		p.fail(l, from, fmt.Sprintf("%q stands twice in table %s", from.text, t.name))
	case isElse:
		t.otherwise = &to
	default:
		t.rows[from.text] = to
	}
}

// isCode reports whether s can be a FHIR code.
func isCode(s string) bool {
	plain := s != ""
	for i := range len(s) {
		plain = plain && '!' <= s[i] && s[i] <= '~'
	}
	return plain || s != "" && strings.Join(strings.Fields(s), " ") == s
}
