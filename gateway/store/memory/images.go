package memory

import (
	"bytes"

	"cpagateway/gateway/records"
)

// said names what a source said of a resource.
type said struct {
	key
	source string
}

// made names an edit of a resource.
type made struct {
	key
	edit records.Edit
}

// Image is what a source last said of a resource. It implements records.Snapshot.
func (s snapshot) Image(typ, id, source string) ([]byte, error) {
	return bytes.Clone(s.images[said{key{typ, id}, source}]), s.ctx.Err()
}

// KeepImage implements records.Tx.
func (t *tx) KeepImage(typ, id, source string, body []byte) error {
	if err := t.ctx.Err(); err != nil {
		return err
	}
	t.images[said{key{typ, id}, source}] = bytes.Clone(body)
	return nil
}

// Edited implements records.Snapshot.
func (s snapshot) Edited(typ, id string, edit records.Edit) (bool, error) {
	return s.edits[made{key{typ, id}, edit}], s.ctx.Err()
}

// KeepEdit implements records.Tx.
func (t *tx) KeepEdit(typ, id string, edit records.Edit) error {
	if err := t.ctx.Err(); err != nil {
		return err
	}
	t.edits[made{key{typ, id}, edit}] = true
	return nil
}

// Sent implements records.Snapshot.
func (s snapshot) Sent(id string) (string, error) { return s.sendings[id], s.ctx.Err() }

// KeepSent implements records.Tx.
func (t *tx) KeepSent(id, at string) error {
	if err := t.ctx.Err(); err != nil {
		return err
	}
	t.sendings[id] = at
	return nil
}
