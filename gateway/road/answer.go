package road

import (
	"bytes"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"

	"cpagateway/consent/disclosure"
	"cpagateway/gateway/audit"
	"cpagateway/gateway/records"
	"cpagateway/profiles/fhir"
)

// reply says how what was recorded is to be put. It holds nothing about a
// person: the bodies come out of the Recorded alone.
type reply struct {
	status      int
	fault       *Fault // an OperationOutcome instead of a body
	challenge   string // WWW-Authenticate
	retryAfter  int    // seconds
	next        string // sealed position of the next page
	matches     int    // how many of what was released are matches; the rest stands beside them
	total       int    // matches that may be seen, where the search tells it
	search      SearchAsk
	parts       []answered
	written     string // "Type/id/_history/version" of what was created or changed
	bare        bool   // without a body
	document    []byte // a public document
	contentType string
	version     string // of the document, where it has one
}

const fhirJSON = "application/fhir+json; charset=utf-8"

// answer is the only function that writes a body. A zero Recorded was not
// recorded, and what was not recorded is not told: it answers 500, or 503 where the store
// is away. Its length goes ahead, which spares a write to the network, and so end is told
// of its status before the last byte leaves: whoever has an answer finds it in the log.
func (r *Road) answer(w http.ResponseWriter, t *exchange, recorded audit.Recorded, p reply, end func(status int)) {
	if !recorded.OK() && p.fault != faultBusy {
		p = reply{status: http.StatusInternalServerError, fault: Broken}
	}
	header := w.Header()
	header.Set("Content-Type", fhirJSON)
	if p.document != nil {
		header.Set("Content-Type", p.contentType)
	}
	released := recorded.Released()
	room := rooms.Get().(*[]byte)
	defer giveBack(room)
	body := r.body(room, t, released, p)
	if p.fault == nil && t.ask.one() && len(released) == 1 && !released[0].Part() { // a part has the version of the whole
		header.Set("ETag", `W/"`+released[0].VersionID()+`"`)
	}
	if p.version != "" {
		header.Set("ETag", `W/"`+p.version+`"`)
	}
	if p.status == http.StatusCreated {
		header.Set("Location", r.Base+"/"+p.written)
	}
	header.Set("Cache-Control", "no-store")
	header.Set("Vary", "Authorization, Accept, Accept-Language")
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("X-Request-Id", t.id)
	header.Set("Content-Language", t.language.String())
	if p.challenge != "" {
		header.Set("WWW-Authenticate", p.challenge)
	}
	if p.retryAfter > 0 {
		header.Set("Retry-After", strconv.Itoa(p.retryAfter))
	}
	if t.ask.Form.Pretty {
		body = indented(body)
	}
	if len(body) > 0 {
		header.Set("Content-Length", strconv.Itoa(len(body)))
	}
	w.WriteHeader(p.status)
	end(p.status)
	_, _ = w.Write(body) // the caller may be gone: what was recorded stays recorded
}

// body is what an answer holds, out of what was recorded.
func (r *Road) body(room *[]byte, t *exchange, released []disclosure.Disclosure, p reply) []byte {
	switch {
	case p.fault != nil:
		return r.outcome(t, p.fault)
	case p.document != nil:
		return p.document
	case p.parts != nil:
		return r.bundle(t, p)
	case t.ask.Interaction == History:
		return r.historyOf(t, released, p.next)
	case t.ask.Interaction == Search:
		*room = r.searchset(*room, t, released, p)
		return *room
	case p.bare || p.status == http.StatusNotModified:
		return nil
	case p.written != "" && t.ask.Write.Return == Outcome:
		return doneOutcome(t)
	case len(released) == 0: // what was written may not be read
		return nil
	}
	return released[0].Body()
}

// rooms are where Bundles were put together that have been written: a new one for each
// answer was a third of all that the collector had to look after.
var rooms = sync.Pool{New: func() any { return new([]byte) }}

// largestRoom is what is kept of one; a page is seldom larger.
const largestRoom = 64 << 10

// giveBack keeps a room for the next answer, with nothing in it.
func giveBack(room *[]byte) {
	if cap(*room) <= largestRoom {
		clear(*room)
		*room = (*room)[:0]
		rooms.Put(room)
	}
}

// indented is the same JSON for people. What is not JSON stays as it is.
func indented(body []byte) []byte {
	var pretty bytes.Buffer
	if json.Indent(&pretty, body, "", "  ") != nil {
		return body
	}
	return pretty.Bytes()
}

// unchanged compares If-None-Match weakly, as RFC 9110 §13.1.2 has it. A plan's
// narrative says whether a review is overdue, which changes with the day and not
// with the version: a plan is never "not modified".
func unchanged(header string, c disclosure.Copy) bool {
	if c.Type() == records.PlanType {
		return false
	}
	for tag := range strings.SplitSeq(header, ",") {
		tag = strings.TrimPrefix(strings.TrimSpace(tag), "W/")
		if tag == "*" || tag == `"`+c.VersionID()+`"` {
			return true
		}
	}
	return false
}

// searchset puts the disclosures of a page into a Bundle. There is a total only where
// one was asked for, and the links hold no identifier. The room is empty, and may be too
// small.
func (r *Road) searchset(room []byte, t *exchange, released []disclosure.Disclosure, p reply) []byte {
	size := 4096
	for _, x := range released {
		size += len(x.Body()) + 512
	}
	w := fhir.NewWriter(slices.Grow(room, size))
	self := r.Base + "/" + t.ask.Type
	if p.search.Shown != "" {
		self += "?" + p.search.Shown
	}
	bundleOf(w, "searchset", func() {
		if p.search.Total == Accurate {
			w.Name("total").Int(int64(p.total))
		}
		w.Name("link").Array(func() {
			link(w, "self", self)
			if p.next != "" {
				link(w, "next", r.Base+"/"+t.ask.Type+"?_cursor="+p.next)
			}
		})
		if len(released) > 0 || p.search.Crisis == CrisisRead {
			w.Name("entry").Array(func() {
				for i, x := range released {
					mode := "match"
					if i >= p.matches {
						mode = "include"
					}
					entry(w, r.Base+"/"+x.Type()+"/"+x.ID(), mode, x.Body())
				}
				if p.search.Crisis == CrisisRead {
					entry(w, crisisEntry, "outcome", r.crisisOutcome(t))
				}
			})
		}
	})
	return w.Bytes()
}

// crisisEntry is the address of the entry that every crisis read carries: one and the same.
const crisisEntry = "urn:uuid:2d0f5a4e-6c1b-4b57-9a3e-8f5d1c7e4b60"

func bundleOf(w *fhir.Writer, typ string, members func()) {
	w.Object(func() {
		w.Member("resourceType", "Bundle")
		w.Member("type", typ)
		members()
	})
}

func link(w *fhir.Writer, relation, url string) {
	w.Object(func() {
		w.Member("relation", relation)
		w.Member("url", url)
	})
}

func entry(w *fhir.Writer, fullURL, mode string, body []byte) {
	w.Object(func() {
		w.Member("fullUrl", fullURL)
		w.Name("resource").Raw(body)
		w.Name("search").Object(func() { w.Member("mode", mode) })
	})
}
