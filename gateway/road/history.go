package road

import (
	"cpagateway/consent/disclosure"
	"cpagateway/profiles/fhir"
)

// maxHistory is how many versions a history gives: the newest that the caller sees today. What
// hidden changes made is no version of its own.
const maxHistory = 100

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
