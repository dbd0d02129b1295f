package gateway

import (
	"errors"
	"io"
	"mime"
	"net/http"
	"os"
	"strings"

	"github.com/gin-gonic/gin"

	"cpagateway/gateway/road"
	"cpagateway/gateway/texts"
	"cpagateway/profiles"
	"cpagateway/profiles/fhir"
)

// incoming is a request for one interaction, before it is read: by itself, or an entry of
// a bundle.
type incoming struct {
	interaction      road.Interaction
	typ, id, version string
	match, noneExist string
	condition        []pair // of an update without an id
	name             string // by which other entries refer to what it creates
	prefer           []string
	resource         func() (fhir.Value, *road.Fault) // what is sent
	patch            func() ([]byte, *road.Fault)     // nil: as a Binary in place of the resource
	mapped           func() ([]byte, *road.Fault)     // what a $transform maps; in no bundle
}

// incomingOf is a request by itself.
func incomingOf(c *gin.Context, interaction road.Interaction) incoming {
	return incoming{
		interaction: interaction, typ: c.Param("type"), id: c.Param("id"), version: c.Param("version"),
		match: c.GetHeader("If-Match"), noneExist: c.GetHeader("If-None-Exist"), prefer: c.Request.Header.Values("Prefer"),
		resource: func() (fhir.Value, *road.Fault) { return writtenResource(c.Writer, c.Request) },
		patch:    func() ([]byte, *road.Fault) { return writtenBody(c.Writer, c.Request, jsonPatch, maxBody) },
		mapped:   func() ([]byte, *road.Fault) { return writtenBody(c.Writer, c.Request, fhirJSON, maxMapped) },
	}
}

// readWrite reads what a request to change something brings. Everything that is wrong
// with it by itself is told here, before anybody's records are looked at.
func (f *Front) readWrite(in incoming, ask *road.Ask) (fault *road.Fault) {
	w := &ask.Write
	w.Name = in.name
	prefer(in.prefer, w)
	if w.Match, fault = ifMatch(in.match); fault != nil || ask.Interaction == road.Delete {
		return fault
	}
	if ask.Interaction == road.Patch && in.patch != nil {
		w.Patch, fault = in.patch()
		return fault
	}
	resource, fault := in.resource()
	if fault != nil {
		return fault
	}
	if ask.Interaction == road.Patch {
		w.Patch, fault = patchOf(resource)
		return fault
	}
	if resource.Type() != ask.Type || ask.Interaction == road.Update && resource.ID() != ask.ID && in.id != "" {
		return wrongTarget
	}
	if resource, fault = f.ownReferences(resource); fault != nil {
		return fault
	}
	if subsetted(resource) {
		return road.Refuse(http.StatusUnprocessableEntity, "business-rule", texts.Subsetted)
	}
	w.Resource = resource
	if fault := road.Invalid(profiles.Check(resource)); fault != nil {
		return fault
	}
	return f.readCondition(in, ask)
}

// ownReferences is a resource in which what stands at this gateway's own address is
// referred to as it is kept: Base/Patient/x is Patient/x.
func (f *Front) ownReferences(resource fhir.Value) (fhir.Value, *road.Fault) {
	var edits []fhir.Edit
	for ref := range fhir.References(resource) {
		if own, found := strings.CutPrefix(ref.Text(), f.Road.Base+"/"); found {
			edits = append(edits, fhir.Edit{At: ref, With: fhir.AppendString(nil, own)})
		}
	}
	if len(edits) == 0 {
		return resource, nil
	}
	body, err := fhir.Splice(resource, edits...)
	if err == nil {
		resource, err = fhir.ParseResource(body)
	}
	if err != nil {
		return resource, road.Refuse(http.StatusBadRequest, "structure", texts.NotJson)
	}
	return resource, nil
}

// readCondition reads the search of a conditional create or update (R4,
// http.html#ccreate and #cond-update): for what the caller's organisation holds about the
// same person.
func (f *Front) readCondition(in incoming, ask *road.Ask) *road.Fault {
	pairs, ok := in.condition, true
	switch {
	case ask.Interaction == road.Create && in.noneExist == "", ask.Interaction == road.Update && in.id != "":
		return nil
	case ask.Interaction == road.Create:
		pairs, ok = parsePairs(strings.TrimPrefix(in.noneExist, "?"))
	}
	if !ok || len(pairs) == 0 {
		return road.BadRequest
	}
	search, _, fault := f.parseSearch(ask.Type, pairs, strict)
	if fault == nil && (search.Cursor != "" || len(search.Params) == 0) {
		fault = road.BadRequest
	}
	ask.Write.Condition = &search
	return fault
}

// subsetted reports a part of a resource: written back, what was left out would seem to
// have been taken away.
func subsetted(resource fhir.Value) bool {
	for code := range resource.All("meta", "tag", "code") {
		if code.Is("SUBSETTED") {
			return true
		}
	}
	return false
}

// The media types of what is written.
const (
	fhirJSON  = "application/fhir+json"
	jsonPatch = "application/json-patch+json"
)

// writtenResource reads the body of a request as one resource.
func writtenResource(w http.ResponseWriter, r *http.Request) (fhir.Value, *road.Fault) {
	body, fault := writtenBody(w, r, fhirJSON, maxBody)
	if fault != nil {
		return fhir.Value{}, fault
	}
	resource, err := fhir.ParseResource(body)
	if err == nil {
		return resource, nil
	}
	fault = road.Refuse(http.StatusBadRequest, "structure", texts.NotJson)
	var where *fhir.SyntaxError
	if errors.As(err, &where) {
		fault.Issues = []road.Issue{{Code: "structure", Expression: where.Path, Text: where.Reason}}
	}
	return fhir.Value{}, fault
}

// writtenBody reads a body of the one media type that is taken, of so many bytes at most.
func writtenBody(w http.ResponseWriter, r *http.Request, want string, most int64) ([]byte, *road.Fault) {
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if kind != want && !(want == fhirJSON && isJSON(kind)) {
		return nil, road.Refuse(http.StatusUnsupportedMediaType, "not-supported", texts.WriteMediaType, want)
	}
	return bodyOf(w, r, most)
}

// bodyOf reads a body of so many bytes at most, as it is: what is compressed may become any size.
func bodyOf(w http.ResponseWriter, r *http.Request, most int64) ([]byte, *road.Fault) {
	if coding := r.Header.Get("Content-Encoding"); coding != "" && !strings.EqualFold(coding, "identity") {
		return nil, road.Refuse(http.StatusUnsupportedMediaType, "not-supported", texts.ContentEncoding)
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, most))
	if _, over := errors.AsType[*http.MaxBytesError](err); over {
		return nil, tooLarge(most)
	}
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		return nil, road.Timeout
	case err != nil:
		return nil, road.BadRequest
	}
	return body, nil
}

// ifMatch reads the one version that a change is made from, strong or weak: W/"x" is how
// it is given out, and "x" is how some clients send it back.
func ifMatch(header string) (string, *road.Fault) {
	version := strings.TrimPrefix(strings.TrimSpace(header), "W/")
	version, opened := strings.CutPrefix(version, `"`)
	version, closed := strings.CutSuffix(version, `"`)
	if header != "" && (!opened || !closed || !fhir.IsID(version)) {
		return "", road.Outdated
	}
	return version, nil
}

// preferences are the words of Prefer headers (RFC 7240).
func preferences(headers []string) []string {
	return strings.FieldsFunc(strings.Join(headers, ","), func(r rune) bool { return r == ',' || r == ';' || r == ' ' })
}

// prefer reads the preferences about a change that are known; others are nothing to be
// refused.
func prefer(headers []string, w *road.WriteAsk) {
	for _, preference := range preferences(headers) {
		switch strings.ToLower(preference) {
		case "merge":
			w.Stale = road.Merge
		case "return=minimal":
			w.Return = road.Minimal
		case "return=operationoutcome":
			w.Return = road.Outcome
		}
	}
}
