package mhsds

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"cpagateway/mapping"
	"cpagateway/profiles/lines"
)

// table is one table of the data set that is read.
type table struct {
	code, name string // MHS701, MHS701CPACareEpisode
	rules      []*rule
	skipped    map[string]string // rule id -> why it is not applied
	columns    map[string]string // column in lower case -> as rules name it
	headers    map[string]string // column as rules name it -> as this version does, where it differs
	hangs      *rule             // finds the row that one of this table hangs on; nil: on none
	above      *table            // of that row
	waits      bool              // which part of a divided extract that row is in, its key does not say
	below      []string          // fields by which rows that hang on one of this find it
	keys       []*key            // what rows of other parts can ask for
	named      []string          // fields by which other rows name one of this
	mapped     bool              // a map makes resources of it
	togetherBy string            // the field whose value says which rows hang together; "" for none
	forms      map[string]form   // field -> what it has to look like
}

// effect is what a rule does to the row that breaks it.
type effect uint8

const (
	rejects effect = iota + 1
	warns
	joins // asks nothing: finds a row of another table
)

var effects = map[string]effect{"reject": rejects, "warn": warns, "join": joins}

// rule is one line of rules.txt. Of the checks exactly one is set.
type rule struct {
	id       string
	effect   effect
	field    string
	at       *mapping.Field // the same; nil of rules that are not in rules.txt
	reason   string         // what is wrong with a row that breaks it
	softened string         // why it warns where the published rule rejects

	blank  bool
	codes  map[string]bool
	breaks mapping.Condition // when
	about  []string          // the words of the check, fields among them
	normal form              // format
	parent *place            // the row that this one hangs on, or names
	child  string            // code of a table that must have rows below
	start  *mapping.Field    // of followed: in which the row that follows begins
	other  *mapping.Field    // of followed: in which that says otherwise
	unique []string
	where  mapping.Condition // which rows unique is about
	wide   *key              // of unique: rows that do not hang together can have this
	single bool
}

// key is fields of a table whose texts rows of other parts of a divided extract ask for.
type key struct {
	fields []string
	finds  bool // rows that hang on one of the table find it by the key
	own    bool // no two rows may have it
}

// place is a column of a table.
type place struct{ table, field string }

// readRules reads rules.txt for a version; the head of that file describes it. Its fields are those of
// a program.
func readRules(text, version string, program *mapping.Program) ([]*table, error) {
	var tables []*table
	err := lines.Read("rules.txt", text, func(l lines.Line) error {
		words := strings.Fields(l.Text)
		switch {
		case words[0] == "table" && len(words) == 2 && len(words[1]) > codeLength:
			tables = append(tables, &table{
				code: words[1][:codeLength], name: words[1], skipped: map[string]string{}, columns: map[string]string{}, headers: map[string]string{}, forms: map[string]form{},
			})
			return nil
		case len(tables) == 0:
			return errors.New("a rule before the first table")
		}
		if len(words) > 1 {
			effect, only, limited := strings.Cut(words[1], "-")
			if limited && only != version {
				return nil
			}
			words[1] = effect
		}
		return tables[len(tables)-1].read(words, program)
	})
	if err != nil {
		return nil, err
	}
	return tables, relate(tables)
}

// relate finds out which tables hang on which. Parents stand first, and a table hangs on
// one: so whatever hangs together is found as it is read.
func relate(tables []*table) error {
	read := map[string]*table{}
	for _, t := range tables {
		for _, r := range t.rules {
			if err := t.relateBy(r, read); err != nil {
				return fmt.Errorf("%s: %w", r.id, err)
			}
		}
		read[t.code] = t
	}
	for _, t := range tables {
		t.togetherBy = t.together()
		if t.hangs != nil {
			t.waits = t.above.hangs != nil || t.hangs.parent.field != t.above.togetherBy
			if t.above.waits {
				return fmt.Errorf("%s: the rows of %s that it hangs on find their own only when all was read", t.name, t.above.code)
			}
		}
		if err := t.findKeys(); err != nil {
			return err
		}
	}
	return nil
}

// findKeys finds the keys that rows of other parts ask for.
func (t *table) findKeys() error {
	for _, field := range t.below {
		if t.hangs != nil || field != t.togetherBy { // else the text itself says where the row is
			t.keys = append(t.keys, &key{fields: []string{field}, finds: true})
		}
	}
	for _, r := range t.rules {
		switch {
		case r.unique == nil || r.unique[0] == t.togetherBy:
			continue
		case r.where != (mapping.Condition{}):
			return fmt.Errorf("%s: a condition can only be asked of a key that begins with %s", r.id, t.togetherBy)
		}
		i := slices.IndexFunc(t.keys, func(k *key) bool { return slices.Equal(k.fields, r.unique) })
		if i < 0 {
			i, t.keys = len(t.keys), append(t.keys, &key{fields: r.unique})
		}
		r.wide = t.keys[i]
		r.wide.own = true
	}
	return nil
}

func (t *table) relateBy(r *rule, read map[string]*table) error {
	if r.parent == nil {
		return nil
	}
	field, up := r.parent.field, read[r.parent.table]
	switch {
	case up == nil:
		return errors.New("the parent is a table that stands above")
	case r.effect == rejects && t.hangs != nil:
		return errors.New("a table hangs on one other")
	case r.effect == rejects:
		t.hangs, t.above = r, up
		up.below = appendNew(up.below, field)
	case up.hangs != nil || len(up.below) > 0:
		return errors.New("a row that is named hangs on none, and none hangs on it")
	default:
		up.named = appendNew(up.named, field)
	}
	return nil
}

func appendNew(to []string, s string) []string {
	if slices.Contains(to, s) {
		return to
	}
	return append(to, s)
}

// together is the field whose value says which rows hang together, "" where none does.
func (t *table) together() string {
	switch {
	case t.hangs != nil:
		return t.hangs.field
	case len(t.below) > 0:
		return t.below[0]
	case len(t.named) > 0:
		return t.named[0]
	}
	return ""
}

// read reads one rule of the table.
func (t *table) read(words []string, program *mapping.Program) error {
	if len(words) > 2 && words[1] == "skip" {
		t.skipped[words[0]] = strings.Join(words[2:], " ")
		t.rules = slices.DeleteFunc(t.rules, func(r *rule) bool { return r.id == words[0] })
		return nil
	}
	if len(words) < 4 || effects[words[1]] == 0 {
		return errors.New("a rule is: RULE EFFECT FIELD CHECK")
	}
	r := &rule{id: words[0], effect: effects[words[1]], field: words[2], about: words[2:]}
	check := words[3:]
	if i := slices.Index(check, "softened"); i >= 0 {
		r.softened, check = strings.Join(check[i+1:], " "), check[:i]
	}
	if err := r.read(check[0], check[1:], program); err != nil {
		return fmt.Errorf("%s: %w", r.id, err)
	}
	if r.field == "-" {
		r.field = ""
	}
	r.at = program.Field(r.field)
	t.columns[strings.ToLower(r.field)] = r.field
	if r.normal != nil {
		t.forms[r.field] = r.normal
	}
	t.rules = append(t.rules, r)
	return nil
}

// read reads the check of a rule.
func (r *rule) read(kind string, arguments []string, program *mapping.Program) (err error) {
	switch kind {
	case "blank":
		r.reason, r.blank = "the field is blank", true
	case "codes":
		r.reason, r.codes = "not a code of the national list; it was kept as it is", map[string]bool{}
		for _, code := range arguments {
			r.codes[code] = true
		}
	case "format":
		r.normal, r.reason, err = formatOf(arguments)
	case "when":
		r.breaks, err = program.Condition(strings.Join(arguments, " "))
		r.reason = sentence(arguments)
	case "parent":
		table, column, ok := strings.Cut(strings.Join(arguments, " "), ".")
		if !ok || len(table) != codeLength {
			return errors.New("a parent is TABLE.FIELD")
		}
		r.parent, r.reason = &place{table, column}, "no valid row of "+table+" has this "+column
	case "child":
		r.child, r.reason = strings.Join(arguments, " "), "no valid row of "+strings.Join(arguments, " ")+" hangs on this one"
	case "followed":
		if len(arguments) != 2 {
			return errors.New("what follows is START OTHER")
		}
		r.start, r.other = program.Field(arguments[0]), program.Field(arguments[1])
		r.reason = "no valid row of the same person with another " + arguments[1] + " begins (" + arguments[0] + ") on that day or the next"
	case "unique":
		err = r.readUnique(arguments, program)
	case "single":
		r.single, r.reason = true, "the table has more than one row"
	default:
		err = fmt.Errorf("no check is called %q", kind)
	}
	return err
}

func (r *rule) readUnique(arguments []string, program *mapping.Program) (err error) {
	if i := slices.Index(arguments, "when"); i >= 0 {
		if r.where, err = program.Condition(strings.Join(arguments[i+1:], " ")); err != nil {
			return err
		}
		arguments = arguments[:i]
	}
	if r.unique = arguments; len(arguments) == 0 {
		return errors.New("unique needs a field")
	}
	r.reason = "another row has the same " + strings.Join(arguments, ", ") + "; none of them was taken"
	return nil
}

// sentence says a condition in words.
func sentence(condition []string) string {
	words := map[string]string{
		"blank": "is blank", "present": "is present", "=": "is", "!=": "is not",
		"<": "is before", "<=": "is not after", ">": "is after", ">=": "is not before",
		"MHS000.Custodian": "the custodian of this source",
	}
	said := make([]string, len(condition))
	for i, word := range condition {
		if said[i] = word; words[word] != "" {
			said[i] = words[word]
		}
	}
	return strings.Join(said, " ")
}

// formatOf finds a form, a word or an MIN..MAX, and what is said of a field in another.
func formatOf(arguments []string) (normal form, reason string, err error) {
	if known, ok := forms[strings.Join(arguments, " ")]; ok {
		return known.normal, known.reason, nil
	}
	if len(arguments) == 2 && arguments[0] == "an" {
		low, high, _ := strings.Cut(arguments[1], "..")
		least, err := strconv.Atoi(low)
		most, other := strconv.Atoi(high)
		if err == nil && other == nil {
			return characters(least, most), "not " + low + " to " + high + " printable characters", nil
		}
	}
	return nil, "", fmt.Errorf("no form is called %q", strings.Join(arguments, " "))
}
