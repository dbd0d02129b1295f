package mapping

import (
	"slices"

	"cpagateway/profiles/fhir"
)

// append writes the node's values at the end of dst, which holds a list from
// first on: a list element after another gets its comma. A node that makes
// nothing leaves dst as it was.
func (n *node) append(dst []byte, r *run, first int) []byte {
	if r.proving && n.silent() {
		return dst
	}
	if text := r.fixedText(n); text != nil {
		if len(dst) > first {
			dst = append(dst, ',')
		}
		return append(dst, text...)
	}
	if n.scope == nil {
		return n.appendOne(dst, r, first)
	}
	for i, record := range r.record(n.scope.up).Group(n.scope.group) {
		before := len(dst)
		r.enter(record, i+1)
		dst = n.appendOne(dst, r, first)
		r.leave()
		if n.scope.first && len(dst) > before {
			break
		}
	}
	return dst
}

func (n *node) appendOne(dst []byte, r *run, first int) []byte {
	if n.when != nil && !n.when.holds(r) {
		r.explain(n.at, "nothing is made here", notHeld, n.when.text)
		return dst
	}
	mark := len(dst)
	if mark > first {
		dst = append(dst, ',')
	}
	start := len(dst)
	switch n.shape {
	case leaf:
		dst = n.appendLeaf(dst, r)
	case object:
		dst = n.appendObject(dst, r)
	case list:
		dst = n.appendList(dst, r)
	}
	if len(dst) == start {
		return dst[:mark]
	}
	return dst
}

func (n *node) appendList(dst []byte, r *run) []byte {
	mark := len(dst)
	dst = append(dst, '[')
	first := len(dst)
	for _, element := range n.members {
		dst = element.append(dst, r, first)
	}
	if len(dst) == first {
		return dst[:mark]
	}
	return append(dst, ']')
}

// appendObject counts an extension's URL as nothing: an extension that only says
// which one it is says nothing.
func (n *node) appendObject(dst []byte, r *run) []byte {
	mark := len(dst)
	dst = append(dst, '{')
	first := len(dst)
	if n.url != "" {
		dst = append(dst, `"url":`...)
		dst = fhir.AppendString(dst, n.url)
	}
	head := len(dst)
	if dst = n.appendMembers(dst, r, first); len(dst) == head {
		return dst[:mark]
	}
	return append(dst, '}')
}

// appendMembers writes the members that have something, into an object whose
// members begin at first.
func (n *node) appendMembers(dst []byte, r *run, first int) []byte {
	for _, m := range n.members {
		mark := len(dst)
		if mark > first {
			dst = append(dst, ',')
		}
		dst = append(dst, m.label...)
		value := len(dst)
		if dst = m.append(dst, r, value); len(dst) == value {
			dst = dst[:mark]
		}
	}
	return dst
}

// appendLeaf lets the rules of one target try in their order. A constant that
// steps in for a field is counted as a default.
func (n *node) appendLeaf(dst []byte, r *run) []byte {
	for i, rule := range n.rules {
		if rule.way == backward || r.leaving && rule.because != "" {
			continue
		}
		if rule.when != nil && !rule.when.holds(r) {
			r.explain(rule.at, rule.value, notHeld, rule.when.text)
			continue
		}
		value, ok := rule.from.read(r)
		if !ok {
			r.explain(rule.at, rule.value, " is blank")
			continue
		}
		before := len(dst)
		if dst = r.convert(rule, dst, value); len(dst) > before {
			if r.env.Explain != nil {
				r.explain(rule.at, rule.value, " -> ", rule.target, ": ", string(dst[before:]))
			}
			if i > 0 && rule.from.isFixed() {
				r.defaulted(rule.target)
			}
			r.excused = r.excused || rule.because != ""
			return dst
		}
	}
	for _, rule := range n.rules {
		if !rule.required || rule.when != nil && !rule.when.holds(r) {
			continue
		}
		if _, has := rule.from.read(r); !has { // one that has text was refused above
			r.refuse(rule, "", "a required field is blank")
		}
		break
	}
	return dst
}

// silent reports a block that may be missing and from which nothing returns: whether it
// should be there does not follow from a record that came back. What is made of the first
// of a group is derived, and follows where all that it reads returns.
func (n *node) silent() bool {
	if n.scope != nil && n.scope.first {
		return !n.scope.follows
	}
	return (n.when != nil || n.scope != nil) && !n.compared()
}

// compared reports whether something in the node returns or is worked out of what does.
func (n *node) compared() bool {
	return slices.ContainsFunc(n.rules, func(r *rule) bool { return r.returns() || r.way == derived }) || slices.ContainsFunc(n.members, (*node).compared)
}
