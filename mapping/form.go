package mapping

import (
	"slices"
	"strings"

	"cpagateway/mapping/syntax"
	"cpagateway/profiles/fhir"
)

// form is what the texts of a rule look like: one text, or what stands before and
// after what a field decides.
type form struct {
	before, after string
	exact         bool // before is the whole text
	has, lacks    byte // a character that always, or never, stands in it; 0 says nothing
}

func (f form) fits(text string) bool {
	if f.exact {
		return text == f.before
	}
	return len(text) >= len(f.before)+len(f.after) && strings.HasPrefix(text, f.before) && strings.HasSuffix(text, f.after) &&
		(f.has == 0 || strings.IndexByte(text, f.has) >= 0) && (f.lacks == 0 || strings.IndexByte(text, f.lacks) < 0)
}

// excludes reports whether no text is of both forms.
func (f form) excludes(g form) bool {
	switch {
	case f.exact:
		return !g.fits(f.before)
	case g.exact:
		return !f.fits(g.before)
	case f.has != 0 && f.has == g.lacks, g.has != 0 && g.has == f.lacks:
		return true
	}
	n, m := min(len(f.before), len(g.before)), min(len(f.after), len(g.after))
	return f.before[:n] != g.before[:n] || f.after[len(f.after)-m:] != g.after[len(g.after)-m:]
}

// forms of what an operand gives. What is configured ($source) is not known here.
func (o *operand) forms() []form {
	switch o.kind {
	case constant:
		return []form{{before: o.text, exact: true}}
	case choice:
		return append(o.parts[0].forms(), o.parts[1].forms()...)
	case nothing:
		return nil
	case template:
		var f form
		known := func(p part) bool { return p.kind == constant }
		first := slices.IndexFunc(o.parts, func(p part) bool { return !known(p) })
		if first < 0 {
			return []form{{before: constantText(o.parts), exact: true}}
		}
		f.before = constantText(o.parts[:first])
		last := len(o.parts)
		for known(o.parts[last-1]) {
			last--
		}
		f.after = constantText(o.parts[last:])
		if o.isMoment() {
			f.has = 'T'
		}
		return []form{f}
	}
	return []form{{}}
}

func constantText(parts []part) string {
	var s strings.Builder
	for _, p := range parts {
		s.WriteString(p.text)
	}
	return s.String()
}

// isMoment reports whether a template is a day and a time of day: "{DAY}T{TIME}".
func (o *operand) isMoment() bool {
	return o.kind == template && len(o.parts) == 3 && o.parts[0].kind == field && o.parts[2].kind == field && o.parts[1].text == "T" && o.parts[1].kind == constant
}

// forms of the texts that a rule writes; not asked of codings and concepts.
func (r *rule) forms() []form {
	switch r.as.operation {
	case toReference:
		return []form{{before: r.as.typ + "/"}}
	case toCode:
		var forms []form
		for _, to := range r.as.table.Targets() {
			forms = append(forms, form{before: to.Code, exact: true})
		}
		return forms
	case toDate, toDay:
		return []form{{lacks: 'T'}}
	case toLower, toUpper, toNHSNumber, toDateTime: // what is fixed is converted too
		if !r.from.isMoment() {
			return []form{{}}
		}
	}
	return r.from.forms()
}

// structured reports whether a rule writes an object.
func (r *rule) structured() bool { return r.as.operation == toCoding || r.as.operation == toConcept }

// written is what is sure of the object that a structured rule writes: the systems of
// its coding.
func (r *rule) written() *node {
	system := &node{shape: leaf, label: `"system":`}
	for _, uri := range r.as.table.Systems() {
		system.rules = append(system.rules, &rule{from: fixed(uri)})
	}
	coding := &node{shape: object, members: []*node{system}}
	if r.as.operation == toCoding {
		return coding
	}
	codings := &node{shape: list, label: `"coding":`, members: []*node{coding}}
	return &node{shape: object, members: []*node{codings}}
}

// couldWrite reports whether a value is of a form that the rule writes.
func (r *rule) couldWrite(v fhir.Value) bool {
	if r.structured() {
		return r.written().unlike(v, "") == ""
	}
	text, ok := scalar(v)
	return ok && r.couldBe(text)
}

// always reports whether a leaf is never left out, where what is configured is not blank.
func (n *node) always() bool {
	return slices.ContainsFunc(n.rules, func(r *rule) bool {
		either := r.from.kind == choice && r.from.parts[0].isFixed() && r.from.parts[1].isFixed()
		return r.when == nil && (r.from.isFixed() || either)
	})
}

// mayMiss reports whether a condition or a group decides whether there is such a value,
// or whether what it holds is minted where it is missing.
func (n *node) mayMiss() bool { return n.when != nil || n.scope != nil || n.minted }

// unlike is the path at which a value cannot have been made by the node, "" where
// it may have been. Members that the node does not write say nothing.
func (n *node) unlike(v fhir.Value, path string) string {
	switch {
	case !v.Exists() && n.mayMiss():
		return ""
	case n.shape == leaf:
		return n.leafUnlike(v, path)
	case n.shape == list:
		return n.listUnlike(v, path)
	}
	if n.url != "" && v.Exists() && !v.Get("url").Is(n.url) {
		return syntax.JoinPath(path, "url")
	}
	for _, m := range n.members {
		if at := m.unlike(v.Get(m.name()), syntax.JoinPath(path, m.name())); at != "" {
			return at
		}
	}
	return ""
}

func (n *node) leafUnlike(v fhir.Value, path string) string {
	if !v.Exists() && !n.always() || v.Exists() && slices.ContainsFunc(n.rules, func(r *rule) bool { return r.way != backward && r.couldWrite(v) }) {
		return ""
	}
	if slices.ContainsFunc(n.rules, func(r *rule) bool { return r.way == backward }) {
		return ""
	}
	return path
}

func (n *node) listUnlike(v fhir.Value, path string) string {
	for _, m := range n.members {
		found := m.mayMiss() || m.unlike(fhir.Value{}, path) == "" && (!v.Exists() || m.url != "" || len(n.members) > 1)
		for element := range v.Each() {
			found = found || m.unlike(element, path) == ""
		}
		if !found {
			return path
		}
	}
	return ""
}

// name of a member.
func (n *node) name() string { return strings.Trim(n.label, `":`) }

// side is one of two nodes that are compared; sure says that it is never left out
// of the value that they are compared in.
type side struct {
	*node
	sure bool
}

func (s side) member(m *node) side { return side{m, s.sure && !m.mayMiss()} }

// excludes reports whether no value can have been made by both nodes: at one place
// one of them always writes something that the other never does.
func (s side) excludes(o side) bool {
	switch {
	case s.url != "" && o.url != "" && s.url != o.url:
		return true
	case s.url != "" && o.url != "": // what they hold may tell them apart
	case s.url != "":
		return o.marked(s.url)
	case o.url != "":
		return s.marked(o.url)
	case s.shape == leaf && o.shape == leaf:
		return s.leafExcludes(o)
	case s.shape == leaf:
		return o.excludesConcepts(s)
	case o.shape == leaf:
		return s.excludesConcepts(o)
	}
	for _, m := range s.members {
		for _, other := range o.members {
			named := m.label != "" || m.index != ""
			same := m.label == other.label && (m.index == other.index && named || len(s.members) == 1 && len(o.members) == 1)
			if same && s.member(m).excludes(o.member(other)) {
				return true
			}
		}
	}
	return false
}

// marked reports whether the node writes a url of its own, other than this one.
func (s side) marked(url string) bool {
	i := slices.IndexFunc(s.members, func(m *node) bool { return m.name() == "url" })
	return i >= 0 && s.members[i].shape == leaf && s.members[i].always() &&
		!slices.ContainsFunc(s.members[i].rules, func(r *rule) bool { return r.couldBe(url) })
}

func (r *rule) couldBe(text string) bool {
	return r.structured() || slices.ContainsFunc(r.forms(), func(f form) bool { return f.fits(text) })
}

func (s side) leafExcludes(o side) bool {
	if !(s.sure && s.always()) && !(o.sure && o.always()) {
		return false
	}
	for _, r := range s.rules {
		for _, q := range o.rules {
			if !r.excludes(q) {
				return false
			}
		}
	}
	return true
}

// excludes reports whether no value can have been written by both rules.
func (r *rule) excludes(q *rule) bool {
	if r.structured() && q.structured() {
		return side{r.written(), true}.excludes(side{q.written(), true})
	}
	if r.structured() != q.structured() {
		return true
	}
	for _, f := range r.forms() {
		for _, g := range q.forms() {
			if !f.excludes(g) {
				return false
			}
		}
	}
	return true
}

// excludesConcepts compares an object with a leaf, which can only be one where its rules
// write codings.
func (s side) excludesConcepts(o side) bool {
	concepts := slices.DeleteFunc(slices.Clone(o.rules), func(r *rule) bool { return !r.structured() })
	return len(concepts) > 0 && !slices.ContainsFunc(concepts, func(r *rule) bool { return !s.excludes(side{r.written(), false}) })
}
