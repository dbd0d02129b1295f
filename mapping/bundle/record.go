package bundle

import (
	"strconv"
	"strings"
	"time"

	"cpagateway/mapping"
	"cpagateway/mapping/scratch"
	"cpagateway/profiles/fhir"
)

// refusal is why a record is set aside.
type refusal struct{ rule, reason string }

// give takes a record or sets it aside.
func (x *extract) give(d *document, e *entry) error {
	x.report.Read++
	made, warnings, no := x.make(d, e)
	if err := x.memory.table.Err(); err != nil {
		return err
	}
	if no != nil {
		x.report.Refused++
		var consents []mapping.Resource
		if made.Type == "Consent" {
			made.Records = 0
			consents = append(consents, made)
		}
		return x.out.SetAside([]mapping.Fault{{At: e.at, Rule: no.rule, Reason: no.reason, Raw: x.fragment(d, e, no.rule)}}, consents)
	}
	x.report.Taken++
	x.leaveMembers("Bundle.entry", e.value, "fullUrl", "resource", "request", "search")
	if x.given++; x.given == 1 {
		made.Held = d.size
	}
	if err := x.out.Take([]mapping.Resource{made}); err != nil {
		return err
	}
	if len(warnings) == 0 {
		return nil
	}
	return x.out.SetAside(warnings, nil)
}

// make is the resource of a record, with warnings about it, or why it is not taken.
func (x *extract) make(d *document, e *entry) (made mapping.Resource, warnings []mapping.Fault, no *refusal) {
	if no = x.unfit(e); no != nil {
		return made, nil, no
	}
	who, no := x.personOf(d, e)
	if no != nil {
		return made, nil, no
	}
	id := x.env.ID(e.self.typ, e.self.key)
	body, warnings, err := x.rewrite(d, e, id)
	if err != nil {
		return made, nil, &refusal{RuleJSON, err.Error()}
	}
	return mapping.Resource{
		Type: e.self.typ, ID: id, Key: e.self.key, Person: who.key, NHSNumber: who.number, Body: body, From: e.at, Records: 1,
		Fragment: func() []byte { return x.fragment(d, e, "") }, Sent: e.sent(), Of: mapping.RecordName(e.self.typ, e.self.key, who.key, who.number),
	}, warnings, x.again(d, e, body)
}

// unfit says why an entry holds no record that could be taken.
func (x *extract) unfit(e *entry) *refusal {
	switch method := e.method(); {
	case e.fault != "":
		return &refusal{RuleJSON, e.fault}
	case method == "DELETE":
		// Older versions of it may follow in a history; they must not bring it back.
		x.memory.keep(e.self, seen{})
		return &refusal{RuleMethod, "the entry deletes a resource; an import deletes nothing: see to it by hand and discard the entry"}
	case method == "PATCH":
		return &refusal{RuleMethod, "the entry holds a change and not a resource: bring the whole resource"}
	case e.self.typ == "":
		return &refusal{RuleEntry, "the entry has no resource with a resourceType"}
	case e.self.key == "":
		return &refusal{RuleKey, "the resource cannot be told from others: give it an id, or the entry a fullUrl, or an identifier"}
	}
	return nil
}

// again says why a record that came before is not taken again. Only another
// document may repeat it, word for word (servers put the same practitioner on
// every page); the store then finds it unchanged. A newer version, by its own meta,
// is taken in its place.
func (x *extract) again(d *document, e *entry, body []byte) *refusal {
	now := seen{x.unit, scratch.KeyOf(body), e.who(), e.version()}
	before, twice := x.memory.record(e.self)
	switch {
	case d.names.known[e.self]:
	case !twice:
		x.memory.keep(e.self, now)
		return nil
	case before.unit != now.unit && before.body == now.body:
		return nil
	case e.self.typ == "Patient" && !d.is("history") && before.who != now.who:
		x.memory.doubt(e.self)
	case now.made.after(before.made):
		x.memory.keep(e.self, now)
		return nil
	}
	return &refusal{RuleDuplicate, "another resource of this type and id came first, or its deletion, and its meta does not say that this one is newer: give this one an id of its own, or discard it"}
}

// version is when a resource was made by what its meta says, in that order: the zero
// version says nothing.
type version struct {
	updated time.Time
	number  uint64
}

func (e *entry) version() (v version) {
	v.updated, _ = time.Parse(time.RFC3339Nano, e.resource.Find("meta", "lastUpdated").Text())
	v.number, _ = strconv.ParseUint(e.resource.Find("meta", "versionId").Text(), 10, 64)
	return v
}

// sent is as of when the source says it.
func (e *entry) sent() mapping.Sending {
	updated := e.version().updated
	if updated.IsZero() {
		return mapping.Sending{}
	}
	return mapping.Sending{Of: e.self.typ + "/" + e.self.key, At: mapping.SentAt(updated)}
}

// after reports that a version is certainly the newer one.
func (v version) after(other version) bool {
	if !v.updated.IsZero() && !other.updated.IsZero() && !v.updated.Equal(other.updated) {
		return v.updated.After(other.updated)
	}
	return other.number > 0 && v.number > other.number
}

// who tells whether two Patients are one person.
func (e *entry) who() digest {
	return scratch.KeyOf(e.resource.Get("identifier").Raw(), e.resource.Get("birthDate").Raw(), e.resource.Get("name").Raw())
}

// rewrite is the resource as it came but for its id and its references, which
// become the gateway's.
func (x *extract) rewrite(d *document, e *entry, id string) (body []byte, warnings []mapping.Fault, err error) {
	var edits []fhir.Edit
	for ref := range fhir.References(e.resource) {
		text := ref.Text()
		if text == "" || strings.HasPrefix(text, "#") {
			continue
		}
		t, ok := x.resolve(d, text)
		if !ok {
			warnings = append(warnings, e.warning(ref, RuleReference, "the reference leads to nothing that the bundle or the source is known to hold; it stays as it is"))
			continue
		}
		if strings.Contains(text, versioned) {
			warnings = append(warnings, e.warning(ref, RuleVersion, "the reference is to a version of the source, which the gateway does not number alike; it now leads to the current one"))
		}
		edits = append(edits, fhir.Edit{At: ref, With: fhir.AppendString(nil, t.typ+"/"+x.env.ID(t.typ, t.key))})
	}
	raw := fhir.AppendString(nil, id)
	if own := e.resource.Get("id"); own.Exists() {
		edits = append(edits, fhir.Edit{At: own, With: raw})
		body, err = fhir.Splice(e.resource, edits...)
		return body, warnings, err
	}
	body, err = fhir.Splice(e.resource, edits...)
	if err != nil {
		return nil, nil, err
	}
	v, err := fhir.Parse(body)
	if err != nil {
		return nil, nil, err
	}
	body, err = fhir.SetMember(v, "id", raw)
	return body, warnings, err
}

func (e *entry) warning(ref fhir.Value, rule, reason string) mapping.Fault {
	at := e.at
	at.Field = ref.Path()
	return mapping.Fault{At: at, Value: ref.Text(), Rule: rule, Reason: reason, Warning: true}
}
