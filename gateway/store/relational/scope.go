package relational

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"cpagateway/gateway/records"
	"cpagateway/profiles"
)

// argScopes is the first argument of every query inside scopes.
const argScopes = "?1"

// scopes is the table of the query's scopes, each with the place of the plan that
// it holds to beside the active ones: records.Scope.LastInForce in SQL.
var scopes = fmt.Sprintf(`scope AS MATERIALIZED (
	SELECT g.*, CASE WHEN g.plans = %d THEN (%s) END AS last_in_force
	FROM (SELECT value ->> 0 AS person, value ->> 1 AS custodian, value ->> 2 AS type, CAST(value ->> 3 AS bigint) AS items, CAST(value ->> 4 AS bigint) AS plans FROM json_each(%s)) g)`,
	records.ActiveElseLast, lastInForce, argScopes)

var lastInForce = fmt.Sprintf(`SELECT p.place FROM resources p JOIN versions seen ON seen.seq = %s
	WHERE %s AND p.status IN ('%s')
	AND NOT EXISTS (SELECT 1 FROM resources q WHERE %s AND q.status = '%s' AND %s IS NOT NULL)
	ORDER BY CASE WHEN %[7]s < seen.stored THEN %[7]s ELSE seen.stored END DESC, seen.stored DESC, p.place DESC LIMIT 1`,
	noticed("p", "g", ""), crisisPlan("p"), strings.Join(records.OnceActive, "', '"),
	crisisPlan("q"), records.Active, noticed("q", "g", ""), latestEnd)

// latestEnd is when the plan p ends, as far as the scope g can tell.
const latestEnd = `coalesce((SELECT max(k.high) FROM sort_values k
		WHERE k.version = p.version AND k.param = 'date' AND (k.need & ~g.items) = 0), '` + records.OpenEnd + `')`

// crisisPlan is the condition that x is a crisis plan which the scope g sees.
func crisisPlan(x string) string {
	return fmt.Sprintf("%s AND %s.type = '%s' AND (%[2]s.need & %[4]d) <> 0", sees(x, "g"), x, records.PlanType, bits(profiles.SetOf(records.Crisis)))
}

// sees is the condition that a scope sees a resource, whatever it holds to.
func sees(x, scope string) string {
	return fmt.Sprintf("%[1]s.person = %[2]s.person AND %[1]s.custodian = %[2]s.custodian AND %[1]s.deleted = 0 AND %[2]s.items <> 0 AND %[3]s", x, scope, within(x, scope))
}

// within is the condition that a label, of a resource, a version or a change, is
// within a scope's items.
func within(x, scope string) string {
	return fmt.Sprintf(`(%[1]s.need & ~%[2]s.items) = 0 AND (%[1]s."any" = 0 OR %[1]s."any" & %[2]s.items <> 0)`, x, scope)
}

// noticed is the seq of the newest version of x that a scope notices; extra
// narrows it further.
func noticed(x, scope, extra string) string {
	return fmt.Sprintf(`(SELECT w.seq FROM versions w CROSS JOIN changes c
		WHERE c.version = w.seq AND w.resource = %s.place AND %s%s ORDER BY w.number DESC LIMIT 1)`, x, within("c", scope), extra)
}

// found is the condition that the resource r is of the scope's type, that the
// scope sees it, and that it is among the plans which the scope holds to.
var found = fmt.Sprintf(`r.type = scope.type AND %s AND (scope.plans = %d OR r.type <> '%s' OR r.status = '%s' OR r.place = scope.last_in_force)`,
	sees("r", "scope"), records.AllPlans, records.PlanType, records.Active)

// scopeArgs is the argument ?1.
func scopeArgs(scopes []records.Scope) ([]any, error) {
	rows := make([][5]any, len(scopes))
	for i, s := range scopes {
		rows[i] = [5]any{s.Person, s.Custodian, s.Type, bits(s.Items), s.Current}
	}
	list, err := listed(rows)
	return []any{list}, doing("writing scopes", err)
}

// listed is a list as statements take it: what json_each makes rows of. It is an
// object, the numbers of whose members mean nothing, because the json_each of
// PostgreSQL takes no array.
func listed[T any](list []T) (string, error) {
	text := []byte{'{'}
	for i, row := range list {
		encoded, err := json.Marshal(row)
		if err != nil {
			return "", err
		}
		if i > 0 {
			text = append(text, ',')
		}
		text = append(strconv.AppendInt(append(text, '"'), int64(i), 10), `":`...)
		text = append(text, encoded...)
	}
	return string(append(text, '}')), nil
}

// flag is a bool as it is stored.
func flag(is bool) int64 {
	if is {
		return 1
	}
	return 0
}

// bits are an item set as it is stored.
func bits(set profiles.ItemSet) int64 { return int64(set.Bits()) }
