package road

import (
	"errors"
	"net/http"
	"slices"

	"cpagateway/consent"
	"cpagateway/consent/disclosure"
	"cpagateway/gateway/records"
	"cpagateway/profiles"
	"cpagateway/profiles/fhir"
	"cpagateway/profiles/merge"
)

// rebuilt are the members that the gateway writes anew in every copy: what comes back of
// them says nothing.
var rebuilt = []string{"resourceType", "id", "meta", "text", "managingOrganization"}

// update carries over what the caller changed of the copy that it was given (base) to the
// resource as it is now, of which the caller sees a part (its view).
func (c *change) update() (reply, error) {
	now, err := c.sees()
	if err != nil {
		return reply{}, err
	}
	if !now.seen.Content.Exists() {
		return refused(Nothing), nil
	}
	e := edit{change: c, sight: now, match: c.match()}
	if made, err := e.madeBefore(); err != nil || made {
		return reply{status: http.StatusOK}, err
	}
	fault, err := e.load()
	if err == nil && fault == nil {
		fault, err = e.merge()
	}
	switch {
	case err != nil:
		return reply{}, err
	case fault != nil:
		return refused(fault), nil
	case len(e.made.Edits)+len(e.made.Clashes) == 0 && !e.restricts():
		return reply{status: http.StatusOK}, c.keepSaid(e.mine) // it is so already
	case e.match != "" && e.match != now.seen.VersionID && c.ask.Write.Stale != Merge:
		return refused(Outdated), nil
	}
	if fault, err = e.refused(); err == nil && fault == nil {
		fault, err = e.choose()
	}
	if err != nil {
		return reply{}, err
	}
	if fault != nil {
		return refused(fault), nil
	}
	body, err := e.result()
	if err == nil {
		err = c.put(body, records.AtVersion(e.current.Number))
	}
	if err != nil {
		return reply{}, err
	}
	return reply{status: http.StatusOK}, errors.Join(c.keepSaid(e.mine), e.keepMade())
}

// match is the version that the caller edited.
func (c *change) match() string {
	if c.ask.Write.Match != "" {
		return c.ask.Write.Match
	}
	return c.ask.Write.Resource.Find("meta", "versionId").Text()
}

func (c *change) scopes() []records.Scope { return c.read.parts[0].scopes }

// copied makes anew what the caller was given under a version: what it sees now, where that
// is the version. It is ErrNothing where today's terms do not make of it just what it was: a
// difference from anything else would not be what the caller changed.
func (e *edit) copied() (disclosure.Trace, error) {
	if e.match == e.seen.VersionID {
		return e.seen, nil
	}
	given, ok := e.Sealer.openTag(e.caller.Organisation, e.ask.Type, e.ask.ID, e.match)
	if !ok {
		return disclosure.Trace{}, records.ErrNothing
	}
	v, err := e.tx.ReadVersion(e.scopes(), e.ask.ID, given.number)
	if err != nil {
		return disclosure.Trace{}, err
	}
	base, _, err := e.trace(v)
	if err == nil && base.Digest != given.digest {
		err = records.ErrNothing
	}
	return base, err
}

// sent is what the caller makes of base.
func (e *edit) sent() (fhir.Value, error) {
	if e.ask.Interaction == Update {
		return e.ask.Write.Resource, nil
	}
	return patched(e.ask.Type, e.ask.ID, e.base, e.ask.Write.Patch)
}

// trace is what the caller sees of a version, and the resource that it leads back to.
func (c *change) trace(v records.Visible) (disclosure.Trace, fhir.Value, error) {
	held, err := c.held(c.read, []records.Visible{v})
	if err != nil {
		return disclosure.Trace{}, fhir.Value{}, err
	}
	terms := c.read.asked()[0]
	targets, err := c.tx.Targets(terms.Custodian(), references(held, terms.Custodian()))
	if err != nil {
		return disclosure.Trace{}, fhir.Value{}, err
	}
	return terms.Trace(held[0], targets), held[0].Resource, nil
}

// sight is the current version of a resource, and what the caller sees of it.
type sight struct {
	current  records.Visible
	resource fhir.Value       // of the current version
	seen     disclosure.Trace // the zero Trace where it sees nothing
}

func (c *change) sees() (s sight, err error) {
	if s.current, err = c.tx.Read(c.scopes(), c.read.id); err == nil {
		s.seen, s.resource, err = c.trace(s.current)
	}
	return s, orNothing(err)
}

// edit is what a caller changed, on its way into the resource.
type edit struct {
	*change
	sight
	match      string // the version that it names; empty under a condition alone
	base, mine fhir.Value
	view       merge.View // of the current version
	made       merge.Merged
}

// load finds what the caller changed, and of what.
func (e *edit) load() (*Fault, error) {
	switch {
	case e.match != "":
		return e.readCopy()
	case e.ask.Write.Condition != nil:
		return e.readSaid()
	}
	return faultNoVersion, nil
}

// readCopy finds the copy that the caller was given, and what came back of it.
func (e *edit) readCopy() (*Fault, error) {
	base, err := e.copied()
	if errors.Is(err, records.ErrNothing) {
		return Outdated, nil
	}
	if err != nil {
		return nil, err
	}
	e.base = base.Content
	if e.mine, err = e.sent(); err != nil {
		return faultBadPatch, nil
	}
	e.view = merge.View{Content: e.seen.Content, From: e.seen.From}
	if e.ask.Interaction == Update { // which was checked as it came
		return dropped(e.base, e.mine), nil
	}
	return Invalid(profiles.Check(e.mine)), nil
}

// settled are the members of which nothing is carried over: of what a condition found about
// a person, also those that name the person.
func (e *edit) settled() []string {
	if e.ask.Write.Condition == nil {
		return rebuilt
	}
	return append(slices.Clone(rebuilt), "subject", "patient")
}

func (e *edit) merge() (_ *Fault, err error) {
	e.made, err = merge.Merge(e.base, e.mine, e.view, e.resource, e.settled()...)
	if errors.Is(err, merge.ErrHidden) || errors.Is(err, merge.ErrTooLong) {
		return faultNotYours, nil
	}
	return nil, err
}

// refused says why an edit is not to be stored: the caller may not make it, somebody
// else changed the same, or what comes of it is not what the caller would then see.
func (e *edit) refused() (*Fault, error) {
	after, err := fhir.ParseResource(e.made.Resource)
	if err != nil {
		return faultNotYours, nil
	}
	parts, err := e.parts()
	if err != nil {
		return nil, err
	}
	switch {
	case e.decision.Outcome() == consent.Deny || !e.decision.Carries(e.resource, after, parts) || e.crowds(), e.restricts() && !e.decision.Custodial():
		return faultNotYours, nil
	case len(e.made.Clashes) > 0:
		return clash(e.made.Clashes), nil
	case profiles.Fatal(profiles.Check(after)):
		return faultNotYours, nil
	}
	return e.asMeant(after)
}

// What a partner may make of the part of a plan that it sees: far less than the custodian
// can handle beside what the partner does not see, which the limits tell nothing of.
const (
	maxContributedParts = 100
	maxContributedBytes = 256 << 10
)

// crowds reports a contribution that adds so much that its custodian could no longer write.
func (e *edit) crowds() bool {
	if e.decision.Custodial() {
		return false
	}
	for name, member := range e.mine.Members() {
		if n := member.Len(); n > maxContributedParts && n > e.base.Get(name).Len() {
			return true
		}
	}
	return len(e.made.Resource) > len(e.resource.Raw()) && len(e.mine.Raw()) > maxContributedBytes
}

// asMeant compares what the caller would see of the outcome with what it wrote: nothing
// that it may not see came in by its hand, and nothing that it wrote is lost. What was
// no copy is not compared with one.
func (e *edit) asMeant(after fhir.Value) (*Fault, error) {
	if e.view.From == nil {
		return nil, nil
	}
	next := e.current
	next.Body, next.Label = after.Raw(), profiles.Items(after)
	is, _, err := e.trace(next)
	if err != nil {
		return nil, err
	}
	meant, err := merge.Merge(e.base, e.mine, merge.View{Content: e.view.Content}, e.view.Content, e.settled()...)
	if err != nil {
		return faultNotYours, nil
	}
	want, err := fhir.Parse(meant.Resource)
	if err != nil || !fhir.Alike(want, is.Content) {
		return faultNotYours, nil
	}
	return nil, nil
}

// parts are the edits with who wrote each part that they change.
func (e *edit) parts() ([]consent.Part, error) {
	history := &records.Past{}
	if !e.decision.Custodial() { // who keeps the record may change all of it, whoever wrote it
		versions, err := e.tx.History(e.ask.Type, e.ask.ID)
		if err != nil {
			return nil, err
		}
		history = records.PastOf(versions)
	}
	var parts []consent.Part
	for _, made := range e.made.Edits {
		p := consent.Part{Member: made.Member, Was: made.Was}
		if len(made.Is) > 0 {
			is, err := fhir.Parse(made.Is)
			if err != nil {
				return nil, err
			}
			p.Is = is
		}
		if made.Was.Exists() {
			p.Author = history.Author(made.Member, made.Was)
		}
		parts = append(parts, p)
	}
	return parts, nil
}
