package mapping

import (
	"cmp"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"cpagateway/mapping/syntax"
	"cpagateway/profiles/fhir"
)

// Returned is a record that came back: its fields by their names, dotted ones as
// they are, and the records of its groups. It is the Record that the maps run over
// again.
type Returned struct {
	Source string // as the maps name it; empty for a record of a group

	fields   map[string]string
	literals map[string]bool // fields that JSON writes without quotes
	groups   map[string][]*Returned
	known    map[[2]string]map[string]*Returned // by group and field, its records by their texts in that
	from     []*piece                           // the resources that it came back from
	blocks   []*node                            // of a record of a group: the blocks whose elements it came back from
}

func newReturned() *Returned {
	return &Returned{fields: map[string]string{}, literals: map[string]bool{}, groups: map[string][]*Returned{}, known: map[[2]string]map[string]*Returned{}}
}

// Field implements Record.
func (r *Returned) Field(f *Field) (string, bool) {
	text, ok := r.fields[f.Name]
	return text, ok
}

// Group implements Record. What stands below a dotted name is a group of one, as an
// object of a document is.
func (r *Returned) Group(name string) []Record {
	if inner := r.within(name + "."); inner != nil {
		return []Record{inner}
	}
	records := make([]Record, len(r.groups[name]))
	for i, record := range r.groups[name] {
		records[i] = record
	}
	return records
}

// within is what has names that begin so, without that; nil where nothing has.
func (r *Returned) within(prefix string) *Returned {
	inner := newReturned()
	for name, text := range r.fields {
		if rest, ok := strings.CutPrefix(name, prefix); ok {
			inner.fields[rest] = text
		}
	}
	for name, records := range r.groups {
		if rest, ok := strings.CutPrefix(name, prefix); ok {
			inner.groups[rest] = records
		}
	}
	if len(inner.fields)+len(inner.groups) == 0 {
		return nil
	}
	return inner
}

// At implements Record.
func (r *Returned) At(name string) Position { return Position{Field: name} }

// Fields are the names of the fields that have text, sorted.
func (r *Returned) Fields() []string { return slices.Sorted(maps.Keys(r.fields)) }

// Groups are the names of the groups that have records, sorted.
func (r *Returned) Groups() []string { return slices.Sorted(maps.Keys(r.groups)) }

// Each are the records of a group.
func (r *Returned) Each(group string) []*Returned { return r.groups[group] }

// set gives a field its text; false where it has another already. A blank text is none.
func (r *Returned) set(name, text string) bool {
	if strings.TrimSpace(text) == "" {
		return true
	}
	if old, ok := r.fields[name]; ok {
		return old == text
	}
	r.fields[name] = text
	return true
}

// take adds what another resource says of the same record. It returns the field
// that the two disagree about, or the group in which two records have one key.
func (r *Returned) take(o *Returned, keys map[string]string, path string) (disputed string) {
	for _, name := range o.Fields() {
		if !r.set(name, o.fields[name]) {
			return syntax.JoinPath(path, name)
		}
		r.literals[name] = r.literals[name] || o.literals[name]
	}
	for _, group := range o.Groups() {
		at := syntax.JoinPath(path, group)
		by := keys[at]
		for _, record := range o.groups[group] {
			same := r.find(group, by, record)
			if same == nil {
				r.join(group, record)
			} else if disputed := same.take(record, keys, at); disputed != "" {
				return disputed
			} else {
				r.know(group, same)
			}
		}
	}
	return ""
}

// find is the record of a group in which a field has the same text as in another.
func (r *Returned) find(group, by string, record *Returned) *Returned {
	key, ok := record.fields[by]
	if by == "" || !ok {
		return nil
	}
	if at := [2]string{group, by}; r.known[at] == nil {
		r.known[at] = map[string]*Returned{}
		for _, other := range r.groups[group] {
			r.know(group, other)
		}
	}
	return r.known[[2]string{group, by}][key]
}

// join adds a record to a group.
func (r *Returned) join(group string, record *Returned) {
	r.groups[group] = append(r.groups[group], record)
	r.know(group, record)
}

// know lets a record of a group be found by what is said of it now.
func (r *Returned) know(group string, record *Returned) {
	for at, known := range r.known {
		if text, ok := record.fields[at[1]]; ok && at[0] == group && known[text] == nil {
			known[text] = record
		}
	}
}

// JSON is the record as a JSON object: dotted names become objects, groups lists.
func (r *Returned) JSON() []byte {
	w := fhir.NewWriter(nil)
	r.write(w, "")
	return w.Bytes()
}

func (r *Returned) write(w *fhir.Writer, prefix string) {
	if _, plain := r.fields["."]; plain && prefix == "" && len(r.fields) == 1 {
		r.writeField(w, ".")
		return
	}
	w.Object(func() { r.writeMembers(w, prefix) })
}

func (r *Returned) writeMembers(w *fhir.Writer, prefix string) {
	done := map[string]bool{}
	for _, name := range append(r.Fields(), r.Groups()...) {
		rest, inside := strings.CutPrefix(name, prefix)
		head, _, deeper := strings.Cut(rest, ".")
		if !inside || done[head] || name == "." {
			continue
		}
		done[head] = true
		w.Name(head)
		_, isField := r.fields[name]
		switch {
		case deeper:
			r.write(w, prefix+head+".")
		case isField:
			r.writeField(w, name)
		default:
			w.Array(func() {
				for _, record := range r.groups[name] {
					record.write(w, "")
				}
			})
		}
	}
}

func (r *Returned) writeField(w *fhir.Writer, name string) {
	if r.literals[name] {
		w.Raw([]byte(r.fields[name]))
		return
	}
	w.String(r.fields[name])
}

// unquoted are the types of a JSON Schema whose values stand without quotes.
var unquoted = map[string]*regexp.Regexp{
	"integer": regexp.MustCompile(`^-?(0|[1-9][0-9]*)$`),
	"number":  regexp.MustCompile(`^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?$`),
	"boolean": literals[toBoolean].pattern,
}

// Unquote writes the field at a path of the document (goals[0].no) as a value of a type,
// where its text is one; it reports whether it is.
func (r *Returned) Unquote(path, typ string) bool {
	if group, rest, inside := strings.Cut(path, "["); inside {
		number, rest, _ := strings.Cut(rest, "]")
		i, err := strconv.Atoi(number)
		return err == nil && i < len(r.groups[group]) && r.groups[group][i].Unquote(strings.TrimPrefix(rest, "."), typ)
	}
	name := cmp.Or(path, ".")
	text, ok := r.fields[name]
	if pattern := unquoted[typ]; !ok || pattern == nil || !pattern.MatchString(text) {
		return false
	}
	r.literals[name] = true
	return true
}
