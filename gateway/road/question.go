package road

import (
	"encoding/binary"
	"errors"
	"strconv"
	"time"

	"golang.org/x/text/language"

	"cpagateway/consent"
	"cpagateway/consent/disclosure"
	"cpagateway/consent/facts"
	"cpagateway/gateway/records"
	"cpagateway/gateway/search"
	"cpagateway/profiles"
)

// question is all that a page follows from beside the store. Two requests with the same
// question about the same person are answered with the same page: so it holds of a
// decision only the terms that shape a copy, and nothing of who asks but for whom
// versions are sealed and the language of the reader.
type question struct {
	interaction  Interaction
	typ          string
	id, version  string // of a read
	search       SearchAsk
	subset       disclosure.Subset
	position     string // where the page begins
	organisation profiles.OrgCode
	reader       language.Tag
	parts        []part // first the type asked for, then what an answer may hold beside it, then what it may read out
	recorded     int    // how many of the parts the answer rests on: all but what it only reads out
}

// part is what was decided on one type, by each custodian.
type part struct {
	typ       string
	terms     []disclosure.Terms
	scopes    []records.Scope
	decisions []consent.Decision // not of the question: the page is let out under them
}

// question puts what the exchange asks to every custodian, for each type that the answer
// may hold or read out. Each is decided on as if it had been asked for itself, whether
// anything refers to it or not.
func (t *exchange) question(s subject, persons []facts.Person, ask consent.Request) question {
	q := question{
		interaction: t.ask.Interaction, typ: t.ask.Type, id: t.ask.ID, version: t.ask.Version, search: s.search, subset: s.subset,
		position: s.position, organisation: t.caller.Organisation, reader: t.language,
	}
	q.parts = make([]part, 0, 1+len(besideTypes)) // more with includes
	q.add(persons, s.custodians, ask, t.ask.Type)
	for _, i := range s.search.Include {
		for _, typ := range i.Types {
			q.add(persons, s.custodians, ask, typ)
		}
	}
	q.recorded = len(q.parts)
	if t.ask.Type == records.PlanType {
		for _, typ := range besideTypes {
			q.add(persons, s.custodians, ask, typ)
		}
	}
	return q
}

// add decides on one more type.
func (q *question) add(persons []facts.Person, custodians []profiles.OrgCode, ask consent.Request, typ string) {
	if _, known := q.part(typ); known {
		return
	}
	ask.Type = typ
	p := part{typ: typ, decisions: make([]consent.Decision, 0, len(custodians)), terms: make([]disclosure.Terms, 0, len(custodians))}
	for i, custodian := range custodians {
		person := &persons[i]
		if profiles.DirectoryType(typ) {
			person = nil
		}
		p.decisions = append(p.decisions, consent.Decide(ask.For(custodian, person)))
	}
	p.scopes = records.ScopesOf(p.decisions, typ)
	for _, d := range p.decisions {
		p.terms = append(p.terms, disclosure.TermsOf(d))
	}
	q.parts = append(q.parts, p)
}

func (q question) part(typ string) (part, bool) {
	for _, p := range q.parts {
		if p.typ == typ {
			return p, true
		}
	}
	return part{}, false
}

// asked are the terms for the type that is asked for.
func (q question) asked() []disclosure.Terms { return q.parts[0].terms }

// decisions are those that the answer rests on.
func (q question) decisions() []consent.Decision {
	var decisions []consent.Decision
	for _, p := range q.parts[:q.recorded] {
		decisions = append(decisions, p.decisions...)
	}
	return decisions
}

// under lets a page out under the decisions of this request.
func (q question) under(found page) ([]disclosure.Disclosure, error) {
	released := make([]disclosure.Disclosure, 0, len(found.matches)+len(found.included))
	for _, copies := range [][]disclosure.Copy{found.matches, found.included} {
		for _, c := range copies {
			x := q.let(c)
			if x.Withheld() {
				return nil, errOtherTerms
			}
			released = append(released, x)
		}
	}
	return released, nil
}

// errOtherTerms would be a defect: a page is kept under all that it follows from.
var errOtherTerms = errors.New("a page was made by other terms than those of the request")

func (q question) let(c disclosure.Copy) disclosure.Disclosure {
	p, _ := q.part(c.Type())
	for _, d := range p.decisions {
		if x := c.Under(d); d.Source() == c.Custodian() {
			return x
		}
	}
	return disclosure.Disclosure{}
}

// key tells questions apart, but for the person, whom a page is kept with. Every text
// stands behind its length and every list behind its own: no two questions run together.
func (q question) key() string {
	k := make(key, 0, 768)
	k.texts(string(q.interaction), q.typ, q.id, q.version, q.position, string(q.organisation), q.reader.String(), string(q.subset.Summary))
	k.list(q.subset.Elements)
	k.number(uint64(q.search.Count), uint64(q.search.Total))
	each(&k, q.search.Params, func(p search.Param) {
		k.texts(p.Name, p.Modifier)
		k.number(uint64(p.Kind))
		each(&k, p.Values, func(v search.Operand) {
			k.texts(v.Prefix, v.System, v.Code, v.Ref, string(v.Holder), v.Text)
			k.flags(v.AnySystem, v.NoSystem, v.AnyCode)
			k.times(v.From, v.Until)
		})
	})
	each(&k, q.search.Sort, func(s search.SortKey) {
		k.texts(s.Param)
		k.flags(bool(s.Descending))
	})
	each(&k, q.search.Include, func(i search.Include) {
		k.list(i.Paths)
		k.list(i.Types)
	})
	each(&k, q.parts, func(p part) {
		k.texts(p.typ)
		each(&k, p.scopes, func(s records.Scope) {
			k.texts(string(s.Person), string(s.Custodian), s.Type)
			k.number(s.Items.Bits(), uint64(s.Current))
		})
		each(&k, p.terms, func(t disclosure.Terms) { k = t.AppendKey(k) })
	})
	return string(k)
}

// key is what a question is known by, as it is put together.
type key []byte

// each appends a list: how long it is, and then one after the other.
func each[T any](k *key, list []T, add func(T)) {
	k.number(uint64(len(list)))
	for _, one := range list {
		add(one)
	}
}

func (k *key) number(numbers ...uint64) {
	for _, n := range numbers {
		*k = binary.AppendUvarint(*k, n)
	}
}

func (k *key) texts(texts ...string) {
	for _, text := range texts {
		*k = append(binary.AppendUvarint(*k, uint64(len(text))), text...)
	}
}

func (k *key) list(texts []string) { each(k, texts, func(text string) { k.texts(text) }) }

func (k *key) flags(flags ...bool) {
	for _, flag := range flags {
		*k = strconv.AppendBool(*k, flag)
	}
}

func (k *key) times(times ...time.Time) {
	for _, at := range times {
		*k = binary.BigEndian.AppendUint64(*k, uint64(at.Unix())) //nolint:gosec // any bits will do
		k.number(uint64(at.Nanosecond()))
	}
}
