package mapping

import (
	"slices"

	"cpagateway/profiles/fhir"
)

// append writes the node's values at the end of dst, which ends in a bracket that has just
// been opened, or in a value. A node that makes nothing leaves dst as it was.
func (n *node) append(dst []byte, r *run) []byte {
	if r.proving && n.silent() {
		return dst
	}
	if text := r.fixedText(n); text != nil {
		return append(comma(dst), text...)
	}
	if n.scope == nil {
		return n.appendOne(dst, r)
	}
	for i, record := range r.record(n.scope.up).Group(n.scope.group) {
		before := len(dst)
		r.enter(record, i+1)
		dst = n.appendOne(dst, r)
		r.leave()
		if n.scope.first && len(dst) > before {
			break
		}
	}
	return dst
}

func (n *node) appendOne(dst []byte, r *run) []byte {
	if n.when != nil && !n.when.holds(r) {
		r.explain(n.at, "nothing is made here", notHeld, n.when.text)
		return dst
	}
	mark := len(dst)
	dst = append(comma(dst), n.before...)
	start := len(dst)
	if n.shape == leaf {
		dst = n.appendLeaf(dst, r)
	}
	for _, m := range n.inner {
		dst = m.append(dst, r)
	}
	if len(dst) == start {
		return dst[:mark]
	}
	return append(dst, n.behind...)
}

// comma writes the one that is due behind a value.
func comma(dst []byte) []byte {
	if last := dst[len(dst)-1]; last == '{' || last == '[' {
		return dst
	}
	return append(dst, ',')
}

// surround works out what the node writes around what it holds. An extension's URL is a part
// of that: an extension that only says which one it is says nothing. An object that is alone
// in its list is written with the list.
func (n *node) surround() {
	for _, m := range n.members {
		m.surround()
	}
	n.inner = n.members
	switch n.shape {
	case object:
		n.before, n.behind = "{", "}"
		if n.url != "" {
			n.before += `"url":` + string(fhir.AppendString(nil, n.url))
		}
	case list:
		n.before, n.behind = "[", "]"
		for _, only := range n.members {
			if len(n.members) == 1 && only.shape == object && only.scope == nil && only.when == nil {
				n.before, n.inner, n.behind = "["+only.before, only.inner, only.behind+"]"
			}
		}
	}
	n.before = n.label + n.before
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
