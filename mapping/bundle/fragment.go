package bundle

import (
	"bytes"
	"maps"
	"slices"
	"strings"

	"cpagateway/profiles/fhir"
)

// A fragment is a Bundle of the entry as it came and, where the entry leans on
// others, of pointers: entries without a resource whose response says, in the
// words of HTTP, what the others were. So a fragment can be read without them.
const (
	isThere   = "303" // See Other: the fullUrl is a name of response.location, Type/key
	isDoubted = "300" // Multiple Choices: two records have the name
)

// pointer reads a pointer. One to doubted records gives no target.
func (e *entry) pointer() (t target, ok bool) {
	response := e.value.Get("response")
	status := response.Get("status")
	if e.resource.Exists() || !status.Is(isThere) && !status.Is(isDoubted) {
		return target{}, false
	}
	typ, key, ok := strings.Cut(response.Get("location").Text(), "/")
	if status.Is(isDoubted) {
		return target{}, true
	}
	return target{typ, key}, ok && memberName.MatchString(typ)
}

// fragment is the source record for the quarantine.
func (x *extract) fragment(d *document, e *entry, rule string) []byte {
	w := fhir.NewWriter(nil)
	for _, name := range x.leansOn(d, e) {
		t, ok := x.resolve(d, name)
		if !ok {
			point(w, name, isDoubted, target{})
		} else if t != e.self {
			point(w, name, isThere, t)
		}
	}
	if rule == RuleDuplicate {
		point(w, "", isThere, e.self)
	}
	pointers := w.Bytes()
	bare := !d.shell.Exists()
	if bare && len(pointers) == 0 {
		return e.raw
	}
	// Not by the Writer: the entry may be no JSON.
	var b bytes.Buffer
	b.WriteString(`{"resourceType":"Bundle","type":"collection","entry":[`)
	if bare {
		b.WriteString(`{"resource":`)
	}
	b.Write(e.raw)
	if bare {
		b.WriteByte('}')
	}
	if len(pointers) > 0 {
		b.WriteByte(',')
		b.Write(pointers)
	}
	b.WriteString(`]}`)
	return b.Bytes()
}

// point writes one pointer.
func point(w *fhir.Writer, name, status string, t target) {
	w.Object(func() {
		w.Member("fullUrl", name)
		w.Name("response").Object(func() {
			w.Member("status", status)
			if t.key != "" {
				w.Member("location", t.typ+"/"+t.key)
			}
		})
	})
}

// leansOn lists the references of an entry that mean something only beside other
// records. Of an entry that cannot be read it is every name that occurs in it.
func (x *extract) leansOn(d *document, e *entry) []string {
	if e.fault != "" {
		return slices.DeleteFunc(slices.Sorted(maps.Keys(d.names.to)), func(name string) bool {
			return !bytes.Contains(e.raw, []byte(name))
		})
	}
	var found []string
	note := func(text string) {
		named := x.borne(d, text)
		t := x.find(d, text)
		base, plain, isLiteral := literal(text)
		byItself := isLiteral && base == "" && plain == t && !x.memory.doubtful(t) && !named
		if (named || t.key != "") && !byItself && !slices.Contains(found, text) {
			found = append(found, text)
		}
	}
	for ref := range fhir.References(e.resource) {
		note(ref.Text())
	}
	for _, path := range persons[e.self.typ] {
		for ref := range e.resource.All(strings.Split(path, ".")...) {
			note(textOf(ref, "Patient"))
		}
	}
	return found
}
