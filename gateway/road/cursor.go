package road

import (
	"crypto/rand"
	"encoding/json"
	"strings"
	"time"

	"cpagateway/consent/disclosure"
	"cpagateway/gateway/search"
	"cpagateway/profiles"
)

// Limits of a page position: how long it is good for, and how many bytes it may
// have sealed. The link it stands in must not be longer than the front reads.
const (
	cursorLife = 5 * time.Minute
	maxCursor  = 6 << 10
)

// positionSize is what a position is padded to a multiple of: more than one of
// three sort keys takes.
const positionSize = 512

// cursor is a page position with everything the next page needs, sealed for one
// caller and purpose. It holds nothing of a decision: each page is decided anew.
// The nonce makes every link another one, and the position is padded, so that
// neither the letters of a link nor their number tell where a page ended.
type cursor struct {
	Nonce    []byte            `json:"r"`
	Person   profiles.PersonID `json:"p,omitempty"`
	Params   []search.Param    `json:"q,omitempty"`
	Sort     []search.SortKey  `json:"s,omitempty"`
	Count    int               `json:"n"`
	Total    Total             `json:"t,omitempty"`
	Include  []search.Include  `json:"i,omitempty"`
	Subset   disclosure.Subset `json:"u,omitzero"`
	Shown    string            `json:"w,omitempty"`
	Crisis   Crisis            `json:"c,omitempty"`
	Position string            `json:"a"`
	Expires  int64             `json:"x"`
}

func (c cursor) search() SearchAsk {
	return SearchAsk{Params: c.Params, Sort: c.Sort, Count: c.Count, Total: c.Total, Include: c.Include, Shown: c.Shown, Crisis: c.Crisis}
}

// sealCursor makes the position of the next page. A search that no link can hold
// is refused with its first page: the caller would never get the others.
func (r *Road) sealCursor(t *exchange, s subject, position string) (string, error) {
	c := cursor{
		Nonce: make([]byte, 16), Person: s.holdings.Person, Params: s.search.Params, Sort: s.search.Sort, Count: s.search.Count, Total: s.search.Total, Include: s.search.Include,
		Subset: s.subset, Shown: s.search.Shown, Crisis: s.search.Crisis, Position: padded(position), Expires: t.at.Add(cursorLife).Unix(),
	}
	_, _ = rand.Read(c.Nonce) // never fails (crypto/rand)
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
func (r *Road) openCursor(t *exchange) (cursor, error) {
	text, ok := r.Sealer.Open(cursorContext(t), t.ask.Search.Cursor)
	var c cursor
	if !ok || json.Unmarshal(text, &c) != nil || c.Expires < t.at.Unix() {
		return cursor{}, faultStaleCursor
	}
	c.Position = strings.TrimRight(c.Position, " ")
	return c, nil
}

func padded(position string) string {
	return position + strings.Repeat(" ", positionSize-len(position)%positionSize)
}

func cursorContext(t *exchange) string {
	c := t.caller
	return strings.Join([]string{"page", string(c.Client), string(c.Organisation), string(c.Team), c.Person, string(c.Purpose), t.ask.Type, t.ask.ID}, "\x00")
}
