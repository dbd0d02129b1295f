package road

import (
	"errors"

	"cpagateway/consent/disclosure"
	"cpagateway/gateway/records"
	"cpagateway/profiles/fhir"
)

// Limits of a history: of the versions that are given, and of those that are looked at.
const (
	maxHistory = 100
	maxLooked  = 1000
)

// history finds the versions of a resource that the caller sees today, the newest first.
// What hidden changes made is no version of its own.
func history(now records.Reader, q question) (records.Page, error) {
	scopes := q.parts[0].scopes
	newest, err := now.Read(scopes, q.id)
	if err != nil {
		return records.Page{}, err
	}
	var page records.Page
	for n, looked := newest.SeenNumber, 0; n > 0 && looked < maxLooked && len(page.Matches) < maxHistory; n, looked = n-1, looked+1 {
		v, err := now.ReadVersion(scopes, q.id, n)
		if errors.Is(err, records.ErrNothing) {
			continue
		}
		if err != nil {
			return records.Page{}, err
		}
		page.Matches = append(page.Matches, v)
	}
	return page, nil
}

// historyOf puts versions into a Bundle. Each is told as an update: which was the first
// would tell of versions before it that the caller does not see.
func (r *Road) historyOf(t *exchange, released []disclosure.Disclosure) []byte {
	w := fhir.NewWriter(make([]byte, 0, 4096))
	bundleOf(w, "history", func() {
		w.Name("total").Int(int64(len(released)))
		w.Name("link").Array(func() { link(w, "self", r.Base+"/"+t.ask.Type+"/"+t.ask.ID+"/_history") })
		w.Name("entry").Array(func() {
			for _, x := range released {
				r.versionOf(w, x)
			}
		})
	})
	return w.Bytes()
}

func (r *Road) versionOf(w *fhir.Writer, x disclosure.Disclosure) {
	w.Object(func() {
		w.Member("fullUrl", r.Base+"/"+x.Type()+"/"+x.ID())
		w.Name("resource").Raw(x.Body())
		w.Name("request").Object(func() {
			w.Member("method", "PUT")
			w.Member("url", x.Type()+"/"+x.ID())
		})
		w.Name("response").Object(func() {
			w.Member("status", "200 OK")
			w.Member("etag", `W/"`+x.VersionID()+`"`)
		})
	})
}
