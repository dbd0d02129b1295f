package road

import (
	"bytes"
	"crypto/sha256"
	"errors"

	"cpagateway/consent"
	"cpagateway/gateway/records"
	"cpagateway/profiles/fhir"
	"cpagateway/profiles/merge"
)

// A client that updates by a condition does as an import does: it sends what it has, and
// names no version. What it changes is the difference to what it sent before, so that it
// does not undo what others have written meanwhile.

// readSaid finds what the client changed of what it said last.
func (e *edit) readSaid() (*Fault, error) {
	base, err := e.said()
	if errors.Is(err, records.ErrNothing) {
		return faultNoVersion, nil
	}
	e.base, e.mine, e.view = base, e.ask.Write.Resource, merge.View{Content: e.resource}
	return nil, err
}

// said is what the client last said of the resource by a condition, or by a version since;
// ErrNothing where it never did.
func (c *change) said() (fhir.Value, error) {
	body, err := c.tx.Image(c.ask.Type, c.read.id, c.client())
	if err == nil && body == nil {
		err = records.ErrNothing
	}
	if err != nil {
		return fhir.Value{}, err
	}
	return fhir.ParseResource(body)
}

// keepSaid keeps what the client says of the resource now.
func (c *change) keepSaid(mine fhir.Value) error {
	if !c.keeps() {
		return nil
	}
	before, err := c.tx.Image(c.ask.Type, c.read.id, c.client())
	if err != nil || before == nil && c.ask.Write.Condition == nil || bytes.Equal(before, mine.Raw()) {
		return err
	}
	return c.tx.KeepImage(c.ask.Type, c.read.id, c.client(), mine.Raw())
}

// client names the caller's client, as a source names itself in an import.
func (c *change) client() string { return c.source() + "/" + string(c.caller.Client) }

// madeBefore reports an edit that was made already, whose answer was perhaps lost. It is
// not made again, although somebody has changed or ended since what it made.
func (e *edit) madeBefore() (bool, error) {
	if e.match == "" || e.decision.Outcome() == consent.Deny {
		return false, nil
	}
	return e.tx.Edited(e.ask.Type, e.read.id, e.digest())
}

// keepMade keeps that an edit of a version was made.
func (e *edit) keepMade() error {
	if e.match == "" {
		return nil
	}
	return e.tx.KeepEdit(e.ask.Type, e.read.id, e.digest())
}

// digest is that of what is asked: by whom, of which version, and what.
func (e *edit) digest() records.Edit {
	h := sha256.New()
	for _, part := range []string{e.client(), string(e.caller.Person), e.match, string(e.ask.Interaction)} {
		h.Write([]byte(part + "\x00"))
	}
	h.Write(e.ask.Write.Resource.Raw())
	h.Write(e.ask.Write.Patch)
	return records.Edit(h.Sum(nil))
}
