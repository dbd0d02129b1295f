package profiles

import (
	"cmp"
	"slices"
)

// Label says what a resource, or a part of one, is. It may be disclosed only
// where every item of Need is granted and, if Any is not empty, at least one of
// Any. The zero Label is a frame: released with whatever surrounds it.
type Label struct{ Need, Any ItemSet }

// Within reports whether a caller granted these items may have what is labelled.
func (l Label) Within(granted ItemSet) bool {
	return granted.Covers(l.Need) && (l.Any.Empty() || granted.Meets(l.Any))
}

// Items is every item that the label mentions.
func (l Label) Items() ItemSet { return l.Need.Union(l.Any) }

// Covers reports whether whoever may have what m labels may have what l labels.
func (l Label) Covers(m Label) bool {
	l, m = l.plain(), m.plain()
	if !m.Need.Covers(l.Need) {
		return false
	}
	return l.Any.Empty() || l.Any.Meets(m.Need) || !m.Any.Empty() && l.Any.Covers(m.Any)
}

// And labels what is both l and m, such as a part of a resource. Where each asks for
// one of several items, no single label can say so. Then the result is several labels,
// and whoever may have what one of them labels may have the part.
func (l Label) And(m Label) []Label {
	l, m = l.plain(), m.plain()
	need := l.Need.Union(m.Need)
	a, b := Label{need, l.Any}.plain(), Label{need, m.Any}.plain()
	switch {
	case a.Any.Empty(), !b.Any.Empty() && a.Any.Covers(b.Any):
		return []Label{b}
	case b.Any.Empty(), b.Any.Covers(a.Any):
		return []Label{a}
	}
	var each []Label
	for item := range a.Any.All() {
		each = append(each, Label{need.Union(SetOf(item)), b.Any}.plain())
	}
	return Weakest(each)
}

// plain is the label in the one form in which it has several items in Any, none
// of them in Need, or no Any at all.
func (l Label) plain() Label {
	switch {
	case l.Any.Meets(l.Need):
		return Label{Need: l.Need}
	case l.Any.Len() == 1:
		return Label{Need: l.Items()}
	}
	return l
}

// Weakest leaves out every label that another one covers: a caller has one of
// the labels left exactly where they have one of those given. The result is in
// one order, whatever that of the labels was.
func Weakest(labels []Label) []Label {
	var kept []Label
	for _, l := range labels {
		if slices.ContainsFunc(kept, func(k Label) bool { return k.Covers(l) }) {
			continue
		}
		kept = append(slices.DeleteFunc(kept, l.Covers), l.plain())
	}
	slices.SortFunc(kept, func(a, b Label) int {
		return cmp.Or(cmp.Compare(a.Need.bits, b.Need.bits), cmp.Compare(a.Any.bits, b.Any.bits))
	})
	return kept
}
