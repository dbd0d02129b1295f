package mapping

import (
	"maps"
	"slices"
	"strings"

	"cpagateway/mapping/codes"
	"cpagateway/mapping/syntax"
	"cpagateway/profiles"
	"cpagateway/profiles/fhir"
)

// Program is a compiled set of map files. It is safe for concurrent use.
type Program struct {
	sources map[string]*source
	tables  map[string]*codes.Table
	fields  map[string]*Field // by their names
	fixed   int               // number of the last node that writes the same in every record
	version string

	noColumns syntax.Faults
}

// Version tells these maps from all others, by what their files say.
func (p *Program) Version() string { return p.version }

// Tables are the names of the code tables, sorted.
func (p *Program) Tables() []string { return slices.Sorted(maps.Keys(p.tables)) }

// Table is a code table by its name, nil where there is none.
func (p *Program) Table(name string) *codes.Table { return p.tables[name] }

// source is what the maps know of the records that they read under one name.
type source struct {
	maps     []*resourceMap
	settings *settings // of the file in which its first map stands
	reads    reads
	columns  []Column
	join     Join
	keys     map[string]string // path of a group -> the field that tells its records apart
	given    map[string]bool   // paths of fields that return
	forms    map[string]written
	repeats  []repeated
	derives  []reading       // fields that a derive reads
	minted   map[string]bool // paths of fields that FHIR never holds, and that are made on the way back
	attached []attached
	refers   map[[2]string]bool // type and key of a reference that returns
}

// home is the map whose key tells the records of a source apart, nil where none does.
func (s *source) home() *resourceMap {
	for _, m := range s.maps {
		if m.way == both && m.each == "" {
			return m
		}
	}
	return nil
}

// reading is a field that a line of a map reads.
type reading struct {
	path string
	at   syntax.Place
}

// of a source that no map names nothing is known.
func (p *Program) of(name string) *source {
	if s := p.sources[name]; s != nil {
		return s
	}
	return &source{settings: &settings{}}
}

// resourceMap is one map block.
type resourceMap struct {
	typ    string
	source string
	way    direction
	each   string // a group of the source that makes one resource per record; "" makes one
	// repeats: more than one resource of the type may come of one record of the source.
	repeats bool
	when    *condition
	key     operand
	// keyText is the key as the map has it.
	keyText  string
	attaches bool    // a resource does not tell its key: the record that it is of is found otherwise
	mints    []*rule // what a key is made of where FHIR holds none
	person   operand
	rule     *rule // stands for the block in faults
	root     *node
	reads    reads
	open     string // what the resource begins with, up to its id
}

// Runner runs a program over the records of one extract. It reuses its memory
// from record to record and is for one goroutine.
type Runner struct {
	program *Program
	run     run
	reads   map[string]*applied // by set
	set     []byte              // a source, and which of its maps apply to the record
}

// Runner makes a runner that counts defaults in report.
func (p *Program) Runner(env Env, report *Report) *Runner {
	return &Runner{program: p, reads: map[string]*applied{}, run: run{env: env, report: report, maps: p.version, made: map[[2]string]bool{}, said: map[saying]bool{}, fixed: make([][]byte, p.fixed+1)}}
}

// run is the state of one record's run.
type run struct {
	env    Env
	report *Report
	maps   string // their version
	scopes []around
	bodies []byte // of the resources made last
	faults []Fault
	made   map[[2]string]bool // type and key
	said   map[saying]bool
	fixed  [][]byte // by number, what such a node writes, once it is known

	named     []byte // see Name
	unsure    bool   // a key cannot be read
	directory bool   // the source makes people, staff and organisations alone

	texts [64]string // that templates made

	defaults []string // of the resource that is made, the places where a default stands

	salvaging bool // see Salvage
	proving   bool // nothing is required, and blocks from which nothing returns are left out
	leaving   bool // lines that say because are left out
	excusing  bool // where one wrote, a second body is made without them
	excused   bool // one wrote
}

// isProof reports whether records that came back are run forward again.
func (r *run) isProof() bool { return r.proving || r.excusing }

// around is one record of the chain that ^ steps out of.
type around struct {
	record Record
	index  int // 1-based within its group
}

// Run makes the resources that the maps of a source say of one record, in the
// order of the maps. A record with a fault that is not a warning makes nothing:
// half a record is never taken. The first resource accounts for the record.
// Faults carry no Raw and resources no Fragment: the format knows how a record is
// fed in again.
func (r *Runner) Run(source string, record Record) ([]Resource, []Fault) {
	resources := r.runAll(source, record)
	if Refused(r.run.faults) {
		resources = nil
	}
	if len(resources) > 0 {
		resources[0].Records = 1
	}
	return resources, r.run.faults
}

// Salvage makes what can be made of a record that Run refuses: what cannot be
// read is left out, and a key may come twice. It is for what must be known of the
// record before it is mended; none of it accounts for the record.
func (r *Runner) Salvage(source string, record Record) []Resource {
	r.run.salvaging = true
	defer func() { r.run.salvaging = false }()
	return r.runAll(source, record)
}

func (r *Runner) runAll(source string, record Record) []Resource {
	s := &r.run
	s.faults = nil
	s.made, s.said = emptied(s.made), emptied(s.said)
	s.named, s.unsure, s.directory = s.named[:0], false, false
	readBy := r.program.of(source).maps
	if len(readBy) == 0 {
		return nil
	}
	s.directory = !slices.ContainsFunc(readBy, func(m *resourceMap) bool { return s.own(m.typ) })
	resources := make([]Resource, 0, len(readBy))
	for _, m := range readBy {
		s.scopes = append(s.scopes[:0], around{record, 1})
		s.hear(m, record)
		if m.each == "" {
			before := len(resources)
			if resources = s.make(m, resources); s.own(m.typ) {
				s.name(source, resources[before:])
			}
			continue
		}
		for i, element := range record.Group(m.each) {
			s.enter(element, i+1)
			resources = s.make(m, resources)
			s.leave()
		}
	}
	return resources
}

// Name is the source's own name of the record that was made last: the keys of all that is
// made of it once, and whose it is. It is given to the resources (Resource.Of) that are of
// the record alone; it is empty where a key cannot be read.
func (r *Runner) Name(made []Resource) (of string) {
	if r.run.unsure || len(r.run.named) == 0 {
		return ""
	}
	of = string(r.run.named)
	for i := range made {
		if r.run.own(made[i].Type) {
			made[i].Of = of
		}
	}
	return of
}

// own reports whether a resource of this type is of its record alone. Staff, organisations and
// a Patient, which the rows of several plans may say, are so where the source has nothing else.
func (r *run) own(typ string) bool {
	return r.directory || typ != "Patient" && !profiles.DirectoryType(typ)
}

// name adds to the name of the record what of it was made last.
func (r *run) name(source string, made []Resource) {
	for _, m := range made {
		for _, part := range []string{source, m.Type, m.Key, m.Person} {
			r.named = append(append(r.named, part...), 0)
		}
	}
}

// emptied reuses a small map; one that a large record has stretched would cost
// every later record its size.
func emptied[K comparable](m map[K]bool) map[K]bool {
	if len(m) > 64 {
		return map[K]bool{}
	}
	clear(m)
	return m
}

// Refused reports whether one of the faults is more than a warning.
func Refused(faults []Fault) bool {
	return slices.ContainsFunc(faults, func(f Fault) bool { return !f.Warning })
}

const notHeld = ": the condition does not hold: "

// make runs one map over the record in scope.
func (r *run) make(m *resourceMap, resources []Resource) []Resource {
	if m.when != nil && !m.when.holds(r) && !(r.isProof() && m.when.mayHold(r)) {
		r.explain(m.rule.at, "no ", m.typ, notHeld, m.when.text)
		return resources
	}
	key, ok := m.key.read(r)
	if !ok {
		r.unsure = true
		if !r.proving { // there nothing is required: what makes no resource is compared with none
			r.refuse(m.rule, "", "the key is blank"+m.key.blank(r)+m.unsaid())
		}
		return resources
	}
	if m.repeats && !r.salvaging {
		made := [2]string{m.typ, key}
		if r.made[made] {
			r.refuse(m.rule, key, "two parts of the record have the same key")
			return resources
		}
		r.made[made] = true
	}
	r.explain(m.rule.at, m.typ, " ", key)
	resources = append(resources, Resource{Type: m.typ, Key: key, ID: r.env.ID(m.typ, key), From: r.record(0).At(""), Maps: r.maps})
	res := &resources[len(resources)-1]
	r.defaults = nil
	if m.person.kind != nothing {
		res.Person, _ = m.person.read(r)
		res.PersonAt = m.person.at(r)
	}
	r.excused = false
	res.Body = r.body(m, res.ID)
	res.Defaulted = r.defaults
	if r.excusing && r.excused {
		r.leaving = true
		res.without, r.leaving = r.body(m, res.ID), false
	}
	return resources
}

// unsaid says what is lost with a key until the record is mended: without one nobody could
// find a wish again.
func (m *resourceMap) unsaid() string {
	if m.typ != "Consent" {
		return ""
	}
	return "; what the record says on sharing is not taken without it"
}

// Bodies are written one behind the other, into pieces of memory that several share: each
// by itself would cost the collector more than its writing costs.
const (
	bodySpace = 32 << 10
	leastRoom = 3 << 10
)

func (r *run) body(m *resourceMap, id string) []byte {
	if cap(r.bodies)-len(r.bodies) < leastRoom {
		r.bodies = make([]byte, 0, bodySpace)
	}
	start := len(r.bodies)
	b := fhir.AppendString(append(r.bodies, m.open...), id)
	for _, member := range m.root.inner {
		b = member.append(b, r)
	}
	r.bodies = append(b, '}')
	return r.bodies[start:len(r.bodies):len(r.bodies)]
}

// explain tells one step, where somebody asked for it.
func (r *run) explain(at syntax.Place, words ...string) {
	if r.env.Explain != nil {
		r.env.Explain(r.scopes[0].record.At(""), at.String(), strings.Join(words, ""))
	}
}

func (r *run) record(up int) Record    { return r.scopes[len(r.scopes)-1-up].record }
func (r *run) enter(rec Record, i int) { r.scopes = append(r.scopes, around{rec, i}) }
func (r *run) leave()                  { r.scopes = r.scopes[:len(r.scopes)-1] }

func (r *run) defaulted(target string) {
	if r.report.Defaulted == nil {
		r.report.Defaulted = map[string]int{}
	}
	r.report.Defaulted[target]++
	if !slices.Contains(r.defaults, target) {
		r.defaults = append(r.defaults, target)
	}
}

// refuse notes that the record cannot be taken.
func (r *run) refuse(rule *rule, value, reason string) {
	r.fault(rule, Fault{Value: value, Reason: reason})
}

// warn notes something that the record was taken in spite of.
func (r *run) warn(rule *rule, value, reason string) {
	r.fault(rule, Fault{Value: value, Reason: reason, Warning: true})
}

// saying is what makes two faults the same.
type saying struct {
	at            Position
	value, reason string
}

// fault notes a fault once: several maps may read the same wrong field.
func (r *run) fault(rule *rule, f Fault) {
	f.At, f.Rule = rule.from.at(r), rule.id
	if said := (saying{f.At, f.Value, f.Reason}); !r.said[said] {
		r.said[said] = true
		r.explain(rule.at, "not as it should be: ", f.Reason)
		r.faults = append(r.faults, f)
	}
}
