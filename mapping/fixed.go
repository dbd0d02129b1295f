package mapping

// A part of a resource that no field decides about is the same in every record of a run:
// it is written once, and copied.

// numberFixed numbers the largest of such parts, from 1, and works out what stands around parts.
func (p *Program) numberFixed() {
	for _, s := range p.sources {
		for _, m := range s.maps {
			m.root.surround()
			m.root.numberFixed(&p.fixed)
		}
	}
}

func (n *node) numberFixed(last *int) {
	for _, m := range n.members {
		if m.isFixed() {
			*last++
			m.fixed = *last
		} else {
			m.numberFixed(last)
		}
	}
}

// isFixed reports whether no field, condition or group decides about a node.
func (n *node) isFixed() bool {
	if n.scope != nil || n.when != nil {
		return false
	}
	for _, m := range n.members {
		if !m.isFixed() {
			return false
		}
	}
	return n.shape != leaf || len(n.rules) == 1 && n.rules[0].way != backward && n.rules[0].when == nil && n.rules[0].from.isSteady()
}

// isSteady reports whether an operand is the same in every record of a run.
func (o *operand) isSteady() bool {
	for i := range o.parts {
		if !o.parts[i].isSteady() {
			return false
		}
	}
	return o.kind == template || o.isFixed() && o.kind != position
}

// fixedText is what a fixed node writes, nil where it has to be written each time: it is
// not fixed, it comes out empty or with a fault, or somebody wants to see how it is made.
func (r *run) fixedText(n *node) []byte {
	if n.fixed == 0 || n.fixed >= len(r.fixed) || r.proving || r.env.Explain != nil {
		return nil
	}
	if r.fixed[n.fixed] == nil {
		once := &run{env: r.env, report: &Report{}, scopes: []around{{newReturned(), 1}}, said: map[saying]bool{}}
		text := n.appendOne([]byte{'{'}, once)[1:]
		if len(once.faults) > 0 {
			text = text[:0]
		}
		r.fixed[n.fixed] = text
	}
	if len(r.fixed[n.fixed]) == 0 {
		return nil
	}
	return r.fixed[n.fixed]
}
