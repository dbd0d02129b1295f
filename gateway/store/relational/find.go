package relational

import (
	"database/sql"
	"fmt"
	"math"
	"strings"

	"cpagateway/gateway/records"
	"cpagateway/gateway/search"
)

// Beside those of the scopes a search has these arguments.
const (
	argPlace = "?2" // of the last match already given
	argLimit = "(?3 + 0)"
	argAsOf  = "?4" // in order: the newest version that counts for it
)

// match is one row of a search: what is found, and where it stands.
type match struct {
	records.Visible
	position records.Position
}

// Find runs a search inside the scopes. It implements records.Snapshot.
func (s snapshot) Find(scopes []records.Scope, q records.Query) (records.Page, error) {
	after, err := q.Start()
	if err != nil {
		return records.Page{}, err
	}
	args, err := scopeArgs(scopes)
	if err != nil {
		return records.Page{}, err
	}
	text, args := searchText(q, args, after)
	// One more than the page holds tells whether there is a next one: whether
	// something that may be seen follows, and nothing else.
	found, err := collect(s, scanMatch(len(q.Sort)), text, args...)
	if err != nil {
		return records.Page{}, fmt.Errorf("searching: %w", err)
	}
	var page records.Page
	if len(found) > q.Count {
		found = found[:q.Count]
		page.Next = next(q, after, found[q.Count-1].position)
	}
	for _, m := range found {
		page.Matches = append(page.Matches, m.Visible)
	}
	return page, nil
}

// next is the position of a page's last match. A walk by sort keys stays with
// the moment at which it began.
func next(q records.Query, after, last records.Position) string {
	switch {
	case len(q.Sort) == 0:
		last.AsOf = 0
	case after.AsOf > 0:
		last.AsOf = after.AsOf
	}
	return last.String()
}

// searchText writes a search as one statement: the candidates with their sort
// keys, then those after the position, in order, with their versions.
func searchText(q records.Query, scopeArgs []any, after records.Position) (string, []any) {
	args := arguments(append(scopeArgs, after.Place, q.Count+1))
	where, newest := []string{found}, "0"
	if len(q.Sort) > 0 {
		args.add(asOf(after))
		newest = "(SELECT max(seq) FROM versions)"
	}
	for _, p := range q.Params {
		where = append(where, condition(p, &args))
	}
	if len(q.Sort) > 0 { // only what could be seen at that moment has a place in its order
		where = append(where, noticed("r", "scope", sinceStart)+" IS NOT NULL")
	}
	keys, names := sortKeys(q.Sort, &args)
	text := `WITH ` + scopes + `, found AS (
			SELECT r.*, seen.number AS seen, seen.stored AS seen_at` + keys + ` FROM scope CROSS JOIN resources r
			JOIN versions seen ON seen.seq = ` + noticed("r", "scope", "") + `
			WHERE ` + strings.Join(where, " AND ") + `)
		SELECT ` + currentColumns + `, r.seen, r.seen_at, ` + newest + `, r.place` + names + ` FROM found r JOIN versions v ON v.seq = r.version
		WHERE ` + follows(q.Sort, after, &args) + ` ORDER BY ` + order(q.Sort) + ` LIMIT ` + argLimit
	return text, args
}

const sinceStart = ` AND w.seq <= ` + argAsOf

func asOf(after records.Position) int64 {
	if after.AsOf == 0 {
		return math.MaxInt64 // everything stored when the statement begins
	}
	return int64(after.AsOf)
}

// sortKeys are the columns k0, k1 ... of the candidates: records.Scope.SortText
// in SQL.
func sortKeys(sort []search.SortKey, args *arguments) (keys, names string) {
	for i, key := range sort {
		keys += fmt.Sprintf(", %s AS k%d", sortKey(key, args), i)
		names += fmt.Sprintf(", r.k%d", i)
	}
	return keys, names
}

func sortKey(key search.SortKey, args *arguments) string {
	switch key.Param {
	case "_id":
		return "r.id"
	case "_lastUpdated":
		return "(SELECT x.stored FROM versions x WHERE x.seq = " + noticed("r", "scope", sinceStart) + ")"
	}
	best := "min(k.low)"
	if key.Descending == search.Descending {
		best = "max(k.high)"
	}
	return fmt.Sprintf(`coalesce((SELECT %s FROM sort_values k WHERE k.version = (SELECT w.seq FROM versions w
		WHERE w.resource = r.place%s ORDER BY w.number DESC LIMIT 1) AND k.param = %s AND (k.need & ~scope.items) = 0), %s)`,
		best, sinceStart, args.add(key.Param), args.add(records.NoSortText(key)))
}

// follows is the condition that a candidate stands after the position: greater
// in the first sort key that differs, and in the place where none does.
func follows(sort []search.SortKey, after records.Position, args *arguments) string {
	condition := "r.place > " + argPlace
	if after.Place == 0 {
		return condition
	}
	for i := len(sort) - 1; i >= 0; i-- {
		value, greater := args.add(after.Keys[i]), ">"
		if sort[i].Descending == search.Descending {
			greater = "<"
		}
		condition = fmt.Sprintf("(r.k%d %s %s OR r.k%d = %s AND %s)", i, greater, value, i, value, condition)
	}
	return condition
}

func order(sort []search.SortKey) string {
	var keys []string
	for i, key := range sort {
		direction := ""
		if key.Descending == search.Descending {
			direction = " DESC"
		}
		keys = append(keys, fmt.Sprintf("r.k%d%s", i, direction))
	}
	return strings.Join(append(keys, "r.place"), ", ")
}

// scanMatch reads a row of a search with a number of sort keys.
func scanMatch(keys int) func(*sql.Rows) (match, error) {
	return func(rows *sql.Rows) (m match, err error) {
		m.position.Keys = make([]string, keys)
		columns := append(visibleColumns(&m.Visible), &m.position.AsOf, &m.position.Place)
		for i := range keys {
			columns = append(columns, &m.position.Keys[i])
		}
		err = rows.Scan(columns...)
		return m, err
	}
}
