package intake

import (
	"bytes"
	"errors"

	"cpagateway/consent"
	"cpagateway/gateway/authored"
	"cpagateway/gateway/records"
	"cpagateway/gateway/store"
	"cpagateway/gateway/tasks"
	"cpagateway/profiles"
	"cpagateway/profiles/fhir"
	"cpagateway/profiles/merge"
)

const ruleClash = "CLASH"

// standing is what is known of a resource that others have written too.
type standing struct {
	others  bool // somebody else has written it
	settled bool // the source says nothing new: what is stored stays
}

// beside takes a resource that others have written too for what the source has changed of
// it since it last sent it, and carries that over to what is stored: so an extract never
// undoes what somebody wrote meanwhile. Of a part that both have changed, what is stored
// stays, and somebody is asked to choose.
func (r *run) beside(now store.Snapshot, p pending, about *record) (pending, standing, *refusal, error) {
	image, err := now.Image(p.made.Type, p.made.ID, r.source.Name)
	if err != nil || image == nil {
		return p, standing{}, nil, err
	}
	if bytes.Equal(image, p.made.Body) {
		return p, standing{others: true, settled: true}, nil, nil
	}
	current, err := now.Current(p.made.Type, p.made.ID)
	if err != nil || current.Deleted { // of what somebody has taken away the source says something new: it stands again
		return p, standing{others: true}, nil, err
	}
	made, err := merged(image, p.resource, current)
	if errors.Is(err, merge.ErrTooLong) {
		return p, standing{}, &refusal{ruleClash, "others have written it too, and " + err.Error() + ": it cannot be told what the source has changed"}, nil
	}
	if err != nil {
		return p, standing{}, nil, err
	}
	if len(made.Clashes) > 0 {
		about.clashed++
	}
	for _, c := range made.Clashes {
		p.clashes = append(p.clashes, tasks.Clash{Clash: c, Record: current, Source: r.source.Name})
	}
	if p.resource, err = fhir.ParseResource(made.Resource); err != nil {
		return p, standing{}, nil, err
	}
	if issues := profiles.Check(p.resource); profiles.Fatal(issues) {
		return p, standing{}, &refusal{"FHIR-CHECK", "with what others have written: " + fatal(issues)}, nil
	}
	return p, standing{others: true}, nil, nil
}

// ask asks the care coordinator to choose of each part that both have changed, or, in a
// record about nobody, sets aside what the source sent.
func (r *run) ask(tx store.Tx, p pending, person profiles.PersonID, about *record) error {
	if person == "" && len(p.clashes) > 0 {
		about.clashes = append(about.clashes, r.notice(p.made, refusal{ruleClash, clashReason}))
		return nil
	}
	for _, c := range p.clashes {
		if err := c.Raise(tx, r.Clock(), r.ids.resource(tasks.Type, c.Key()), r.tasked(person)); err != nil {
			return err
		}
	}
	return nil
}

// raise asks about plans that are replaced while contributions to them are open.
func (r *run) raise(tx store.Tx, replaced []tasks.Replaced, person profiles.PersonID) error {
	for _, one := range replaced {
		if _, err := one.Raise(tx, r.Clock(), r.tasked(person)); err != nil {
			return err
		}
	}
	return nil
}

func (r *run) tasked(person profiles.PersonID) consent.Decision {
	return authored.Decide(tasks.Type, r.Register, r.Clock(), r.source.Custodian, person)
}

const clashReason = "the source has changed a part that somebody else has changed too since: theirs stands, and this is what the source sent"

// merged carries what a source has changed over to what is stored.
func merged(image []byte, mine fhir.Value, current records.Version) (merge.Merged, error) {
	base, err := fhir.ParseResource(image)
	if err != nil {
		return merge.Merged{}, err
	}
	stored, err := fhir.ParseResource(current.Body)
	if err != nil {
		return merge.Merged{}, err
	}
	return merge.Merge(base, mine, merge.View{Content: stored}, stored)
}
