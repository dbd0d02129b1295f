package mapping

import "cpagateway/mapping/syntax"

// rule joins a source value with a target.
type rule struct {
	id       string // as faults name it: rule ID, or file:line
	at       syntax.Place
	value    string // as the map has it
	target   string
	from     operand
	as       conversion
	when     *condition
	way      direction
	because  string // why a rule that runs forward only does not return
	required bool
	keyed    bool     // the value is another resource's key
	mint     *operand // what its field gets where FHIR holds no key; nothing asks for a new key
	settings *settings
}

// arrows are the words between a value and its target.
var arrows = map[string]direction{"->": forward, "<->": both, "<-": backward}

// arrowIn finds the arrow of a line.
func arrowIn(tokens []syntax.Token) (at int, way direction) {
	if at = syntax.ArrowIn(tokens); at >= 0 {
		way = arrows[tokens[at].Text]
	}
	return at, way
}

const mapForm = "a map is: map SOURCE <-> TYPE, or -> where it runs forward only; before the arrow perhaps: each GROUP by FIELD, and at the end: when CONDITION"

// readMap reads `map SOURCE [each GROUP [by FIELD]] ARROW TYPE [when CONDITION]` and its body.
func (p *parser) readMap(b syntax.Block) {
	head := b.Head.Tokens
	arrow, way := arrowIn(head)
	if arrow < 2 || way == backward || len(head) < arrow+2 || !syntax.IsName(head[1].Text) || !typePattern.MatchString(head[arrow+1].Text) ||
		arrow > 2 && head[2].Text != "each" || !isGroup(head[min(3, arrow):arrow]) && arrow > 2 {
		p.Fail(b.Head, head[0], mapForm)
		return
	}
	m := &resourceMap{typ: head[arrow+1].Text, source: head[1].Text, way: way, rule: p.newRule(b.Head), open: `{"resourceType":"` + head[arrow+1].Text + `","id":`, root: &node{shape: object, root: true, at: b.Head.Place}}
	p.way, p.given, p.twice, p.element, p.targets = way, map[string]giver{}, nil, nil, nil
	p.source = p.sourceOf(head[1].Text)
	p.scopes = []inside{{reads: &m.reads}}
	by := ""
	if arrow > 2 {
		_, m.each, _ = p.enter(b.Head, head[3])
		by = p.list(b.Head, head[3:arrow])
	}
	m.rule.from = fixed("")
	p.mints, p.outer = &m.mints, len(p.scopes)
	m.when = p.whenAt(b.Head, head, arrow+2)
	p.readBody(b.Body, m.root, m)
	p.checkElements(m)
	if m.each != "" && way == both {
		p.repeats(b.Head, m.root, by, m.when)
	}
	if m.key.kind == nothing {
		p.Fail(b.Head, head[0], "a map needs a line: key VALUE, which tells its resources apart")
	} else if way == both {
		p.checkKey(b.Head, m)
	}
	p.source.reads.merge(&m.reads)
	m.repeats = m.each != ""
	for _, other := range p.source.maps {
		if other.typ == m.typ {
			other.repeats, m.repeats = true, true
		}
	}
	p.source.maps = append(p.source.maps, m)
	if len(p.source.maps) == 1 {
		p.source.settings = p.settings
	}
}

// sourceOf is what is known of a source, from its first mention on.
func (p *parser) sourceOf(name string) *source {
	if p.program.sources[name] == nil {
		p.program.sources[name] = &source{settings: &settings{}, keys: map[string]string{}, given: map[string]bool{}, forms: map[string]written{}, minted: map[string]bool{}, refers: map[[2]string]bool{}}
	}
	return p.program.sources[name]
}

// isGroup reports whether tokens are GROUP or GROUP by FIELD.
func isGroup(t []syntax.Token) bool {
	return len(t) == 1 || len(t) == 3 && t[1].Text == "by" && syntax.IsName(t[2].Text)
}

// list notes the field that tells the records of the group just entered apart.
func (p *parser) list(l syntax.Line, group []syntax.Token) (by string) {
	if len(group) < 3 {
		return ""
	}
	p.source.keys[p.scopes[len(p.scopes)-1].path] = group[2].Text
	p.isColumn(l, group[2], 0, group[2].Text)
	return group[2].Text
}

// enter opens the scope of a group and returns where it is found.
func (p *parser) enter(l syntax.Line, t syntax.Token) (up int, group string, ok bool) {
	up, group, ok = p.fieldName(l, t)
	if group == "." {
		p.Fail(l, t, "a group has a name")
	}
	if up > 0 {
		// It would be gone through once for each of its siblings: time would grow with the square.
		p.Fail(l, t, "a group of a record further out cannot be gone through from here")
	}
	p.isTable(l, t, group)
	outer := p.scopes[len(p.scopes)-1]
	p.scopes = append(p.scopes, inside{outer.into(group), syntax.JoinPath(outer.path, group)})
	return up, group, ok
}

func (p *parser) leave() {
	p.scopes = p.scopes[:len(p.scopes)-1]
}

// whenAt reads the condition that may end a line from token i on.
func (p *parser) whenAt(l syntax.Line, tokens []syntax.Token, i int) *condition {
	if i == len(tokens) {
		return nil
	}
	if !tokens[i].Is("when") {
		p.Fail(l, tokens[i], "only a condition may follow here: when CONDITION")
		return nil
	}
	return p.condition(l, tokens[i+1:])
}

// readBody reads the lines of a map (m is set) or of a block in it (m is nil).
func (p *parser) readBody(body []syntax.Block, n *node, m *resourceMap) {
	for _, b := range body {
		t, word := b.Head.Tokens, b.Word()
		switch {
		case word == "key" && m != nil && m.key.kind == nothing:
			m.key, m.keyText = p.keyOf(b), syntax.TextOf(t[1:])
		case word == "mint" && m != nil:
			p.readMintLine(b, m)
		case word == "person" && m != nil && m.person.kind == nothing:
			m.person = p.keyOf(b)
		case word == "key" || word == "person":
			p.Fail(b.Head, t[0], "key and person stand once in a map, at its first indent")
		case word == "in":
			p.readIn(b, n)
		case word == "each" || word == "first":
			p.readEach(b, n)
		default:
			p.readRule(b, n)
		}
	}
}

// keyOf reads `key VALUE`. In keys and references the parts of a template are
// escaped, so that no two different parts can make the same key.
func (p *parser) keyOf(b syntax.Block) operand {
	p.NoBody(b)
	p.keyed = true
	o := p.expression(b.Head, b.Head.Tokens[1:])
	p.keyed = false
	return o
}

// block opens a place of the output that only the lines under it fill.
func (p *parser) block(b syntax.Block, n *node, target syntax.Token) *node {
	path, ok := p.steps(b.Head, target)
	if !ok {
		return nil
	}
	place := p.find(b.Head, target, n, path)
	switch {
	case place == nil:
		return nil
	case place == n || place.shape != undecided:
		p.Fail(b.Head, target, "this place is filled by a rule above already")
		return nil
	case len(b.Body) == 0:
		p.Fail(b.Head, target, "a block needs lines under it")
		return nil
	}
	return place
}

// readIn reads `in TARGET [when CONDITION]`.
func (p *parser) readIn(b syntax.Block, n *node) {
	t := b.Head.Tokens
	if len(t) < 2 {
		p.Fail(b.Head, t[0], "a block is: in TARGET, then perhaps: when CONDITION")
		return
	}
	when := p.whenAt(b.Head, t, 2)
	if place := p.block(b, n, t[1]); place != nil {
		outer := p.element
		if place.label == "" {
			p.element = place
		}
		p.readBody(b.Body, place, nil)
		p.element, place.when, place.whole = outer, when, true
	}
}

// readEach reads `each GROUP [by FIELD] ARROW TARGET[] [because REASON] [when CONDITION]`
// and `first GROUP -> TARGET [when CONDITION]`; the condition is about the record of the group.
func (p *parser) readEach(b syntax.Block, n *node) {
	t := b.Head.Tokens
	arrow, way := arrowIn(t)
	first := t[0].Text == "first"
	if arrow < 2 || len(t) < arrow+2 || !isGroup(t[1:arrow]) || way == backward || first && (way != forward || arrow != 2) {
		p.Fail(b.Head, t[0], "a block is: each GROUP -> TARGET[] (or <->, and perhaps by FIELD), or first GROUP -> TARGET, then perhaps: when CONDITION")
		return
	}
	place := p.block(b, n, t[arrow+1])
	up, group, ok := p.enter(b.Head, t[1])
	defer p.leave()
	if place == nil || !ok {
		return
	}
	if path, _ := p.steps(b.Head, t[arrow+1]); !first && (!path[len(path)-1].list || path[len(path)-1].index != "") {
		p.Fail(b.Head, t[arrow+1], "an each makes elements of a list: its target ends in []")
		return
	}
	rest, reason := p.because(b.Head, t[arrow+2:])
	place.scope = &scope{path: p.scopes[len(p.scopes)-1].path, up: up, group: group, first: first, way: way, because: reason, by: p.list(b.Head, t[1:arrow])}
	if outer := p.first; first {
		reason, p.first = "first-of", &firstOf{scope: place.scope, source: p.source}
		p.firsts = append(p.firsts, p.first)
		defer func() { p.first = outer }()
	}
	place.when = p.whenAt(b.Head, rest, 0)
	outer, around := p.way, p.each
	p.direct(b.Head, way, reason, "")
	p.way, p.each = way, place
	p.readBody(b.Body, place, nil)
	if way == both {
		p.repeats(b.Head, place, place.scope.by, place.when)
	}
	p.way, p.each, place.whole = outer, around, true
}

func (p *parser) newRule(l syntax.Line) *rule {
	return &rule{id: l.String(), at: l.Place, settings: p.settings}
}

// readRule reads `[derive] VALUE ARROW TARGET [CONVERSION] [required] [because REASON]
// [rule ID] [when CONDITION]`.
func (p *parser) readRule(b syntax.Block, n *node) {
	p.NoBody(b)
	t := b.Head.Tokens
	r := p.newRule(b.Head)
	arrow, way := arrowIn(t)
	if t[0].Is("derive") && arrow > 1 {
		t, arrow = t[1:], arrow-1
		if way != forward {
			p.Fail(b.Head, t[arrow], "what is derived never returns: derive VALUE -> TARGET")
		}
		way = derived
	}
	if arrow < 1 || arrow+1 >= len(t) {
		p.Fail(b.Head, t[0], "a rule is: VALUE -> TARGET (or <->, <-), then perhaps a conversion, required, because REASON, rule ID, when CONDITION")
		return
	}
	r.value, r.target, r.way = syntax.TextOf(t[:arrow]), t[arrow+1].Text, way
	p.readOptions(b.Head, t[arrow+2:], r)
	p.keyed = r.keyed
	r.from = p.expression(b.Head, t[:arrow])
	p.keyed = false
	p.checkMint(b.Head, r)
	path, ok := p.steps(b.Head, t[arrow+1])
	if !ok {
		return
	}
	if place := p.find(b.Head, t[arrow+1], n, path); place != nil && p.become(b.Head, t[arrow+1], place, leaf) != nil {
		p.checkWay(b.Head, t[arrow], r, place)
		place.rules = append(place.rules, r)
	}
}

// readOptions reads what stands after the target.
func (p *parser) readOptions(l syntax.Line, t []syntax.Token, r *rule) {
	for len(t) > 0 {
		word := t[0].Text
		switch {
		case t[0].Quoted:
			p.Fail(l, t[0], "not a conversion")
			return
		case word == "when":
			r.when = p.condition(l, t[1:])
			return
		case word == "required":
			r.required, t = true, t[1:]
			continue
		case word == "rule" && len(t) > 1:
			r.id, t = t[1].Text, t[2:]
			continue
		case word == "because":
			t, r.because = p.because(l, t)
			continue
		case word == "mint":
			t = p.readMint(l, t, r)
			continue
		}
		t = t[p.readConversion(l, t, r):]
	}
}

// readConversion reads one conversion into the rule and returns how many tokens it took.
func (p *parser) readConversion(l syntax.Line, t []syntax.Token, r *rule) int {
	word := t[0].Text
	if c, ok := plain[word]; ok {
		r.as.operation = c
		return 1
	}
	if len(t) > 1 && word == "ref" && typePattern.MatchString(t[1].Text) {
		r.as, r.keyed = conversion{operation: toReference, typ: t[1].Text}, true
		return 2
	}
	if len(t) < 2 || tabled[word] == verbatim {
		p.Fail(l, t[0], "not a conversion: date, dateTime, day, lower, upper, integer, decimal, boolean, nhs-number, ref TYPE, code TABLE, coding TABLE, concept TABLE")
		return len(t)
	}
	table := p.tables[t[1].Text]
	if table == nil {
		p.Fail(l, t[1], "no table of this name")
		return len(t)
	}
	r.as = conversion{operation: tabled[word], table: table}
	if word == "concept" && len(t) > 2 && t[2].Text == "keep-source" {
		r.as.keep = true
		return 3
	}
	return 2
}
