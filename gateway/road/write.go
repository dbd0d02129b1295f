package road

import (
	"context"
	"crypto/rand"
	"errors"
	"net/http"
	"strings"

	"cpagateway/consent"
	"cpagateway/consent/facts"
	"cpagateway/gateway/audit"
	"cpagateway/gateway/authored"
	"cpagateway/gateway/records"
	"cpagateway/gateway/store"
	"cpagateway/gateway/tasks"
	"cpagateway/profiles"
	"cpagateway/profiles/fhir"
)

// write takes a request to change something down the same road: find, decide, compare
// with what the caller sees, check, accept, put and record, answer. All of it is one
// transaction: what was compared is what is changed, and it is changed only together
// with its record.
func (r *Road) write(ctx context.Context, t *exchange) (audit.Recorded, reply, error) {
	var written []audit.Written
	var p reply
	since := r.Clock()
	recorded, err := r.Audit.Write(ctx, func(tx store.Tx) ([]audit.Written, error) {
		c, err := r.changing(tx, t)
		if err != nil {
			return nil, err
		}
		if p, err = c.do(); err != nil {
			return nil, err
		}
		done, err := c.written(&p)
		written = append([]audit.Written{done}, c.raised...)
		return written, err
	})
	r.waited(ctx, since)
	if err != nil {
		return audit.Recorded{}, reply{}, err
	}
	r.meters.written(ctx, written)
	t.told(p)
	return recorded, p, nil
}

// told says what came of a request to change something. A refusal was made after looking
// at records, and so it waits for the beat.
func (t *exchange) told(p reply) {
	switch p.fault {
	case nil:
		t.outcome = outcomeReleased
	case Nothing:
		t.outcome, t.waits = outcomeNothing, true
	default:
		t.outcome, t.cause, t.waits = outcomeRefused, "WRITE_REFUSED", true
	}
}

// change is one request to change something, inside its transaction.
type change struct {
	*Road
	*exchange
	tx       store.Tx
	person   profiles.PersonID // empty for staff and organisations
	read     question          // what the caller sees of the resource: what may be changed is a part of it
	asked    consent.Request   // put to the custodian: may the caller make this change?
	decision consent.Decision  // whether the caller may change it, and what of it

	stored []audit.Stored
	also   []consent.Decision // by which something else was changed with it
	raised []audit.Written    // Tasks that the gateway raised because of it
}

// changing finds whom the request is about, and decides: on reading the resource, and on
// changing it.
func (r *Road) changing(tx store.Tx, t *exchange) (*change, error) {
	c := &change{Road: r, exchange: t, tx: tx}
	custodian, err := c.find()
	if err != nil {
		return nil, err
	}
	holdings := records.Holdings{}
	if c.person != "" {
		if holdings, err = tx.Holdings(c.person); err != nil {
			return nil, err
		}
	}
	register, err := r.Register.Of(tx)
	if err != nil {
		return nil, err
	}
	persons := []facts.Person{holdings.At(custodian)}
	s := subject{holdings: holdings, custodians: []profiles.OrgCode{custodian}, subset: t.ask.Subset}
	ask := r.request(t, register)
	ask.Action, ask.Type = consent.Read, t.ask.Type
	reading := *t
	reading.ask.Interaction = Read
	c.read = reading.question(s, persons, ask)
	person := &persons[0]
	if profiles.DirectoryType(t.ask.Type) {
		person = nil
	}
	c.asked = ask.For(custodian, person)
	c.decide(t.ask.action())
	return c, nil
}

// decide decides on a change of this kind.
func (c *change) decide(action consent.Action) {
	c.asked.Action = action
	c.decision = consent.Decide(c.asked)
}

// find tells whom the resource is about, and whose it is: of a new one, the caller's own,
// as of one that a condition is to find.
func (c *change) find() (profiles.OrgCode, error) {
	typ, id := c.ask.Type, c.ask.ID
	if c.ask.Interaction == Create || c.ask.Write.Condition != nil {
		if profiles.DirectoryType(typ) {
			return c.caller.Organisation, nil
		}
		var err error
		c.person, err = c.patientOf(c.ask.Write.Resource)
		return c.caller.Organisation, err
	}
	custodian, err := c.tx.CustodianOf(typ, id)
	if errors.Is(err, records.ErrNothing) {
		return c.Home, nil // nobody's: it takes the same steps
	}
	if err != nil {
		return "", err
	}
	c.person, err = c.tx.PersonOf(typ, id)
	return custodian, err
}

// patientOf is whom a new resource is about: somebody of whom the caller's organisation
// holds a Patient. Of others nothing is told, and so it is nobody.
func (c *change) patientOf(resource fhir.Value) (profiles.PersonID, error) {
	subject := profiles.SubjectOf(resource)
	var person profiles.PersonID
	var err error
	if typ, id, ok := strings.Cut(subject.Get("reference").Text(), "/"); ok && typ == "Patient" {
		person, err = c.tx.PersonOf(typ, id)
	} else {
		person, err = c.tx.Person(subject.Find("identifier", "system").Text(), subject.Find("identifier", "value").Text())
	}
	if err = orNothing(err); err != nil || person == "" {
		return "", err
	}
	if same, err := c.numbered(subject, person); err != nil || !same {
		return "", err
	}
	patients, err := c.tx.Held(person, "Patient")
	for _, p := range patients {
		if p.Custodian == c.caller.Organisation && !p.Deleted {
			return person, err
		}
	}
	return "", err
}

// numbered reports whether an NHS number in a subject, if there is one, is the person's:
// what names one by a reference and another by a number is about neither.
func (c *change) numbered(subject fhir.Value, person profiles.PersonID) (bool, error) {
	if !profiles.IsNHSNumber(subject.Find("identifier", "system").Text()) {
		return true, nil
	}
	number, _ := profiles.NHSNumber(subject.Find("identifier", "value").Text())
	named, err := c.tx.Person(profiles.SystemNHSNumber, number)
	return named == person, orNothing(err)
}

// orNothing passes over that there is nothing.
func orNothing(err error) error {
	if errors.Is(err, records.ErrNothing) {
		return nil
	}
	return err
}

// do makes the change, or says why not. What the decision does not carry is refused before
// anything of it is stored; later it is an error, which undoes what was.
func (c *change) do() (reply, error) {
	p, err := c.made()
	if errors.Is(err, consent.ErrNotAccepted) && len(c.stored) == 0 {
		return refused(faultNotYours), nil
	}
	return p, err
}

func (c *change) made() (reply, error) {
	switch c.ask.Interaction {
	case Create:
		return c.create()
	case Delete:
		return c.remove()
	case Update, Patch:
		if c.ask.Write.Condition != nil {
			return c.updateWhere()
		}
		return c.update()
	}
	return c.look()
}

func (c *change) create() (reply, error) {
	if fault := c.mayNot(); fault != nil {
		return refused(fault), nil
	}
	if c.ask.Write.Condition != nil && c.ask.Interaction == Create {
		if p, found, err := c.matching(); err != nil || p.fault != nil || found {
			return p, err
		}
	}
	if c.read.id == "" {
		c.read.id = newResourceID()
	}
	body, err := fhir.SetMember(c.ask.Write.Resource, "id", fhir.AppendString(nil, c.read.id))
	if err != nil {
		return reply{}, err
	}
	if shown, err := c.shown(body); err != nil || !shown {
		return refused(faultNotYours), err
	}
	if err := c.put(body, records.Absent()); err != nil {
		return reply{}, err
	}
	if c.ask.Write.Condition == nil {
		return reply{status: http.StatusCreated}, nil
	}
	return reply{status: http.StatusCreated}, c.keepSaid(c.ask.Write.Resource)
}

// mayNot is why the caller may not make a new resource, or change what its organisation
// holds about the same person.
func (c *change) mayNot() *Fault {
	switch {
	case c.person == "" && !profiles.DirectoryType(c.ask.Type) && c.keeps():
		return faultNoPatient
	case c.decision.Outcome() == consent.Deny: // of nobody too: who is known here is not told
		return faultNotYours
	}
	return nil
}

// keeps reports a system that keeps its organisation's records.
func (c *change) keeps() bool { return c.caller.Custody == consent.On && c.caller.Person == "" }

// shown reports whether the caller would see what it creates: only a system that keeps its
// organisation's records writes what it may not read.
func (c *change) shown(body []byte) (bool, error) {
	if c.keeps() {
		return true, nil
	}
	resource, err := fhir.ParseResource(body)
	if err != nil {
		return false, err
	}
	is, _, err := c.trace(records.Visible{Version: records.Version{
		Type: c.ask.Type, ID: c.read.id, Person: c.person, Custodian: c.caller.Organisation, Body: body, Label: profiles.Items(resource),
	}})
	return is.Content.Exists(), err
}

// about reports whether a condition is about the person whom the resource is about, or
// names nobody. One about somebody else, known or not, is no condition for this create.
func (c *change) about(key PersonKey) (bool, error) {
	if key == (PersonKey{}) || key.Type == c.ask.Type {
		return true, nil
	}
	condition := *c.exchange
	condition.ask = Ask{Interaction: Search, Search: SearchAsk{Person: key}}
	person, err := c.personAsked(c.tx, &condition)
	return person == c.person, err
}

// matching finds the one resource that a condition matches, and makes it what is asked
// about; several are refused, and so is a condition about somebody else.
func (c *change) matching() (p reply, found bool, err error) {
	condition := c.ask.Write.Condition
	if same, err := c.about(condition.Person); err != nil || !same {
		return refused(faultNotYours), false, err
	}
	q := c.read
	q.interaction, q.search = Search, SearchAsk{Params: condition.Params, Count: 2}
	is, err := c.page(c.tx, q)
	switch {
	case err != nil || len(is.matches) == 0:
		return reply{}, false, err
	case len(is.matches) > 1:
		return refused(faultSeveral), false, nil
	}
	c.read.id = is.matches[0].ID()
	c.ask.ID = c.read.id
	return reply{status: http.StatusOK}, true, nil
}

// updateWhere updates the one resource that the condition matches, or creates it where
// there is none (R4, http.html#cond-update).
func (c *change) updateWhere() (reply, error) {
	if !c.keeps() {
		return refused(faultNotYours), nil
	}
	if fault := c.mayNot(); fault != nil {
		return refused(fault), nil
	}
	id := c.ask.Write.Resource.ID()
	p, found, err := c.matching()
	switch {
	case err != nil || p.fault != nil:
		return p, err
	case id != "" && id != c.ask.ID: // the gateway gives ids
		return refused(faultOtherID), nil
	case found:
		return c.update()
	}
	c.decide(consent.Create)
	return c.create()
}

// look is a read inside a transaction: of what the transaction has made of it.
func (c *change) look() (reply, error) {
	now, err := c.sees()
	if err == nil && !now.seen.Content.Exists() {
		return refused(Nothing), nil
	}
	return reply{status: http.StatusOK}, err
}

func (c *change) remove() (reply, error) {
	now, err := c.sees()
	switch {
	case err != nil:
		return reply{}, err
	case !now.seen.Content.Exists():
		return refused(Nothing), nil
	case c.decision.Outcome() == consent.Deny:
		return refused(faultNotYours), nil
	case c.ask.Write.Match != "" && c.ask.Write.Match != now.seen.VersionID:
		return refused(Outdated), nil
	case !c.decision.CarriesRemoval(now.resource):
		return refused(faultNotYours), nil
	}
	accepted, err := c.decision.AcceptRemoval(consent.Removal{Type: c.ask.Type, ID: c.ask.ID, Person: c.person, Source: c.source()})
	if err != nil {
		return reply{}, err
	}
	if err := c.keep(accepted, records.Precondition{}); err != nil {
		return reply{}, err
	}
	return reply{status: http.StatusNoContent}, nil
}

// newResourceID is an id that nobody can guess, and that says nothing.
func newResourceID() string { return strings.ToLower(rand.Text()) }

// put stores what the resource is to be, under the decision.
func (c *change) put(body []byte, must records.Precondition) error {
	resource, err := fhir.ParseResource(body)
	if err != nil {
		return err
	}
	accepted, err := c.decision.Accept(consent.Change{Type: c.ask.Type, ID: c.read.id, Person: c.person, Custodian: c.decision.Source(), Resource: resource, Source: c.source()})
	if err != nil {
		return err
	}
	return c.keep(accepted, must)
}

func (c *change) keep(a consent.Accepted, must records.Precondition) error {
	return c.keepUnder(c.decision, a, must)
}

func (c *change) keepUnder(decision consent.Decision, a consent.Accepted, must records.Precondition) error {
	before, err := c.tx.Current(a.Type(), a.ID())
	if err = orNothing(err); err != nil {
		return err
	}
	replaced, err := tasks.ReplacedBy(c.tx, a)
	if err != nil {
		return err
	}
	result, err := c.tx.Put(c.at, a, must)
	if err != nil || !result.Stored {
		return err
	}
	c.stored = append(c.stored, audit.Stored{Accepted: a, Number: result.Number, Decision: decision})
	return errors.Join(c.keepImage(before), c.raise(replaced))
}

// raise keeps what somebody has to be asked because of the change, with a record of its own.
func (c *change) raise(replaced []tasks.Replaced) error {
	for _, r := range replaced {
		decision := authored.Decide(tasks.Type, c.asked.Register, c.at, c.decision.Source(), c.person)
		raised, err := r.Raise(c.tx, c.at, decision)
		if err != nil {
			return err
		}
		if raised.Number > 0 {
			event := audit.Event{At: c.at, RequestID: c.id, Interaction: "task", Type: tasks.Type, Status: http.StatusCreated}
			stored := audit.Stored{Accepted: raised.Accepted, Number: raised.Number, Decision: decision}
			c.raised = append(c.raised, audit.Written{Event: event, Decisions: []consent.Decision{decision}, Stored: []audit.Stored{stored}})
		}
	}
	return nil
}

// keepImage keeps what a feed had sent, where what it sent is written over: what it sends
// next is compared with that.
func (c *change) keepImage(before records.Version) error {
	if _, wrote := before.WrittenBy(); before.Number == 0 || wrote {
		return nil
	}
	image, err := c.tx.Image(before.Type, before.ID, before.Source)
	if err != nil || image != nil {
		return err
	}
	return c.tx.KeepImage(before.Type, before.ID, before.Source, before.Body)
}

// source names who wrote a version, as a source names itself in an import.
func (c *change) source() string { return records.Written(c.caller.Organisation) }

// written is what is to be recorded of the request. It puts the resource into the answer,
// as the caller now sees it; one that the caller may write and not read is not shown.
func (c *change) written(p *reply) (w audit.Written, err error) {
	w = audit.Written{Event: c.event(p.status), Decisions: c.read.decisions(), Stored: c.stored}
	if c.ask.changes() {
		w.Decisions = append(append(w.Decisions, c.decision), c.also...)
	}
	if p.fault != nil || c.ask.Interaction == Delete {
		return w, nil
	}
	now, err := c.page(c.tx, c.read)
	if err != nil {
		return w, err
	}
	if w.Released, err = c.read.under(now); err != nil {
		return w, err
	}
	p.written, p.bare = c.ask.Type+"/"+c.read.id, c.ask.Write.Return == Minimal
	for _, x := range w.Released {
		p.written += "/_history/" + x.VersionID()
	}
	return w, nil
}
