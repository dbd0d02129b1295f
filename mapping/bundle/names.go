package bundle

import (
	"iter"
	"net/url"
	"regexp"
	"strings"

	"cpagateway/profiles"
	"cpagateway/profiles/fhir"
)

// target is a record of the source that a reference leads to. In a table of
// names the zero target stands for a name that two records have.
type target struct{ typ, key string }

// names is what the records of one document are called in it.
type names struct {
	to    map[string]target
	bases map[string]bool // servers whose URLs the Bundle's own entries have
	known map[target]bool // records that a fragment says are somewhere else
}

// giveName lets a record be known by a name. Which of two is meant is not ours to guess.
func giveName(to map[string]target, text string, t target) {
	if before, taken := to[text]; taken && before != t {
		t = target{}
	}
	to[text] = t
}

// learn takes the names of one entry: its fullUrl and its identifiers.
func (n *names) learn(e *entry) {
	full := e.value.Get("fullUrl").Text()
	if t, ok := e.pointer(); ok {
		if t.key != "" {
			n.known[t] = true
		}
		if full != "" {
			giveName(n.to, full, t)
		}
		return
	}
	if !e.resource.Exists() || e.self.key == "" {
		return
	}
	if full != "" {
		giveName(n.to, full, e.self)
	}
	if base, t, ok := literal(full); ok && base != "" && t.typ == e.self.typ {
		n.bases[base] = true
	}
	for name := range e.conditionals() {
		giveName(n.to, name, e.self)
	}
}

// conditionals are the conditional references that find an entry's resource (R4,
// http.html#trules), one for each identifier with a system.
func (e *entry) conditionals() iter.Seq[string] {
	return func(yield func(string) bool) {
		for id := range e.resource.Get("identifier").Each() {
			if name := byIdentifier(e.self.typ, id); name != "" && e.self.key != "" && !yield(name) {
				return
			}
		}
	}
}

func byIdentifier(typ string, id fhir.Value) string {
	return byNormal(typ, id.Get("system").Text(), id.Get("value").Text())
}

// byNormal is the one conditional reference for all the forms in which systems write
// an identifier.
func byNormal(typ, system, value string) string {
	system, value = profiles.NormalIdentifier(system, value)
	if system == "" || value == "" {
		return ""
	}
	return typ + conditional + system + "|" + value
}

const (
	conditional = "?identifier="
	versioned   = "/_history/"
)

// literalForm is Type/id, after a server's address or by itself.
var literalForm = regexp.MustCompile(`^(?:(https?://.+)/)?([A-Z][A-Za-z]+)/([^/?#|\s]+)$`)

// literal reads Type/id and the base URL before it, if there is one. A version is
// no part of what is meant.
func literal(text string) (base string, t target, ok bool) {
	text, _, _ = strings.Cut(text, versioned)
	m := literalForm.FindStringSubmatch(text)
	if m == nil {
		return "", target{}, false
	}
	return m[1], target{m[2], m[3]}, true
}

// resolve finds the record that a reference leads to. It finds none where it
// could be two.
func (x *extract) resolve(d *document, text string) (target, bool) {
	t, named := d.names.to[text]
	if !named {
		t = x.find(d, text)
	}
	return t, t.key != "" && !x.memory.doubtful(t)
}

// borne reports that a name is that of a record, or of two.
func (x *extract) borne(d *document, name string) bool {
	_, here := d.names.to[name]
	_, elsewhere := x.memory.named(name)
	return here || elsewhere
}

// find looks a reference up as what it means: a condition on an identifier, met
// in the document or the extract's directory; or Type/id, of this source where no
// other server is named.
func (x *extract) find(d *document, text string) target {
	if typ, condition, ok := strings.Cut(text, conditional); ok {
		if plain, err := url.PathUnescape(condition); err == nil {
			condition = plain
		}
		system, value, _ := strings.Cut(condition, "|")
		name := byNormal(typ, system, value)
		if t, ok := d.names.to[name]; ok {
			return t
		}
		t, _ := x.memory.named(name)
		return t
	}
	plain, _, _ := strings.Cut(text, versioned)
	if t, ok := d.names.to[plain]; ok {
		return t
	}
	base, t, ok := literal(plain)
	if !ok || base != "" && !d.names.bases[base] {
		return target{}
	}
	return t
}

// textOf is what a Reference says: its reference, or a conditional one made of
// its identifier where it has none.
func textOf(reference fhir.Value, typ string) string {
	if text := reference.Get("reference").Text(); text != "" {
		return text
	}
	return byIdentifier(typ, reference.Get("identifier"))
}
