package search

import (
	"slices"

	"cpagateway/profiles"
)

// Match is the meaning of a search (R4, search.html): some row of the parameter
// matches some value; with :not, none does. Stores must agree with it.
//
// The entries are those that the caller may use (Usable). A store that asks with
// _id or _lastUpdated adds rows for them: kind ID with Text, kind Date
// with From and Until.
func (p Param) Match(entries []Entry) bool {
	found := slices.ContainsFunc(entries, p.matchesRow)
	return found != (p.Modifier == "not")
}

// In is the parameter as it is asked of the records of one holder.
func (p Param) In(holder profiles.OrgCode) Param {
	p.Values = slices.DeleteFunc(slices.Clone(p.Values), func(o Operand) bool { return o.Holder != "" && o.Holder != holder })
	return p
}

func (p Param) matchesRow(e Entry) bool {
	if e.Param != p.Name || e.Kind != p.Kind {
		return false
	}
	return slices.ContainsFunc(p.Values, func(o Operand) bool {
		switch p.Kind {
		case Token:
			return o.matchesToken(e)
		case Reference:
			return o.Ref == e.Ref
		case Date:
			return o.matchesDate(e)
		default:
			return o.Text == e.Text
		}
	})
}

// matchesToken compares exactly: case counts, as it does in most code systems.
func (o Operand) matchesToken(e Entry) bool {
	sameSystem := o.AnySystem || o.System == e.System // NoSystem is the empty System
	return sameSystem && (o.AnyCode || o.Code == e.Code)
}

// matchesDate compares two intervals by the table of prefixes in R4
// (search.html#prefix), where "the range above the search value" begins at its
// Until and "the range below" ends at its From.
func (o Operand) matchesDate(e Entry) bool {
	contains := !e.From.IsZero() && !e.From.Before(o.From) && !e.Until.IsZero() && !e.Until.After(o.Until)
	above := e.Until.IsZero() || e.Until.After(o.Until) // some of the row is above the value
	below := e.From.IsZero() || e.From.Before(o.From)
	switch o.Prefix {
	case "eq":
		return contains
	case "ne":
		return !contains
	case "gt":
		return above
	case "lt":
		return below
	case "ge":
		return above || contains
	case "le":
		return below || contains
	case "sa":
		return !e.From.IsZero() && !e.From.Before(o.Until)
	case "eb":
		return !e.Until.IsZero() && !e.Until.After(o.From)
	case "ap":
		startsBefore := e.From.IsZero() || e.From.Before(o.Until)
		endsAfter := e.Until.IsZero() || e.Until.After(o.From)
		return startsBefore && endsAfter
	}
	return false // a prefix that Parse does not make matches nothing
}
