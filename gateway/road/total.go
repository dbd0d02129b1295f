package road

import "cpagateway/gateway/records"

// countedAtOnce is how many matches are looked at together when they are counted.
const countedAtOnce = 100

// total counts the matches of a search that the caller would be given, where it asks
// for their number: by the same decisions, and copied as the matches of a page are, so
// that what is not shown is not counted either.
func (r *Road) total(now records.Reader, q question) (int, error) {
	if q.search.Total == Untold {
		return 0, nil
	}
	params, ok, err := searchable(now, q)
	if !ok {
		return 0, err
	}
	query := records.Query{Type: q.typ, Params: params, Count: countedAtOnce}
	for total := 0; ; {
		page, err := now.Find(q.parts[0].scopes, query)
		if err != nil {
			return 0, err
		}
		copies, err := r.copies(now, q, q.asked(), page.Matches)
		if err != nil {
			return 0, err
		}
		total += len(copies)
		if query.After = page.Next; page.Next == "" {
			return total, nil
		}
	}
}
