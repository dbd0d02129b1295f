package facts

// NeverWidens reports whether this directive, put in the place of the one that
// is recorded under its id (nil: none is), can never give anybody more than they
// had, with the switch crisisOnRoutineRefusal off. Withdrawals are accepted whatever else is wrong with what they came in,
// and everything else is strict (consent.md §8): this tells the two apart.
//
// A directive that takes another one's place could lift a refusal, and one that
// has a first or last day is in effect for a time only: neither counts. Nor does
// one that would take the place of a refusal of another kind.
func (d Directive) NeverWidens(before *Directive) bool {
	if d.Replaces != "" {
		return false
	}
	inEffect := d.Status == Active && d.From.IsZero() && d.Until.IsZero()
	switch d.Template {
	case RefuseCrisis:
		return inEffect // refuses everything, to everybody: there is nothing it could widen
	case RefuseAll:
		return inEffect && len(d.Purposes) == 0 && (holdsNoRefusal(before) || before.Template == CrisisOnly && before.Status == Active)
	case ExcludeItem:
		return inEffect && holdsNoRefusal(before)
	case SharePlan, CarerCopy:
		return (d.Status == Withdrawn || d.Status == Rejected) && holdsNoRefusal(before)
	}
	return false
}

// holdsNoRefusal says of what is recorded that it is no refusal: nothing, or a T1 or
// T5 that was not taken back.
func holdsNoRefusal(before *Directive) bool {
	if before == nil {
		return true
	}
	return (before.Template == SharePlan || before.Template == CarerCopy) && (before.Status == Active || before.Status == Silent)
}
