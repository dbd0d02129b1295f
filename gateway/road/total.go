package road

import "cpagateway/gateway/records"

// countedAtOnce is how many matches are looked at together when they are counted.
const countedAtOnce = 100

// total counts the matches of a search that the caller would be given: by the same
// decisions, and copied as the matches of a page are, so that what is not shown is not
// counted either.
func (r *Road) total(now records.Reader, q question) (int, error) {
	var total int
	params, ok, err := searchable(now, q)
	if !ok {
		return total, err
	}
	query := records.Query{Params: params, Count: countedAtOnce}
	for {
		page, err := now.Find(q.parts[0].scopes, query)
		if err != nil {
			return total, err
		}
		copies, err := r.copies(now, q, q.asked(), page.Matches)
		if err != nil {
			return total, err
		}
		total += len(copies)
		if query.After = page.Next; page.Next == "" {
			return total, nil
		}
	}
}
