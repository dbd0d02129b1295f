package fhir

import "bytes"

// few is how many members are compared one by one. FHIR's objects are small;
// for the others a map keeps a hostile document from costing its square.
const few = 16

// names are the unescaped member names of an object with more than few members.
type names map[string]struct{}

// repeated reports whether an earlier member of the object has the new member's
// name, and takes note of that name. The new member has no node yet.
func (p *parser) repeated(member *node, seen *names) bool {
	if p.nodes[member.parent].count < few {
		return p.repeatedAmongFew(member)
	}
	if *seen == nil {
		*seen = make(names, 4*few)
		for i := member.parent + 1; int(i) < len(p.nodes); i = p.nodes[i].next {
			(*seen)[p.memberName(&p.nodes[i])] = struct{}{}
		}
	}
	name := p.memberName(member)
	if _, found := (*seen)[name]; found {
		return true
	}
	(*seen)[name] = struct{}{}
	return false
}

func (p *parser) repeatedAmongFew(member *node) bool {
	raw := p.rawName(member)
	for i := member.parent + 1; int(i) < len(p.nodes); i = p.nodes[i].next {
		other := &p.nodes[i]
		if member.nameEscapes || other.nameEscapes {
			if p.memberName(member) == p.memberName(other) {
				return true
			}
		} else if bytes.Equal(raw, p.rawName(other)) {
			return true
		}
	}
	return false
}
