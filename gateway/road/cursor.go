package road

import (
	"encoding/json"
	"strings"
	"time"

	"cpagateway/consent"
	"cpagateway/gateway/search"
	"cpagateway/profiles"
)

// Limits of a page position: how long it is good for, and how many bytes it may
// have sealed. The link it stands in must not be longer than the front reads.
const (
	cursorLife = 5 * time.Minute
	maxCursor  = 6 << 10
)

// cursor is a page position with everything the next page needs. It is sealed
// for one caller and purpose, and dies with the person's epoch: the next page is
// decided again.
type cursor struct {
	Person   profiles.PersonID `json:"p,omitempty"`
	Epoch    uint64            `json:"e,omitempty"`
	Params   []search.Param    `json:"q,omitempty"`
	Sort     []search.SortKey  `json:"s,omitempty"`
	Count    int               `json:"n"`
	Shown    string            `json:"w,omitempty"`
	Crisis   Crisis            `json:"c,omitempty"`
	Position string            `json:"a"`
	Expires  int64             `json:"x"`
}

func (c *cursor) search() SearchAsk {
	return SearchAsk{Params: c.Params, Sort: c.Sort, Count: c.Count, Shown: c.Shown, Crisis: c.Crisis}
}

// sealCursor makes the position of the next page. A search that no link can hold
// is refused with its first page: the caller would never get the others.
func (r *Road) sealCursor(t *trip, d consent.Decision, s subject, position string) (string, error) {
	c := cursor{
		Person: d.Person(), Epoch: d.Epoch(), Params: s.search.Params, Sort: s.search.Sort, Count: s.search.Count,
		Shown: s.search.Shown, Crisis: s.search.Crisis, Position: position, Expires: t.at.Add(cursorLife).Unix(),
	}
	text, err := json.Marshal(c)
	if err != nil {
		return "", err
	}
	sealed := r.Sealer.Seal(cursorContext(t), text)
	if len(sealed) > maxCursor {
		return "", faultLongCursor
	}
	return sealed, nil
}

// openCursor refuses what is not ours, not this caller's, or too old, all alike.
func (r *Road) openCursor(t *trip) (*cursor, error) {
	text, ok := r.Sealer.Open(cursorContext(t), t.ask.Search.Cursor)
	if !ok {
		return nil, faultStaleCursor
	}
	var c cursor
	if json.Unmarshal(text, &c) != nil || c.Expires < t.at.Unix() {
		return nil, faultStaleCursor
	}
	return &c, nil
}

func cursorContext(t *trip) string {
	c := t.caller
	return strings.Join([]string{"page", string(c.Client), string(c.Organisation), string(c.Team), c.Person, string(c.Purpose), t.ask.Type}, "\x00")
}
