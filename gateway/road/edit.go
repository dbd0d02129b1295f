package road

import (
	"errors"
	"net/http"

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
// resource as it is now, of which the caller sees a part (seen).
func (c *change) update() (reply, error) {
	now, err := c.page(c.tx, c.read)
	if err != nil {
		return reply{}, err
	}
	if len(now.matches) == 0 {
		return refused(Nothing), nil
	}
	match := c.match()
	if match == "" {
		return refused(faultNoVersion), nil
	}
	current, err := c.tx.Read(c.scopes(), c.ask.Type, c.ask.ID)
	if err != nil {
		return reply{}, err
	}
	base, err := c.base(match)
	if errors.Is(err, records.ErrNothing) {
		return refused(faultStale), nil
	}
	if err != nil {
		return reply{}, err
	}
	mine, err := c.mine(base)
	if err != nil {
		return refused(faultBadPatch), nil
	}
	if fault := Invalid(profiles.Check(mine)); fault != nil {
		return refused(fault), nil
	}
	if fault := dropped(base.Content, mine); fault != nil && c.ask.Interaction == Update {
		return refused(fault), nil
	}
	e := edit{change: c, current: current, base: base.Content, mine: mine}
	if e.seen, e.resource, err = c.trace(current); err != nil {
		return reply{}, err
	}
	fault, err := e.merge()
	switch {
	case err != nil:
		return reply{}, err
	case fault != nil:
		return refused(fault), nil
	case len(e.made.Edits)+len(e.made.Clashes) == 0:
		return reply{status: http.StatusOK}, nil // it is so already
	case match != now.matches[0].VersionID() && c.ask.Write.Stale != Merge:
		return refused(faultStale), nil
	}
	if fault, err = e.refused(); err != nil {
		return reply{}, err
	}
	if fault != nil {
		return refused(fault), nil
	}
	if err := c.put(e.made.Resource, records.AtVersion(current.Number)); err != nil {
		return reply{}, err
	}
	return reply{status: http.StatusOK}, nil
}

// match is the version that the caller edited.
func (c *change) match() string {
	if c.ask.Write.Match != "" {
		return c.ask.Write.Match
	}
	return c.ask.Write.Resource.Find("meta", "versionId").Text()
}

func (c *change) scopes() []records.Scope { return c.read.parts[0].scopes }

// base makes anew what the caller was given under a version. It is ErrNothing where
// today's terms do not make of it just what it was: a difference from anything else
// would not be what the caller changed.
func (c *change) base(match string) (disclosure.Trace, error) {
	given, ok := c.Sealer.openTag(c.caller.Organisation, c.ask.Type, c.ask.ID, match)
	if !ok {
		return disclosure.Trace{}, records.ErrNothing
	}
	v, err := c.tx.ReadVersion(c.scopes(), c.ask.Type, c.ask.ID, given.number)
	if err != nil {
		return disclosure.Trace{}, err
	}
	base, _, err := c.trace(v)
	if err == nil && base.Digest != given.digest {
		err = records.ErrNothing
	}
	return base, err
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

// mine is what the caller makes of base.
func (c *change) mine(base disclosure.Trace) (fhir.Value, error) {
	if c.ask.Interaction == Update {
		return c.ask.Write.Resource, nil
	}
	return patched(c.ask.Type, c.ask.ID, base.Content, c.ask.Write.Patch)
}

// edit is what a caller changed, on its way into the resource.
type edit struct {
	*change
	current    records.Visible
	resource   fhir.Value // of the current version
	base, mine fhir.Value
	seen       disclosure.Trace // of the current version
	made       merge.Merged
}

func (e *edit) merge() (_ *Fault, err error) {
	e.made, err = merge.Merge(e.base, e.mine, merge.View{Content: e.seen.Content, From: e.seen.From}, e.resource, rebuilt...)
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
	case e.decision.Outcome() == consent.Deny || !e.decision.Carries(e.resource, after, parts) || e.crowds():
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
// that it may not see came in by its hand, and nothing that it wrote is lost.
func (e *edit) asMeant(after fhir.Value) (*Fault, error) {
	next := e.current
	next.Body, next.Label = after.Raw(), profiles.Items(after)
	is, _, err := e.trace(next)
	if err != nil {
		return nil, err
	}
	meant, err := merge.Merge(e.base, e.mine, merge.View{Content: e.seen.Content}, e.seen.Content, rebuilt...)
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
	history := &past{}
	if !e.decision.Custodial() { // who keeps the record may change all of it, whoever wrote it
		versions, err := e.tx.History(e.ask.Type, e.ask.ID)
		if err != nil {
			return nil, err
		}
		history = pastOf(versions)
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
			p.Author = history.author(made.Member, made.Was)
		}
		parts = append(parts, p)
	}
	return parts, nil
}
