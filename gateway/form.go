package gateway

import (
	"mime"
	"net/http"
	"slices"
	"strings"

	"cpagateway/gateway/road"
	"cpagateway/gateway/texts"
)

// formParams are the parameters that shape every answer, whatever is asked (R4
// http.html#parameters).
var formParams = []string{"_format", "_pretty"}

// formOf takes out of the parameters those that shape the answer, and says which
// form is wanted: _format goes before Accept. JSON is the one format that is served.
func formOf(r *http.Request, pairs []pair) (road.Form, []pair, *road.Fault) {
	var form road.Form
	var rest []pair
	given := map[string]bool{}
	for _, p := range pairs {
		if !slices.Contains(formParams, p.name) {
			rest = append(rest, p)
			continue
		}
		if given[p.name] {
			return form, nil, road.BadRequest
		}
		given[p.name] = true
		switch {
		case p.name == "_format" && !isJSON(p.value):
			return form, nil, notAcceptable
		case p.name == "_format":
		case p.value != "true" && p.value != "false":
			return form, nil, wrongValue(p.name, "true, false")
		default:
			form.Pretty = p.value == "true"
		}
	}
	if !given["_format"] && !acceptsJSON(r) {
		return form, nil, notAcceptable
	}
	return form, rest, nil
}

var notAcceptable = road.Refuse(http.StatusNotAcceptable, "not-supported", texts.NotAcceptable)

// isJSON reads a media type, or R4's short name for one, as clients write it: a
// plus that nobody escaped reads as a blank.
func isJSON(kind string) bool {
	kind, _, _ = strings.Cut(kind, ";")
	kind = strings.ReplaceAll(strings.ToLower(strings.TrimSpace(kind)), " ", "+")
	return slices.Contains([]string{"json", "application/json", "application/fhir+json", "text/json"}, kind)
}

func acceptsJSON(r *http.Request) bool {
	accept := strings.Join(r.Header.Values("Accept"), ",")
	if accept == "" {
		return true
	}
	for part := range strings.SplitSeq(accept, ",") {
		kind, _, err := mime.ParseMediaType(part)
		if err == nil && (kind != "json" && isJSON(kind) || kind == "*/*" || kind == "application/*") {
			return true
		}
	}
	return false
}
