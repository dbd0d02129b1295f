package facts

import (
	"slices"

	"cpagateway/profiles"
)

// NeverWidens reports whether this directive, put in the place of the one that is
// recorded under its id (nil: none is), can never give anybody more than they had,
// with the switch crisisOnRoutineRefusal off. It does not say that the directive
// refuses anything: a draft in the place of nothing never widens either.
//
// A directive that takes another one's place by Replaces could lift a refusal, and
// one that no longer does could bring a grant back that it had replaced. Where nobody is
// known any more who decides for the person, a decision in best interests may count. One
// that names this id as weighed has weighed what stands under it, and is not looked at.
func (d Directive) NeverWidens(before *Directive) bool {
	switch {
	case d.Replaces != "":
		return false
	case d.refusesEverything():
		return true
	case before != nil && before.DecidesFor():
		return d.DecidesFor() && d.AuthorityUntil.Equal(before.AuthorityUntil) && d.Status == Withdrawn && before.grantsOnly() && before.Replaces == ""
	case before == nil || before.Status == Silent || before.grantsOnly() && before.Replaces == "":
		return d.Status != Active || !d.Template.Grants()
	case before.Replaces == "" && (before.refusesRoutine() || before.Template == CrisisOnly && before.Status == Active):
		return d.refusesRoutine()
	case before.Template == ExcludeItem && before.Status == Active:
		return d.Template == ExcludeItem && d.Status == Active && d.unbounded() && d.excludesAll(before.Clauses)
	}
	return false
}

// grantsOnly reports a grant in force that refuses nothing beside it.
func (d *Directive) grantsOnly() bool {
	return d.Status == Active && (d.Template == SharePlan || d.Template == CarerCopy)
}

// refusesEverything reports a refusal of all sharing, crisis use included, at every time.
func (d *Directive) refusesEverything() bool {
	switch d.Template {
	case Uninterpretable:
		return d.Status != Silent
	case CrisisOnly:
		return d.Status == Rejected || d.Status == Unknown
	case RefuseCrisis:
		return d.Status == Rejected || d.Status == Unknown ||
			d.Status == Active && d.unbounded() && slices.ContainsFunc(d.Clauses, func(c Clause) bool { return c.From.IsZero() && c.Until.IsZero() })
	}
	return d.Status == Unknown
}

// refusesRoutine reports a refusal of all routine sharing, at every time.
func (d *Directive) refusesRoutine() bool {
	return d.Template == RefuseAll && (d.Status == Rejected || d.Status == Active && d.unbounded()) && len(d.Purposes) == 0
}

// unbounded reports a directive that is in effect at every time.
func (d *Directive) unbounded() bool { return d.From.IsZero() && d.Until.IsZero() }

// excludesAll reports whether every one of these exclusions is made here too.
func (d *Directive) excludesAll(exclusions []Clause) bool {
	for _, e := range exclusions {
		var items profiles.ItemSet
		for _, c := range d.Clauses {
			if slices.Equal(c.Recipients, e.Recipients) && c.From.Equal(e.From) && c.Until.Equal(e.Until) {
				items = items.Union(c.Items)
			}
		}
		if !items.Covers(e.Items) {
			return false
		}
	}
	return true
}
