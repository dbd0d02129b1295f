package mapping

import (
	"maps"
	"slices"
	"strings"

	"cpagateway/mapping/syntax"
	"cpagateway/profiles/fhir"
)

// reads is what the maps of a source read of a value: itself as text, members of
// it, and what they read of each record where it is gone through as a group. The
// account of what is left behind walks it beside a document; it is kept per
// shape, because a rule for a text carries nothing of a list.
type reads struct {
	text    bool
	members map[string]*reads
	records *reads
}

// inside is where fields are of while a map is read: what is read there, and the path of
// the group from the record of the source.
type inside struct {
	*reads
	path string
}

// field is the path of a field.
func (i inside) field(o *operand) string {
	if o.text == "." {
		return i.path
	}
	return syntax.JoinPath(i.path, o.text)
}

func (r *reads) member(name string) *reads {
	r.also(name, &reads{})
	return r.members[name]
}

// into is what is read of the records of a group. On the way there a dotted name
// goes through objects and lists alike.
func (r *reads) into(group string) *reads {
	for i, name := range strings.Split(group, ".") {
		member := r.member(name)
		if i > 0 {
			r.group().also(name, member)
		}
		r = member
	}
	return r.group()
}

// also lets a member be found here too.
func (r *reads) also(name string, member *reads) {
	if r.members == nil {
		r.members = map[string]*reads{}
	}
	if r.members[name] == nil {
		r.members[name] = member
	}
}

// of is what is read of a member of an object, which may stand for a group of one; nil: nothing.
func (r *reads) of(name string) *reads {
	if inside := r.members[name]; inside != nil || r.records == nil {
		return inside
	}
	return r.records.members[name]
}

func (r *reads) group() *reads {
	if r.records == nil {
		r.records = &reads{}
	}
	return r.records
}

// merge adds what others read.
func (r *reads) merge(o *reads) {
	r.text = r.text || o.text
	for name, member := range o.members {
		r.member(name).merge(member)
	}
	if o.records != nil {
		r.group().merge(o.records)
	}
}

// paths are what is read, each by the names of the groups, then the field, joined with dots.
func (r *reads) paths() map[string]bool {
	paths := map[string]bool{}
	var walk func(path string, r *reads)
	walk = func(path string, r *reads) {
		if r == nil {
			return
		}
		if r.text {
			paths[path] = true
		}
		for name, member := range r.members {
			walk(syntax.JoinPath(path, name), member)
		}
		walk(path, r.records)
	}
	walk("", r)
	return paths
}

// take notes that a rule reads a field.
func (p *parser) take(up int, name string) {
	r := p.scopes[len(p.scopes)-1-up].reads
	if name != "." {
		for _, step := range strings.Split(name, ".") {
			r = r.member(step)
		}
	}
	r.text = true
	if p.first != nil {
		p.first.reads = append(p.first.reads, p.absolute(&operand{up: up, text: name}))
	}
}

// Sources lists the sources that the maps name, sorted.
func (p *Program) Sources() []string {
	names := slices.Sorted(maps.Keys(p.sources))
	return slices.DeleteFunc(names, func(name string) bool { return len(p.sources[name].maps) == 0 })
}

// Makes lists the types that the maps of a source make, each once, in the order of the maps.
func (p *Program) Makes(source string) []string {
	var types []string
	for _, m := range p.of(source).maps {
		if !slices.Contains(types, m.typ) {
			types = append(types, m.typ)
		}
	}
	return types
}

// Reads lists the paths of a source that some rule reads, sorted. A path is the
// names of the groups, then the field, joined with dots.
func (p *Program) Reads(source string) []string {
	return slices.Sorted(maps.Keys(p.of(source).reads.paths()))
}

// unread are the columns of a source, and of the tables joined to it, that no rule reads.
func (p *Program) unread(source string) []string {
	read, columns := p.Reads(source), []string{}
	for _, c := range p.Columns(source) {
		columns = append(columns, c.Field)
	}
	for _, table := range p.Joined(source) {
		for _, c := range p.Columns(table) {
			if c.Field != p.Join(table).By {
				columns = append(columns, syntax.JoinPath(table, c.Field))
			}
		}
	}
	return slices.DeleteFunc(columns, func(path string) bool { return slices.Contains(read, path) })
}

// Date reads a date as the maps of a source do and gives it as YYYY-MM-DD;
// part of a date is not enough.
func (p *Program) Date(source, text string) (string, bool) {
	iso, err := p.of(source).settings.date(text)
	return iso, err == nil && len(iso) == len("2006-01-02")
}

// applied is what the maps that apply to a record read: those whose condition holds, of
// a map of a group for one of its records. It is worked out once for each set of maps.
type applied struct {
	reads
	fields map[string]bool
}

func (r *Runner) applied(source string, record Record) *applied {
	s := &r.run
	set := append(append(r.set[:0], source...), 0)
	first := len(set)
	for _, m := range r.program.of(source).maps {
		s.scopes = append(s.scopes[:0], around{record, 1})
		set = append(set, '0')
		switch {
		case m.when == nil || m.each == "" && m.when.holds(s):
			set[len(set)-1] = '1'
		case m.each != "":
			for i, element := range record.Group(m.each) {
				s.enter(element, i+1)
				if m.when.holds(s) {
					set[len(set)-1] = '1'
				}
				s.leave()
			}
		}
	}
	r.set = set
	known := r.reads[string(set)]
	if known == nil {
		known = &applied{}
		for i, m := range r.program.of(source).maps {
			if set[first+i] == '1' {
				known.merge(&m.reads)
			}
		}
		known.fields = known.paths()
		r.reads[string(set)] = known
	}
	return known
}

// Reads are the fields of a record that a map which applies to it reads.
func (r *Runner) Reads(source string, record Record) map[string]bool {
	return r.applied(source, record).fields
}

// LeftBehind counts every value of a document that no map which applies to it reads,
// under its path.
func (r *Runner) LeftBehind(source string, record Record, document fhir.Value) {
	report := r.run.report
	if report.LeftBehind == nil {
		report.LeftBehind = map[string]int{}
	}
	count(report.LeftBehind, "", document, &r.applied(source, record).reads)
}

// count counts the values in v that are not read, under their paths.
func count(into map[string]int, path string, v fhir.Value, r *reads) {
	if r == nil {
		r = &reads{}
	}
	switch v.Kind() {
	case fhir.Object:
		for name, member := range v.Members() {
			count(into, syntax.JoinPath(path, name), member, r.of(name))
		}
	case fhir.Array:
		for element := range v.Each() {
			count(into, path, element, r.records)
		}
	default:
		read := r.text || r.records != nil && r.records.text
		if _, ok := scalar(v); ok && !read {
			into[path]++
		}
	}
}

// Leave counts n values of a path that no rule took.
func (r *Report) Leave(path string, n int) {
	if r.LeftBehind == nil {
		r.LeftBehind = map[string]int{}
	}
	r.LeftBehind[path] += n
}
