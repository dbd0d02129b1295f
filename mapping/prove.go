package mapping

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"cpagateway/profiles/fhir"
)

// Prove runs the records forward again, by makes, and holds the resources against
// what they make. A record of which a resource says otherwise is not one that can
// hold it: it is struck out, and a fault names the place. What resources hold
// beyond it is counted as dropped.
func (b *Back) Prove(makes func(env Env, records []*Returned) [][]Resource, faults func(record *Returned) []Fault) {
	env := b.env
	env.Explain = nil
	env.ID = func(typ, key string) string {
		if id, ok := b.ids[[2]string{typ, key}]; ok {
			return id
		}
		return notReturned
	}
	made := makes(env, b.Records)
	kept := b.Records[:0:0]
	for i, record := range b.Records {
		if b.proven(record, made[i], faults(record)) {
			kept = append(kept, record)
		}
	}
	b.Records = kept
	slices.SortStableFunc(b.Faults, func(x, y Fault) int { return cmp.Compare(x.At.Row, y.At.Row) })
}

// Prover makes a runner for Prove, which does not hold against a record what lines write
// that say because: they say already that it is lost.
func (p *Program) Prover(env Env) *Runner {
	runner := p.Runner(env, &Report{})
	runner.run.excusing = true
	return runner
}

// ProveWith is Prove for records that stand by themselves. Maps, blocks and lines that
// run forward only are asked nothing: what they read may not have returned.
func (b *Back) ProveWith(p *Program) {
	faults := map[*Returned][]Fault{}
	b.Prove(func(env Env, records []*Returned) [][]Resource {
		runner, made := p.bothWays().Runner(env, &Report{}), make([][]Resource, len(records))
		runner.run.proving, runner.run.leaving = true, true
		for i, record := range records {
			made[i], faults[record] = runner.Run(record.Source, record)
		}
		return made
	}, func(record *Returned) []Fault { return faults[record] })
}

// bothWays is the program without the maps that run forward only.
func (p *Program) bothWays() *Program {
	other := &Program{sources: map[string]*source{}, tables: p.tables}
	for name, s := range p.sources {
		own := *s
		own.maps = slices.DeleteFunc(slices.Clone(s.maps), func(m *resourceMap) bool { return m.way != both })
		other.sources[name] = &own
	}
	return other
}

func (b *Back) proven(record *Returned, made []Resource, faults []Fault) bool {
	holds := true
	refused := slices.IndexFunc(faults, func(f Fault) bool { return !f.Warning })
	for _, p := range record.from {
		reason, at := "", ""
		p.account = b.comparison(p)
		i := slices.IndexFunc(made, func(r Resource) bool { return r.Type == p.m.typ && r.Key == p.key })
		switch {
		case refused >= 0:
			reason, at = "the record that it came from would be refused: "+faults[refused].Reason, faults[refused].At.Field
		case i < 0:
			reason = "the record that holds it would not make it again: a condition of the map is not met"
		default:
			if at = b.contradiction(p, made[i].Body); at != "" && made[i].without != nil {
				p.account = b.comparison(p)
				at = b.contradiction(p, made[i].without)
			}
			if at != "" {
				reason = "the record cannot say this: it would say something else"
			}
		}
		if reason != "" {
			b.refuse(p, at, reason)
			holds = false
		}
	}
	if !holds {
		b.strike(record, recordStruck)
		return false
	}
	for _, p := range record.from {
		p.account.close()
	}
	return true
}

// contradiction holds a resource against what is made again: where they differ first.
func (b *Back) contradiction(p *piece, made []byte) (at string) {
	if v, err := fhir.ParseResource(made); err == nil {
		p.account.resource(p.value, v)
	}
	return p.account.contradiction
}

// strike refuses the other resources of a record that is not kept.
func (b *Back) strike(record *Returned, reason string) {
	for _, p := range record.from {
		if !p.refused {
			b.refuse(p, "", reason)
		}
	}
}

// Strike takes out records that a format cannot write after all, each for its reason.
func (b *Back) Strike(reasons map[*Returned]string) {
	b.Records = slices.DeleteFunc(b.Records, func(record *Returned) bool {
		reason, struck := reasons[record]
		if struck {
			b.strike(record, reason)
		}
		return struck
	})
}

// comparison holds what came in against what is made again.
type comparison struct {
	back           *Back
	piece          *piece
	contradiction  string // where they differ first
	dropped, added map[string]int
}

func (b *Back) comparison(p *piece) *comparison {
	return &comparison{back: b, piece: p, dropped: map[string]int{}, added: map[string]int{}}
}

// close adds to the account of the run.
func (c *comparison) close() {
	b, p := c.back, c.piece
	add(b.Dropped, c.dropped)
	add(b.Added, c.added)
	for _, m := range p.minted {
		b.Minted[m.field]++
	}
	for _, path := range slices.Sorted(maps.Keys(c.dropped)) {
		b.explain(p, p.line(), "dropped: ", path)
	}
	for _, path := range slices.Sorted(maps.Keys(c.added)) {
		b.explain(p, p.line(), "added: ", path)
	}
	b.explain(p, p.line(), "returns")
}

func add(to, counts map[string]int) {
	for path, n := range counts {
		to[path] += n
	}
}

// resource compares but for what is the store's or the gateway's own.
func (c *comparison) resource(given, made fhir.Value) {
	typ := given.Type()
	for name, v := range given.Members() {
		if name != "id" && name != "meta" && name != "text" && name != "resourceType" {
			c.value(v, made.Get(name), typ+"."+name)
		}
	}
	for name, v := range made.Members() {
		if name != "id" && !given.Get(name).Exists() {
			count(c.added, typ+"."+name, v, nil)
		}
	}
}

func (c *comparison) value(given, made fhir.Value, path string) {
	switch {
	case c.contradiction != "":
	case !made.Exists():
		count(c.dropped, path, given, nil)
	case given.Kind() == fhir.Object && made.Kind() == fhir.Object:
		for name, v := range given.Members() {
			c.value(v, made.Get(name), path+"."+name)
		}
		for name, v := range made.Members() {
			if !given.Get(name).Exists() {
				count(c.added, path+"."+name, v, nil)
			}
		}
	case given.Kind() == fhir.Array && made.Kind() == fhir.Array:
		c.lists(given, made, path)
	case !c.same(given, made):
		c.contradiction = given.Path()
	}
}

// lists finds for each element that is made again one that it agrees with. It looks on
// from the one found last, since both mostly stand in one order: what is dropped between
// them is not gone through for each.
func (c *comparison) lists(given, made fhir.Value, path string) {
	left, next := slices.Collect(given.Each()), 0
	for m := range made.Each() {
		found := -1
		for i := range left {
			at := (next + i) % len(left)
			try := c.back.comparison(c.piece)
			if try.value(left[at], m, path); try.contradiction == "" {
				found = at
				add(c.dropped, try.dropped)
				add(c.added, try.added)
				break
			}
		}
		if found < 0 {
			if len(left) > 0 && !c.holdsMinted(m) {
				c.contradiction = left[0].Path()
				return
			}
			count(c.added, path, m, nil)
			continue
		}
		left, next = slices.Delete(left, found, found+1), found
	}
	for _, g := range left {
		count(c.dropped, path, g, nil)
	}
}

// holdsMinted reports whether an element is there for a key that was made: it stands
// beside what the resource says, and not against it.
func (c *comparison) holdsMinted(v fhir.Value) bool {
	return slices.ContainsFunc(c.piece.minted, func(m minted) bool { return strings.Contains(string(v.Raw()), m.key) })
}

// same compares scalars. Two ways of writing one moment are one.
func (c *comparison) same(given, made fhir.Value) bool {
	if given.Kind() != fhir.String || made.Kind() != fhir.String {
		return given.Kind() == made.Kind() && string(given.Raw()) == string(made.Raw())
	}
	if given.Text() == made.Text() {
		return true
	}
	if strings.HasSuffix(made.Text(), "/"+notReturned) {
		p := c.back.parts[given.Text()]
		return p == nil || p.m == nil // nothing says what its key is
	}
	x, err := time.Parse(time.RFC3339Nano, given.Text())
	y, also := time.Parse(time.RFC3339Nano, made.Text())
	return err == nil && also == nil && x.Equal(y)
}
