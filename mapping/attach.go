package mapping

import (
	"maps"
	"slices"
	"strconv"

	"cpagateway/mapping/syntax"
	"cpagateway/profiles/fhir"
)

// tellsOwnKey reports whether a resource that does not say of which record it is says what
// tells it apart in that: of a group's record its key in the group, of others anything.
func (p *piece) tellsOwnKey() bool {
	if p.m.each == "" || !p.m.attaches {
		return p.m.attaches && len(p.scopes[0].fields) > 0
	}
	return !slices.ContainsFunc(p.m.key.fields(), func(o *operand) bool {
		_, has := p.scopes[1].fields[o.text]
		return o.up == 0 && !has
	})
}

// adopts takes a resource that is of a group's record and does not say whose, where the
// one being read refers to it as a part of its own: what tells it apart in the group is
// read there, and what it says joins the record with it.
func (b *Back) adopts(r *rule, v fhir.Value, at []*Returned) bool {
	if r.as.operation != toReference || len(at) < 2 {
		return false
	}
	c := b.parts[v.Text()]
	if c == nil || c == b.reading {
		return false
	}
	if b.read(c); c.m == nil || c.m.each == "" || c.fault != "" || c.keyed || c.m.typ != r.as.typ || c.m.source != b.reading.m.source || c.m.keyText != r.value || !c.tellsOwnKey() {
		return false
	}
	for _, o := range c.m.key.fields() {
		if text := c.scopes[1].fields[o.text]; o.up == 0 && !at[len(at)-1].set(o.text, text) {
			return false
		}
	}
	b.explain(b.reading, r.at, r.value, " <- ", v.Path(), ", which stands in ", strconv.Quote(c.name))
	b.reading.brings = append(b.reading.brings, c)
	return true
}

// bring adds a resource to a record; its key is known with that.
func (b *Back) bring(c *piece, record *Returned) {
	c.brought = true
	own := *c // each record is proved by itself
	r := b.beside(c, record)
	if own.key, own.keyed = own.m.key.read(r); !own.keyed {
		b.refuse(c, "", noRecord+c.m.source+" it belongs to")
		return
	}
	b.add(&own, record)
}

// beside is a run in which a resource stands in a record, with what it says of that.
func (b *Back) beside(c *piece, record *Returned) *run {
	with := &Returned{fields: maps.Clone(record.fields), groups: record.groups}
	maps.Copy(with.fields, c.scopes[0].fields)
	return b.over(append([]*Returned{with}, c.scopes[1:]...)...)
}

// attach adds resources that do not say of which record they are, and to which no other
// refers: to every record that agrees with what one says, where it tells its own key, and
// else to the only one. Where two would be one part of a record, neither is.
func (b *Back) attach(parts []*piece) {
	if len(parts) == 0 {
		return
	}
	type part struct {
		record   *Returned
		typ, key string
	}
	where, taken := map[*piece][]part{}, map[part]int{}
	saying := b.saying()
	for _, p := range parts {
		for _, record := range saying.agree(p.m.source, p.scopes[0]) {
			r := b.beside(p, record)
			if key, ok := p.m.key.read(r); ok && p.m.when.mayHold(r) {
				where[p] = append(where[p], part{record, p.m.typ, key})
				taken[part{record, p.m.typ, key}]++
			}
		}
	}
	for _, p := range parts {
		switch at := where[p]; {
		case len(at) == 0:
			b.refuse(p, "", noRecord+p.m.source+" it belongs to")
		case len(at) > 1 && !p.keyed:
			b.refuse(p, "", "several records of "+p.m.source+" may have it, and it does not say which")
		case slices.ContainsFunc(at, func(in part) bool { return taken[in] > 1 }):
			b.refuse(p, "", "another resource has the same key")
		default:
			for _, in := range at {
				b.bring(p, in.record)
			}
		}
	}
}

// sayings are records by what they say: by source, field and text.
type sayings map[[3]string][]*Returned

func (b *Back) saying() sayings {
	all := sayings{}
	for _, record := range b.Records {
		for name, text := range record.fields {
			at := [3]string{record.Source, name, text}
			all[at] = append(all[at], record)
		}
	}
	return all
}

// agree are the records of a source that say something as another does, and nothing otherwise.
func (s sayings) agree(source string, o *Returned) (found []*Returned) {
	seen := map[*Returned]bool{}
	for _, name := range o.Fields() {
		for _, record := range s[[3]string{source, name, o.fields[name]}] {
			if !seen[record] && !record.contradicts(o) {
				found = append(found, record)
			}
			seen[record] = true
		}
	}
	return found
}

// contradicts reports whether a record says something otherwise than another.
func (r *Returned) contradicts(o *Returned) bool {
	for name, text := range o.fields {
		if own, has := r.fields[name]; has && own != text {
			return true
		}
	}
	return false
}

// readMintLine reads `mint FIELD`: a field of the key that FHIR never holds, and that is
// made on the way back.
func (p *parser) readMintLine(b syntax.Block, m *resourceMap) {
	p.NoBody(b)
	t := b.Head.Tokens
	if len(t) != 2 || m.way != both {
		p.Fail(b.Head, t[0], "a line of a map that runs both ways is: mint FIELD, with a field of its key")
		return
	}
	r := p.newRule(b.Head)
	r.value, r.from, r.way, r.mint = t[1].Text, p.field(b.Head, t[1]), backward, &operand{}
	if r.from.kind != field || r.from.up > 0 {
		p.Fail(b.Head, t[1], "what is minted is a field of the record itself")
		return
	}
	at := p.absolute(&r.from)
	p.given[at], p.source.given[at], p.source.minted[at] = giver{leaf: &node{}, at: b.Head.Place}, true, true
	m.mints = append(m.mints, r)
}

// attached is a map of a group whose resources do not say whose they are.
type attached struct {
	m    *resourceMap
	at   syntax.Place
	lack string // a field of the key that does not return
}

// attaching asks that another resource refers to such ones as parts of its own record.
func (p *parser) attaching() {
	for _, name := range p.program.Sources() {
		for _, a := range p.program.of(name).attached {
			if !p.program.of(name).refers[[2]string{a.m.typ, a.m.keyText}] {
				p.FailAt(a.at, a.lack+" is of the key and does not return: an identifier or a reference gives it back, with <->, or a resource that does refers to this one by its key, with <->")
			}
		}
	}
}
