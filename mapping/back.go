package mapping

import (
	"crypto/sha256"
	"encoding/base32"
	"slices"
	"strconv"
	"strings"

	"cpagateway/profiles/fhir"
)

// Back is what came back from resources. Every resource given is one that a
// record of Records came back from, or one of those that Faults name.
type Back struct {
	Records []*Returned
	Faults  []Fault // of the resources that no record can hold; Row is the position, from 1
	Read    int
	Refused int
	Dropped map[string]int // path of an element -> values that no record holds
	Minted  map[string]int // SOURCE.FIELD -> keys that were made because the resources hold none
	Added   map[string]int // path of an element -> values that the records say and the resources do not

	program *Program
	env     Env
	given   map[string]fhir.Value // by Type/id
	entries map[string]int        // by Type/id: the position, from 0
	reading string                // Type/id of the resource being read
	parts   map[string]*piece     // by Type/id
	records map[[2]string]*Returned
	ids     map[[2]string]string // by type and key
	refused map[int]bool         // by position, from 0
}

// piece is what one resource says of a record.
type piece struct {
	m       *resourceMap
	scopes  []*Returned // the record, and that of the group where the map has one
	key     string
	keyed   bool
	minted  []minted
	reading bool   // is being read: a reference to it says nothing yet
	fault   string // why it says nothing
	at      string // where that is
}

// minted is a key that was made, and its field as SOURCE.FIELD.
type minted struct{ field, key string }

// notReturned stands in a reference for the id of what did not come back.
const notReturned = "not-returned"

// Back reads resources as what the maps that run both ways made of records, and
// gives these. It looks at nothing but the resources. Call Prove before the
// records are used.
func (p *Program) Back(env Env, resources []fhir.Value) *Back {
	b := &Back{
		Read: len(resources), Dropped: map[string]int{}, Added: map[string]int{}, Minted: map[string]int{},
		program: p, env: env, given: map[string]fhir.Value{}, entries: map[string]int{}, parts: map[string]*piece{},
		records: map[[2]string]*Returned{}, ids: map[[2]string]string{}, refused: map[int]bool{},
	}
	for i, v := range resources {
		name := v.Type() + "/" + v.ID()
		if other, twice := b.given[name]; twice {
			if string(other.Raw()) != string(v.Raw()) {
				b.refuse(i, v, "", "another resource has the same id and says something else")
			}
			continue
		}
		b.given[name], b.entries[name] = v, i
	}
	for i, v := range resources {
		if b.given[v.Type()+"/"+v.ID()] == v {
			b.place(i, v)
		}
	}
	return b
}

func (b *Back) refuse(entry int, v fhir.Value, at, reason string) {
	b.Refused++
	b.refused[entry] = true
	name, line := v.Type()+"/"+v.ID(), place{file: "-"}
	if p := b.parts[name]; p != nil && p.m != nil {
		line = p.m.rule.at
	}
	b.explain(name, line, "not representable: ", at, ": ", reason)
	at = strings.TrimPrefix(at, v.Path()+".")
	b.Faults = append(b.Faults, Fault{At: Position{File: v.Type(), Row: entry + 1, Field: at}, Rule: "not-representable", Reason: reason})
}

// place adds what a resource says to its record.
func (b *Back) place(entry int, v fhir.Value) {
	p := b.piece(v.Type() + "/" + v.ID())
	if p.fault == "" && !p.keyed {
		p.fault = "its key cannot be told: an identifier or a reference that the key is made of is missing"
	}
	if p.fault != "" {
		b.refuse(entry, v, p.at, p.fault)
		return
	}
	home := b.program.home(p.m.source)
	own, ok := home.key.read(&run{env: b.env, scopes: []around{{p.scopes[0], 1}}})
	if !ok {
		b.refuse(entry, v, "", "it does not say which record of "+p.m.source+" it belongs to")
		return
	}
	record := b.records[[2]string{p.m.source, own}]
	if record == nil {
		record = newReturned()
		record.Source = p.m.source
		b.records[[2]string{p.m.source, own}] = record
		b.Records = append(b.Records, record)
	}
	if disputed := record.take(p.scopes[0], b.program.of(p.m.source).keys, ""); disputed != "" {
		b.refuse(entry, v, "", "another resource says otherwise of "+disputed)
		return
	}
	record.from = append(record.from, claim{entry, p.m.typ, p.key, v, p.m.rule.at, p.minted})
	b.ids[[2]string{p.m.typ, p.key}] = v.ID()
}

// key is the key of a resource that was given.
func (b *Back) key(typ, id string) (string, bool) {
	if _, ok := b.given[typ+"/"+id]; !ok {
		return "", false
	}
	p := b.piece(typ + "/" + id)
	return p.key, p.keyed && !p.reading
}

// piece reads a resource, once.
func (b *Back) piece(name string) *piece {
	if p := b.parts[name]; p != nil {
		return p
	}
	p := &piece{reading: true}
	b.parts[name] = p
	defer func() { p.reading = false }()
	v := b.given[name]
	p.m, p.at = b.program.mapOf(v)
	if p.m == nil {
		p.fault = "no map that runs both ways makes a " + v.Type() + " like this"
		return p
	}
	outer := b.reading
	b.reading = name
	defer func() { b.reading = outer }()
	b.explain(name, p.m.rule.at, p.m.source, " <- ", name)
	p.scopes = []*Returned{newReturned()}
	if p.m.each != "" {
		p.scopes = append(p.scopes, newReturned())
	}
	if p.at = b.members(p.m.root, v, p.scopes); p.at != "" {
		p.fault = "two places say different things of one field, or two elements have one key"
		return p
	}
	if p.m.each != "" {
		p.scopes[0].groups[p.m.each] = []*Returned{p.scopes[1]}
	}
	r := run{env: b.env}
	for _, scope := range p.scopes {
		r.enter(scope, 1)
	}
	if p.key, p.keyed = p.m.key.read(&r); !p.keyed && v.ID() != "" {
		b.mint(p, v)
		p.key, p.keyed = p.m.key.read(&r)
	}
	return p
}

// mint gives the fields of a key texts where the resource holds none: made of what
// the resource is called, so that each run makes the same, and for one system alone.
func (b *Back) mint(p *piece, v fhir.Value) {
	at := p.scopes[len(p.scopes)-1]
	for _, r := range p.m.mints {
		o := r.from.fields()[0]
		if _, has := at.fields[o.text]; has {
			continue
		}
		text, ok := r.mint.read(&run{env: b.env})
		if r.mint.kind == nothing {
			sum := sha256.Sum256([]byte(strings.Join([]string{b.env.Source, b.env.Custodian, p.m.source, v.Type(), v.ID()}, "\x00")))
			text, ok = base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(sum[:mintedBytes]), true
			p.minted = append(p.minted, minted{joinPath(p.m.source, joinPath(p.m.each, o.text)), text})
		}
		if ok && at.set(o.text, text) {
			b.explain(b.reading, r.at, o.text, " is minted: ", strconv.Quote(text))
		}
	}
}

// mintedBytes become 20 characters, which is what a local identifier may have.
const mintedBytes = 12

// explain tells one step of a resource, called by TYPE/ID, where somebody asked for it.
func (b *Back) explain(name string, at place, words ...string) {
	if b.env.Explain != nil {
		b.env.Explain(Position{File: name, Row: b.entries[name] + 1}, at.String(), strings.Join(words, ""))
	}
}

// mapOf finds the map that makes resources like this one; where there is none, at
// is where the last one asked makes something else.
func (p *Program) mapOf(v fhir.Value) (m *resourceMap, at string) {
	for _, source := range p.Sources() {
		for _, m := range p.of(source).maps {
			if m.way != both || m.typ != v.Type() {
				continue
			}
			unlike := m.root.unlike(v, "")
			if unlike == "" {
				return m, ""
			}
			at = unlike
		}
	}
	return nil, at
}

// home is the map whose key tells the records of a source apart.
func (p *Program) home(source string) *resourceMap {
	maps := p.of(source).maps
	return maps[max(0, slices.IndexFunc(maps, func(m *resourceMap) bool { return m.way == both && m.each == "" }))]
}

// members reads an object. The path of what contradicts itself comes back.
func (b *Back) members(n *node, v fhir.Value, at []*Returned) string {
	for _, m := range n.members {
		if fault := b.value(m, v.Get(m.name()), at); fault != "" {
			return fault
		}
	}
	return ""
}

func (b *Back) value(n *node, v fhir.Value, at []*Returned) string {
	switch {
	case !v.Exists():
	case n.shape == leaf:
		return b.leaf(n, v, at)
	case n.shape == list:
		return b.list(n, v, at)
	default:
		return b.members(n, v, at)
	}
	return ""
}

// leaf gives a value to the first rule that could have written it. A constant that
// could have is the one that did: it stands for a blank field.
func (b *Back) leaf(n *node, v fhir.Value, at []*Returned) string {
	for _, r := range n.rules {
		if r.from.isFixed() && r.way != backward && r.couldWrite(v) {
			return ""
		}
	}
	for _, r := range n.rules {
		if !r.returns() || r.way == both && !r.couldWrite(v) {
			continue
		}
		text, ok := b.text(r, v)
		if !ok {
			b.explain(b.reading, r.at, r.value, " cannot be told from ", v.Path())
			continue
		}
		if !r.from.give(b.env, text, at) {
			return v.Path()
		}
		b.explain(b.reading, r.at, r.value, " <- ", v.Path(), ": ", strconv.Quote(text))
		if r.from.kind == field && literals[r.as.operation].pattern != nil {
			at[len(at)-1-r.from.up].literals[r.from.text] = true
		}
		return ""
	}
	return ""
}

// list gives each element to the first node that could have made it. Those of no
// node are left to Prove, which finds that no record holds them.
func (b *Back) list(n *node, v fhir.Value, at []*Returned) string {
	used := map[*node]bool{}
	for element := range v.Each() {
		taken := false
		for _, m := range n.members {
			if used[m] || m.unlike(element, "") != "" || m.scope != nil && m.scope.first {
				continue
			}
			used[m] = m.scope == nil
			if fault := b.element(m, element, at); fault != "" {
				return fault
			}
			taken = true
			break
		}
		if !taken {
			b.explain(b.reading, n.at, element.Path(), ": no line makes an element like this")
		}
	}
	return ""
}

func (b *Back) element(n *node, v fhir.Value, at []*Returned) string {
	if n.scope == nil {
		return b.value(n, v, at)
	}
	if n.scope.way != both {
		return ""
	}
	record := newReturned()
	if fault := b.value(n, v, append(slices.Clone(at), record)); fault != "" {
		return fault
	}
	outer := at[len(at)-1]
	if len(record.fields)+len(record.groups) == 0 {
		return ""
	}
	if by := n.scope.by; by != "" && outer.find(n.scope.group, by, record) != nil {
		return v.Path()
	}
	outer.groups[n.scope.group] = append(outer.groups[n.scope.group], record)
	return ""
}
