package relational

import (
	"fmt"
	"strconv"
	"strings"

	"cpagateway/gateway/records"
	"cpagateway/gateway/search"
)

// termValue is what an entry is found by, the one column for every kind.
func termValue(e search.Entry) string {
	switch e.Kind {
	case search.Token:
		return e.Code
	case search.Reference:
		return e.Ref
	}
	return e.Text
}

// arguments collects the arguments of a statement while its text is written.
type arguments []any

// add gives the placeholder that stands for a value in the text.
func (a *arguments) add(value any) string {
	*a = append(*a, value)
	return "?" + strconv.Itoa(len(*a))
}

// condition is search.Param.Match as a condition on the resource r, of which seen
// is the version that the caller sees the time of. Only terms that the caller's
// items let count are looked at.
func condition(p search.Param, args *arguments) string {
	var clause string
	switch {
	case p.Name == "_id" && p.Kind == search.ID:
		clause = "r.place IN (SELECT i.place FROM scope g CROSS JOIN resources i WHERE i.type = g.type AND i.id IN " + among(p.Values, args, text) + ")"
	case p.Name == "_lastUpdated" && p.Kind == search.Date:
		// An instant ends one nanosecond after it began: after its own text and
		// before every other that is greater.
		clause = dates(p.Values, "seen.stored", "(seen.stored || '~')", args)
	default:
		clause = fmt.Sprintf(`r.place IN (SELECT t.resource FROM scope g CROSS JOIN terms t WHERE t.person = g.person AND t.custodian = g.custodian
			AND t.type = g.type AND t.param = %s AND t.kind = %s AND (t.need & ~g.items) = 0 AND %s)`,
			args.add(p.Name), args.add(int64(p.Kind)), values(p, args))
	}
	if p.Modifier == "not" {
		return "NOT " + clause
	}
	return clause
}

// values is any of a parameter's values as a condition on the term t.
func values(p search.Param, args *arguments) string {
	switch p.Kind {
	case search.Token:
		return tokens(p.Values, args)
	case search.Reference:
		return references(p.Values, args)
	case search.Date:
		return dates(p.Values, "t.low", "t.high", args)
	}
	return "t.value IN " + among(p.Values, args, text)
}

func text(o search.Operand) string { return keyOf(o.Text) }

func reference(o search.Operand) string { return keyOf(o.Ref) }

// references are named twice, as codes are: each is looked for in its holder's records.
func references(values []search.Operand, args *arguments) string {
	return "t.value IN " + among(values, args, reference) + " AND " + anyOf(values, func(o search.Operand) string {
		where := "t.value = " + args.add(reference(o))
		if o.Holder != "" {
			where += " AND t.custodian = " + args.add(string(o.Holder))
		}
		return where
	})
}

// tokens names the codes twice: once as a plain list, which the index can walk,
// and once with what each says of its system.
func tokens(values []search.Operand, args *arguments) string {
	var codes []string
	each := anyOf(values, func(o search.Operand) string {
		var both []string
		if !o.AnyCode {
			code := args.add(keyOf(o.Code))
			codes = append(codes, code)
			both = append(both, "t.value = "+code)
		}
		if !o.AnySystem {
			both = append(both, "t.system = "+args.add(keyOf(o.System)))
		}
		return strings.Join(both, " AND ")
	})
	if len(codes) < len(values) {
		return each
	}
	return "t.value IN (" + strings.Join(codes, ", ") + ") AND " + each
}

// Conditions of a date's prefixes on the row [low, high) and the value [F, U),
// in the terms of search.Operand. The empty text is open on its side.
const (
	contains = `(low <> '' AND low >= F AND high <> '' AND high <= U)`
	above    = `(high = '' OR high > U)`
	below    = `(low = '' OR low < F)`
)

var prefixes = map[string]string{
	"eq": contains,
	"ne": `NOT ` + contains,
	"gt": above,
	"lt": below,
	"ge": `(` + above + ` OR ` + contains + `)`,
	"le": `(` + below + ` OR ` + contains + `)`,
	"sa": `(low <> '' AND low >= U)`,
	"eb": `(high <> '' AND high <= F)`,
	"ap": `((low = '' OR low < U) AND (high = '' OR high > F))`,
}

func dates(values []search.Operand, low, high string, args *arguments) string {
	return anyOf(values, func(o search.Operand) string {
		condition, known := prefixes[o.Prefix]
		if !known {
			return "false"
		}
		names := []string{"low", low, "high", high}
		if strings.Contains(condition, "F") {
			names = append(names, "F", args.add(records.TimeText(o.From)))
		}
		if strings.Contains(condition, "U") {
			names = append(names, "U", args.add(records.TimeText(o.Until)))
		}
		return strings.NewReplacer(names...).Replace(condition)
	})
}

// among is a list of values for IN, where NULL is like none.
func among(values []search.Operand, args *arguments, of func(search.Operand) string) string {
	list := make([]string, 0, len(values))
	for _, o := range values {
		list = append(list, args.add(of(o)))
	}
	if len(list) == 0 {
		return "(NULL)"
	}
	return "(" + strings.Join(list, ", ") + ")"
}

// anyOf holds where the condition of some value does; of no values, never.
func anyOf(values []search.Operand, condition func(search.Operand) string) string {
	list := make([]string, 0, len(values)+1)
	for _, o := range values {
		list = append(list, condition(o))
	}
	if len(list) == 0 {
		return "false"
	}
	return "((" + strings.Join(list, ") OR (") + "))"
}
