package mapping

import (
	"cmp"
	"crypto/sha256"
	"encoding/base32"
	"slices"
	"strconv"
	"strings"

	"cpagateway/mapping/syntax"
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
	parts   map[string]*piece // by Type/id
	reading *piece            // the one being read
	told    map[int]bool      // entries that a fault names
	records map[[2]string]*Returned
	ids     map[[2]string]string // by type and key
}

// piece is one resource that was given, and what it says of a record.
type piece struct {
	entry   int // from 0
	name    string
	value   fhir.Value
	m       *resourceMap
	scopes  []*Returned // the record, and that of the group where the map has one
	key     string
	keyed   bool
	minted  []minted
	brings  []*piece // parts of its record to which it refers, and which do not say whose they are
	brought bool
	state   readState // while it is being read, a reference to it says nothing
	fault   string    // why it says nothing
	at      string    // where that is
	refused bool
	account *comparison
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
		program: p, env: env, parts: map[string]*piece{}, records: map[[2]string]*Returned{}, ids: map[[2]string]string{}, told: map[int]bool{},
	}
	var pieces []*piece
	for i, v := range resources {
		part := &piece{entry: i, name: v.Type() + "/" + v.ID(), value: v}
		if other := b.parts[part.name]; other == nil {
			b.parts[part.name] = part
			pieces = append(pieces, part)
		} else if string(other.value.Raw()) != string(v.Raw()) {
			b.refuse(part, "", "another resource has the same id and says something else")
		}
	}
	var shared []*piece
	for _, part := range pieces {
		if !b.place(part) {
			shared = append(shared, part)
		}
	}
	b.join(shared)
	b.Strike(b.halves(pieces))
	return b
}

// halves are the records of resources that could not be read: without what these say each
// would be half of one.
func (b *Back) halves(pieces []*piece) map[*Returned]string {
	halves := map[*Returned]string{}
	for _, p := range pieces {
		if p.m == nil || p.fault == "" {
			continue
		}
		if own, ok := b.ownKey(p); ok && b.records[own] != nil {
			halves[b.records[own]] = recordStruck
		}
	}
	return halves
}

const recordStruck = "the record that it came from is not written, for the reason given with its other resources"

// ownKey is the key of the record that a resource says it is of, where it does.
func (b *Back) ownKey(p *piece) (own [2]string, ok bool) {
	from := b.program.of(p.m.source)
	key, ok := cmp.Or(from.home(), from.maps[0]).key.read(b.over(p.scopes[0]))
	return [2]string{p.m.source, key}, ok
}

// refuse names a resource in a fault, once: several records may have it.
func (b *Back) refuse(p *piece, at, reason string) {
	p.refused = true
	if b.told[p.entry] {
		return
	}
	b.told[p.entry] = true
	b.Refused++
	b.explain(p, p.line(), "not representable: ", at, ": ", reason)
	at = strings.TrimPrefix(at, p.value.Path()+".")
	b.Faults = append(b.Faults, Fault{At: Position{File: p.value.Type(), Row: p.entry + 1, Field: at}, Rule: "not-representable", Reason: reason})
}

// line is that of the map, where there is one.
func (p *piece) line() syntax.Place {
	if p.m == nil {
		return syntax.Place{File: "-"}
	}
	return p.m.rule.at
}

// place adds what a resource says to its record; false where it does not say which that
// is, as of a person or a professional who stands in several.
func (b *Back) place(p *piece) bool {
	b.read(p)
	if p.fault == "" && !p.keyed && !p.tellsOwnKey() {
		p.fault = "its key cannot be told: an identifier or a reference that the key is made of is missing"
	}
	if p.fault != "" {
		b.refuse(p, p.at, p.fault)
		return true
	}
	own, ok := b.ownKey(p)
	if !ok {
		return false
	}
	record := b.records[own]
	if record == nil {
		record = newReturned()
		record.Source = p.m.source
		b.records[own] = record
		b.Records = append(b.Records, record)
	}
	b.add(p, record)
	for _, part := range p.brings {
		b.bring(part, record)
	}
	return true
}

// add puts what a resource says into a record.
func (b *Back) add(p *piece, record *Returned) {
	if disputed := record.take(p.scopes[0], b.program.of(p.m.source).keys, ""); disputed != "" {
		b.refuse(p, "", "another resource says otherwise of "+disputed)
		return
	}
	record.from = append(record.from, p)
	b.ids[[2]string{p.m.typ, p.key}] = p.value.ID()
}

// join puts what resources say into every record that their key is of: it refers to
// them. What one brings may say the key of the next.
func (b *Back) join(left []*piece) {
	whole := func(p *piece) bool { return p.m.each == "" && p.keyed }
	parts := slices.DeleteFunc(slices.Clone(left), whole)
	left = b.apart(slices.DeleteFunc(left, func(p *piece) bool { return !whole(p) }))
	for joined := true; joined; {
		joined = false
		referring := map[*resourceMap]map[string][]*Returned{}
		waiting := left
		left = nil
		for _, p := range waiting {
			if referring[p.m] == nil {
				referring[p.m] = b.referring(p.m)
			}
			records := referring[p.m][p.key]
			if len(records) == 0 {
				left = append(left, p)
			}
			for _, record := range records {
				joined = true
				own := *p // each record is proved by itself
				b.add(&own, record)
			}
		}
	}
	for _, p := range left {
		b.refuse(p, "", noRecord+p.m.source+" it belongs to")
	}
	b.attach(slices.DeleteFunc(parts, func(p *piece) bool { return p.brought }))
}

const noRecord = "it does not say which record of "

// apart refuses resources of which several have one key: which of them a record means
// cannot be told.
func (b *Back) apart(shared []*piece) (left []*piece) {
	keys := map[[2]string]int{}
	for _, p := range shared {
		keys[[2]string{p.m.typ, p.key}]++
	}
	for _, p := range shared {
		if keys[[2]string{p.m.typ, p.key}] > 1 {
			b.refuse(p, "", "another resource has the same key")
		} else {
			left = append(left, p)
		}
	}
	return left
}

// referring are the records by the keys that they have for a map.
func (b *Back) referring(m *resourceMap) map[string][]*Returned {
	found := map[string][]*Returned{}
	for _, record := range b.Records {
		if record.Source != m.source {
			continue
		}
		if key, ok := m.key.read(b.over(record)); ok {
			found[key] = append(found[key], record)
		}
	}
	return found
}

// key is the key of a resource that was given.
func (b *Back) key(typ, id string) (string, bool) {
	p := b.parts[typ+"/"+id]
	if p == nil {
		return "", false
	}
	b.read(p)
	return p.key, p.keyed && p.state == done
}

// readState is how far a resource has been read.
type readState uint8

const (
	unread readState = iota
	underway
	done
)

// read reads a resource, once.
func (b *Back) read(p *piece) {
	if p.state != unread {
		return
	}
	outer := b.reading
	b.reading, p.state = p, underway
	defer func() { b.reading, p.state = outer, done }()
	if p.m, p.at = b.program.mapOf(p.value); p.m == nil {
		p.fault = "no map that runs both ways makes a " + p.value.Type() + " like this"
		return
	}
	b.explain(p, p.line(), p.m.source, " <- ", p.name)
	p.scopes = []*Returned{newReturned()}
	if p.m.each != "" {
		p.scopes = append(p.scopes, newReturned())
	}
	if p.at = b.members(p.m.root, p.value, p.scopes); p.at != "" {
		p.fault = "two places say different things of one field, or two elements have one key"
		return
	}
	if p.m.each != "" {
		p.scopes[0].groups[p.m.each] = []*Returned{p.scopes[1]}
	}
	r := b.over(p.scopes...)
	if p.key, p.keyed = p.m.key.read(r); !p.keyed && p.value.ID() != "" {
		b.mint(p)
		p.key, p.keyed = p.m.key.read(r)
	}
}

// over is a run in which records stand, each in the group of the one before.
func (b *Back) over(records ...*Returned) *run {
	r := &run{env: b.env}
	for _, record := range records {
		r.enter(record, 1)
	}
	return r
}

// mint gives the fields of a key texts where the resource holds none: made of what
// the resource is called, so that each run makes the same, and for one system alone.
func (b *Back) mint(p *piece) {
	at := p.scopes[len(p.scopes)-1]
	for _, r := range p.m.mints {
		o := r.from.fields()[0]
		if _, has := at.fields[o.text]; has {
			continue
		}
		text, ok := r.mint.read(b.over())
		if r.mint.kind == nothing {
			sum := sha256.Sum256([]byte(strings.Join([]string{b.env.Source, b.env.Custodian, p.m.source, p.value.Type(), p.value.ID()}, "\x00")))
			text, ok = base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(sum[:mintedBytes]), true
			p.minted = append(p.minted, minted{syntax.JoinPath(p.m.source, syntax.JoinPath(p.m.each, o.text)), text})
		}
		if ok && at.set(o.text, text) {
			b.explain(p, r.at, o.text, " is minted: ", strconv.Quote(text))
		}
	}
}

// mintedBytes become 20 characters, which is what a local identifier may have.
const mintedBytes = 12

// explain tells one step of a resource, called by TYPE/ID, where somebody asked for it.
func (b *Back) explain(p *piece, at syntax.Place, words ...string) {
	if b.env.Explain != nil {
		b.env.Explain(Position{File: p.name, Row: p.entry + 1}, at.String(), strings.Join(words, ""))
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
		if b.adopts(r, v, at) {
			return ""
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
	same := outer.find(n.scope.group, n.scope.by, record)
	if same == nil {
		record.blocks = []*node{n}
		outer.join(n.scope.group, record)
		return ""
	}
	// What another block says of it joins it; a second element of this one has its key.
	if slices.Contains(same.blocks, n) || same.take(record, b.program.of(b.reading.m.source).keys, n.scope.path) != "" {
		return v.Path()
	}
	same.blocks = append(same.blocks, n)
	outer.know(n.scope.group, same)
	return ""
}
