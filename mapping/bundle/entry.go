package bundle

import (
	"strings"

	"cpagateway/mapping"
	"cpagateway/profiles/fhir"
)

// entry is one source record: an entry of a Bundle, or a bare resource.
type entry struct {
	at       mapping.Position
	raw      []byte     // as it came
	value    fhir.Value // Absent where it cannot be read, and for a bare resource
	resource fhir.Value
	self     target // what it is in the source; no key where nothing says it
	fault    string // why it cannot be read
}

// outcome reports whether an entry is what a server says about a search, which
// is nobody's record.
func (d *document) outcome(e *entry) bool {
	return e.resource.Type() == "OperationOutcome" && (d.is("searchset") || e.value.Find("search", "mode").Is("outcome"))
}

// isAnswer reports whether an entry only tells what became of a request, or asks
// for something: there is no record in it.
func (e *entry) isAnswer() bool {
	if e.fault != "" || e.resource.Exists() {
		return false
	}
	method := e.method()
	return method == "GET" || method == "HEAD" || method == "" && e.value.Get("response").Exists()
}

func (d *document) is(kind string) bool { return d.shell.Get("type").Is(kind) }

func (e *entry) method() string { return e.value.Find("request", "method").Text() }

// identity is type and key of an entry: the resource's own id, else what its
// fullUrl names, else its first identifier.
func (e *entry) identity() target {
	typ := e.resource.Type()
	if !e.resource.Exists() {
		// A DELETE says in its URL what it deletes.
		if _, t, ok := literal(e.value.Find("request", "url").Text()); ok {
			return t
		}
		return target{}
	}
	if !memberName.MatchString(typ) {
		return target{} // no type of R4, and a fragment could not point to it
	}
	if e.resource.Get("id").Exists() {
		return target{typ, e.resource.ID()}
	}
	full := e.value.Get("fullUrl").Text()
	if uuid, ok := strings.CutPrefix(full, "urn:uuid:"); ok {
		return target{typ, uuid}
	}
	if _, t, ok := literal(full); ok && t.typ == typ {
		return t
	}
	for id := range e.resource.Get("identifier").Each() {
		if value := id.Get("value").Text(); value != "" {
			return target{typ, id.Get("system").Text() + "|" + value}
		}
	}
	return target{typ: typ}
}
