package gateway

import (
	"encoding/base64"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"

	"cpagateway/gateway/road"
	"cpagateway/gateway/subscriptions"
	"cpagateway/gateway/texts"
	"cpagateway/profiles/fhir"
)

const maxEntries = 100 // of a batch or a transaction: each is a request, and a transaction holds the store's lock

// serveBundle answers a batch or a transaction.
func (f *Front) serveBundle(c *gin.Context) {
	ask := road.Ask{Interaction: road.None, Fault: unacceptable(c.Request)}
	if ask.Fault == nil {
		ask = whole(c.Request, ask, func() road.Ask { return f.readBundle(c) })
	}
	f.Road.Serve(c.Writer, c.Request, ask)
}

func (f *Front) readBundle(c *gin.Context) (ask road.Ask) {
	ask.Interaction = road.None
	pairs, fault := parameters(c, road.Batch)
	if fault == nil {
		ask.Form, pairs, fault = formOf(c.Request, pairs)
	}
	if fault == nil && len(pairs) > 0 {
		fault = noParameters
	}
	var bundle fhir.Value
	if fault == nil {
		bundle, fault = writtenResource(c.Writer, c.Request)
	}
	if ask.Fault = fault; fault != nil {
		return ask
	}
	switch kind := bundle.Get("type"); {
	case bundle.Type() != "Bundle" || bundle.Get("entry").Len() == 0 || bundle.Get("entry").Len() > maxEntries:
		ask.Fault = badBundle
	case kind.Is(string(road.Batch)):
		ask.Interaction = road.Batch
	case kind.Is(string(road.Transaction)):
		ask.Interaction = road.Transaction
	default:
		ask.Fault = badBundle
	}
	named := map[string]bool{}
	for entry := range bundle.Get("entry").Each() {
		name := entry.Get("fullUrl").Text()
		if ask.Fault == nil && name != "" && named[name] && ask.Interaction == road.Transaction {
			ask.Fault = badBundle // a reference to it could lead to either
		}
		if named[name] = true; ask.Fault == nil {
			f.addEntry(&ask, entry, c.Request.Header)
		}
	}
	return ask
}

var badBundle = road.Refuse(http.StatusBadRequest, "invalid", texts.BadBundle, maxEntries)

// addEntry adds the request of one entry. One that cannot be done fails by itself in a
// batch, and the whole in a transaction.
func (f *Front) addEntry(ask *road.Ask, entry fhir.Value, header http.Header) {
	one := f.entryAsked(entry, header)
	switch {
	case ask.Interaction == road.Transaction && one.Fault != nil:
		ask.Fault = one.Fault.OfEntry(entry.Path())
	case ask.Interaction == road.Transaction && (one.Interaction == road.Search || one.Type == subscriptions.Type):
		ask.Fault = badBundle
	}
	ask.Entries = append(ask.Entries, one)
}

// entryAsked reads the request of an entry as that of a request by itself is read.
func (f *Front) entryAsked(entry fhir.Value, header http.Header) road.Ask {
	request := entry.Get("request")
	path, query, _ := strings.Cut(strings.TrimPrefix(request.Get("url").Text(), f.Road.Base+"/"), "?")
	typ, id, _ := strings.Cut(path, "/")
	if request.Get("method").Is(http.MethodGet) && id == "_search" { // as it may stand alone
		id = ""
	}
	in := incoming{
		typ: typ, id: id, match: request.Get("ifMatch").Text(), noneExist: request.Get("ifNoneExist").Text(), name: entry.Get("fullUrl").Text(),
		prefer: header.Values("Prefer"), resource: func() (fhir.Value, *road.Fault) { return ownDocument(entry.Get("resource")) },
	}
	switch method := request.Get("method"); {
	case method.Is(http.MethodPost) && id == "":
		in.interaction = road.Create
	case method.Is(http.MethodPut):
		in.interaction = road.Update
	case method.Is(http.MethodPatch):
		in.interaction = road.Patch
	case method.Is(http.MethodDelete):
		in.interaction = road.Delete
	case method.Is(http.MethodGet) && id != "":
		in.interaction = road.Read
	case method.Is(http.MethodGet):
		in.interaction = road.Search
	default:
		return road.Ask{Interaction: road.None, Fault: badBundle}
	}
	pairs, ok := parsePairs(query)
	if !ok || strings.Contains(id, "/") {
		return road.Ask{Interaction: road.None, Fault: badBundle}
	}
	return f.ask(in, pairs, handlingOf(header))
}

// ownDocument is a resource inside another, read by itself.
func ownDocument(resource fhir.Value) (fhir.Value, *road.Fault) {
	if resource.Kind() != fhir.Object {
		return fhir.Value{}, badBundle
	}
	own, err := fhir.ParseResource(resource.Raw())
	if err != nil {
		return fhir.Value{}, badBundle
	}
	return own, nil
}

// patchOf is the JSON Patch that an entry carries as a Binary (R4, http.html#patch).
func patchOf(binary fhir.Value) ([]byte, *road.Fault) {
	patch, err := base64.StdEncoding.DecodeString(binary.Get("data").Text())
	if err != nil || binary.Type() != "Binary" || !binary.Get("contentType").Is(jsonPatch) {
		return nil, badBundle
	}
	return patch, nil
}
