package road

import (
	"strconv"

	"cpagateway/consent/disclosure"
	"cpagateway/gateway/records"
	"cpagateway/profiles/fhir"
)

// maxHistory is how many versions a page of a history gives.
const maxHistory = 100

// history finds the versions of a resource that the caller sees today, the newest first, below
// the number at which the page before ended. What hidden changes made is no version of its own.
func history(now records.Reader, q question) (page records.Page, err error) {
	below := uint64(records.Newest)
	if q.position != "" {
		if below, err = strconv.ParseUint(q.position, 10, 64); err != nil {
			return page, records.ErrStale
		}
	}
	page.Matches, err = now.Versions(q.parts[0].scopes, q.id, below, maxHistory+1)
	if len(page.Matches) > maxHistory { // which tells that something that may be seen follows, and nothing else
		page.Matches = page.Matches[:maxHistory]
		page.Next = strconv.FormatUint(page.Matches[maxHistory-1].SeenNumber, 10)
	}
	return page, err
}

// historyOf puts versions into a Bundle. Each is told as an update: which was the first
// would tell of versions before it that the caller does not see.
func (r *Road) historyOf(t *exchange, released []disclosure.Disclosure, next string) []byte {
	w := fhir.NewWriter(make([]byte, 0, 4096))
	self := r.Base + "/" + t.ask.Type + "/" + t.ask.ID + "/_history"
	bundleOf(w, "history", func() {
		w.Name("link").Array(func() {
			link(w, "self", self)
			if next != "" {
				link(w, "next", self+"?_cursor="+next)
			}
		})
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
