// Package disclosure makes the copy of a stored resource that a decision lets
// out, and the narrative of a plan. It is pure. Terms are the one maker of a Copy, and
// Copy.Under of a Disclosure; the zero values carry nothing.
package disclosure

import (
	"crypto/sha256"
	"encoding/binary"
	"strconv"
	"time"

	"golang.org/x/text/language"

	"cpagateway/consent"
	"cpagateway/profiles"
	"cpagateway/profiles/fhir"
)

// Held is one stored version on its way to disclosure.
type Held struct {
	Resource  fhir.Value
	Person    profiles.PersonID // empty for staff and organisations
	Custodian profiles.OrgCode
	Label     profiles.Label
	Tag       Tag          // makes what this caller sees as meta.versionId; nil for none
	Updated   time.Time    // what this caller sees as meta.lastUpdated
	Reader    language.Tag // the language of the reader, which comes first in a narrative
}

// Tag makes the versionId of a copy from the items that it carries and the digest
// of its content. A narrower copy has another tag than a wider one, and what the
// caller may not see moves neither.
type Tag func(carried profiles.ItemSet, content Digest) string

// Digest is of the content of a copy without its meta and narrative: the first
// half of its SHA-256.
type Digest [16]byte

// Target is what the store knows of a resource that another one refers to.
type Target struct {
	Person profiles.PersonID
	Label  profiles.Label
}

// Terms are what of a decision shapes a copy: two decisions with the same terms let
// the same copies out. Comparable; the zero Terms let nothing out.
type Terms struct {
	open      bool // the decision lets something be read
	person    profiles.PersonID
	custodian profiles.OrgCode
	granted   profiles.ItemSet
	day       time.Time // the start of the day in London: what is overdue changes with it
}

// TermsOf are the terms of a decision.
func TermsOf(d consent.Decision) Terms {
	return Terms{
		open:      d.Outcome() != consent.Deny && (d.Action() == consent.Read || d.Action() == consent.Search),
		person:    d.Person(),
		custodian: d.Source(),
		granted:   d.Items(),
		day:       profiles.Day(d.At()),
	}
}

// AppendKey appends bytes that are others for other terms.
func (t Terms) AppendKey(key []byte) []byte {
	key = strconv.AppendBool(key, t.open)
	for _, text := range []string{string(t.person), string(t.custodian)} {
		key = append(binary.AppendUvarint(key, uint64(len(text))), text...)
	}
	key = binary.BigEndian.AppendUint64(key, t.granted.Bits())
	return binary.BigEndian.AppendUint64(key, uint64(t.day.Unix())) //nolint:gosec // any bits will do
}

// Open reports that something may be let out.
func (t Terms) Open() bool { return t.open }

// Custodian is whose records they are about.
func (t Terms) Custodian() profiles.OrgCode { return t.custodian }

// Sees reports whether a reference to the target may be copied. To what was never
// labelled none is.
func (t Terms) Sees(target Target) bool {
	return (target.Person == "" || target.Person == t.person) && target.Label.Within(t.granted) && !target.Label.Items().Empty()
}

// Copy is one resource as its terms let it out: made anew, of what may be copied. Only
// Terms make one; the zero Copy carries nothing. It is immutable and may be shared
// between goroutines.
type Copy struct {
	terms     Terms
	body      []byte
	typ, id   string
	person    profiles.PersonID
	versionID string
	items     profiles.ItemSet
	part      bool // of the copy: see Only
}

// Body is the JSON to be sent, nil where nothing may be. Do not modify it.
func (c Copy) Body() []byte { return c.body }

// Withheld reports that the copy carries nothing.
func (c Copy) Withheld() bool { return len(c.body) == 0 }

// Type is the resource's type; empty where it is withheld, as are all that follow.
func (c Copy) Type() string { return c.typ }

// ID is the resource's id.
func (c Copy) ID() string { return c.id }

// Person is whom the resource is about, empty for staff and organisations.
func (c Copy) Person() profiles.PersonID { return c.person }

// Custodian is whose record it is.
func (c Copy) Custodian() profiles.OrgCode { return c.terms.custodian }

// VersionID is meta.versionId of the body; of a part, which has none of its own, that
// of the whole copy.
func (c Copy) VersionID() string { return c.versionID }

// Part reports that the body is a part of the copy, and not what the version names.
func (c Copy) Part() bool { return c.part }

// Items are the items that the copy in fact carries, for the record of the
// disclosure: never more than the terms grant.
func (c Copy) Items() profiles.ItemSet { return c.items }

// Disclosure is a copy that a decision lets out. Only Copy.Under makes one; the zero
// Disclosure carries nothing. It is immutable and may be shared between goroutines.
type Disclosure struct {
	Copy
	decision consent.Decision
}

// Decision is the decision that let it out.
func (x Disclosure) Decision() consent.Decision { return x.decision }

// Under is the copy as a decision lets it out: nothing, where the copy was not made by
// the terms of that decision.
func (c Copy) Under(d consent.Decision) Disclosure {
	if c.terms != TermsOf(d) {
		return Disclosure{}
	}
	return Disclosure{c, d}
}

// Copy copies of a stored version what the terms let through, element by
// element by the closed list of profiles/elements.txt; it never deletes from the
// original, so what nobody thought of stays behind. Narrative and meta are
// written anew. A reference is copied only where targets (by "Type/id") says
// that its target may be seen as well.
//
// The copy carries nothing where the decision denies or is no decision to
// read, where the resource is about somebody else than the decision or another
// custodian's, where its label is not granted, where an element that FHIR requires cannot be copied, and
// where something in what would be copied changes the meaning of the rest in a way
// that we do not know.
//
// The narrative of a plan also reads out what the copies beside it say of the person:
// those that were made by the same terms, and no others.
func (t Terms) Copy(h Held, targets map[string]Target, beside ...Copy) Copy {
	made, content := t.copy(h, targets, nil)
	if content != nil {
		made.body = t.assemble(h, made.versionID, content, beside)
	}
	return made
}

// copy is a copy before it is assembled, and its content: nil where there is none.
func (t Terms) copy(h Held, targets map[string]Target, traced *origins) (Copy, []byte) {
	shape, served := profiles.ShapeOf(h.Resource.Type())
	label := profiles.Items(h.Resource)
	if !served || h.Resource.ID() == "" || !t.reaches(h, label) {
		return Copy{}, nil
	}
	c := copier{resource: h.Resource, self: selfOf(h.Resource), person: h.Person, granted: t.granted, targets: targets, traced: traced}
	content, ok := c.members(make([]byte, 0, len(h.Resource.Raw())), shape, h.Resource)
	if !ok || c.refused {
		return Copy{}, nil
	}
	made := Copy{
		terms:  t,
		typ:    h.Resource.Type(),
		id:     h.Resource.ID(),
		person: h.Person,
		items:  label.Need.Union(label.Any.Intersect(c.granted), c.carried),
	}
	if h.Tag != nil {
		made.versionID = h.Tag(made.items, digestOf(content))
	}
	return made, content
}

func digestOf(content []byte) Digest {
	sum := sha256.Sum256(content)
	return Digest(sum[:])
}

// selfOf is the reference by which a resource names its person.
func selfOf(r fhir.Value) string { return profiles.SubjectOf(r).Get("reference").Text() }

// reaches reports whether any of a version may be let out. The label is taken
// both as the store kept it, by which it was found, and anew from the resource: one
// that was lost on the way, or made under older rules, lets nothing out.
func (t Terms) reaches(h Held, label profiles.Label) bool {
	if !t.open || h.Custodian != t.custodian {
		return false
	}
	if profiles.DirectoryType(h.Resource.Type()) {
		if h.Person != "" {
			return false
		}
	} else if h.Person == "" || h.Person != t.person {
		return false
	}
	return h.Label.Within(t.granted) && label.Within(t.granted)
}

// assemble writes the body: what the gateway writes anew, then the content.
func (t Terms) assemble(h Held, versionID string, content []byte, beside []Copy) []byte {
	w := fhir.NewWriter(make([]byte, 0, len(content)+2048))
	w.BeginObject()
	w.Member("resourceType", h.Resource.Type())
	w.Member("id", h.Resource.ID())
	w.Name("meta").Object(func() {
		w.Member("versionId", versionID)
		if !h.Updated.IsZero() {
			w.Member("lastUpdated", h.Updated.UTC().Format("2006-01-02T15:04:05.000Z07:00"))
		}
		if claimsProfile(h.Resource) {
			w.Name("profile").Array(func() { w.String(profiles.Profile(h.Resource.Type())) })
		}
		w.Name("security").Raw(SecurityOf(h.Resource.Type()))
	})
	if div := t.narrative(h.Resource.Type(), content, h.Reader, beside); div != "" {
		w.Name("text").Object(func() {
			w.Member("status", "generated")
			w.Member("div", div)
		})
	}
	return append(t.custody(append(w.Bytes(), content...), h.Resource.Type()), '}')
}

// custody says of a Patient whose record it is, which tells it from those of other
// custodians: managingOrganization is the custodian of the record (R4).
func (t Terms) custody(dst []byte, typ string) []byte {
	if typ != "Patient" {
		return dst
	}
	w := fhir.NewWriter(append(dst, `,"managingOrganization":`...))
	w.Object(func() {
		w.Member("type", "Organization")
		w.Name("identifier").Object(func() {
			w.Member("system", profiles.SystemODS)
			w.Member("value", string(t.custodian))
		})
	})
	return w.Bytes()
}

// claimsProfile reports whether the source claims our own profile, which the copy then names.
// What another one promises, a copy that leaves things out may not keep.
func claimsProfile(r fhir.Value) bool {
	for claimed := range r.All("meta", "profile") {
		if claimed.Is(profiles.Profile(r.Type())) {
			return true
		}
	}
	return false
}

// The security labels are the same on everything about a person, whatever was
// left out of it: a label that came and went would tell.
var (
	personSecurity = labels(
		[2]string{profiles.SystemConfidentiality, profiles.CodeRestricted},
		[2]string{profiles.SystemActCode, profiles.CodeMentalHealth},
		[2]string{profiles.SystemActCode, profiles.CodePsychiatry},
	)
	directorySecurity = labels([2]string{profiles.SystemConfidentiality, profiles.CodeNormal})
)

// SecurityOf is meta.security of every copy of a type, as JSON.
func SecurityOf(typ string) []byte {
	if profiles.DirectoryType(typ) {
		return directorySecurity
	}
	return personSecurity
}

func labels(codings ...[2]string) []byte {
	w := fhir.NewWriter(nil)
	w.Array(func() {
		for _, c := range codings {
			w.Object(func() {
				w.Member("system", c[0])
				w.Member("code", c[1])
			})
		}
	})
	return w.Bytes()
}
