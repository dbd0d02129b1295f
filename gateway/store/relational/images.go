package relational

import "cpagateway/gateway/records"

const (
	selectImage = `SELECT body FROM images WHERE type = ? AND id = ? AND source = ?`
	upsertImage = `INSERT INTO images (type, id, source, body) VALUES (?, ?, ?, ?)
		ON CONFLICT (type, id, source) DO UPDATE SET body = excluded.body`

	selectEdit = `SELECT 1 FROM edits WHERE type = ? AND id = ? AND edit = ?`
	insertEdit = `INSERT INTO edits (type, id, edit) VALUES (?, ?, ?) ON CONFLICT (type, id, edit) DO NOTHING`

	selectSending = `SELECT "at" FROM sendings WHERE id = ?`
	upsertSending = `INSERT INTO sendings (id, "at") VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET "at" = excluded."at"`
)

// Image is what a source last said of a resource. It implements records.Snapshot.
func (s snapshot) Image(typ, id, source string) ([]byte, error) {
	image, _, err := first(s, scanOne[[]byte], selectImage, typ, id, source)
	return image, doing("reading what a source last said", err)
}

// KeepImage implements records.Tx.
func (t tx) KeepImage(typ, id, source string, body []byte) error {
	_, err := t.count(t.ctx, upsertImage, typ, id, source, notNil(body))
	return doing("keeping what a source said", err)
}

// Edited implements records.Snapshot.
func (s snapshot) Edited(typ, id string, edit records.Edit) (bool, error) {
	_, made, err := first(s, scanOne[int64], selectEdit, typ, id, edit[:])
	return made, doing("looking for an edit", err)
}

// KeepEdit implements records.Tx.
func (t tx) KeepEdit(typ, id string, edit records.Edit) error {
	_, err := t.count(t.ctx, insertEdit, typ, id, edit[:])
	return doing("keeping an edit", err)
}

// Sent implements records.Snapshot.
func (s snapshot) Sent(id string) (string, error) {
	at, _, err := first(s, scanOne[string], selectSending, id)
	return at, doing("looking for what a source last sent", err)
}

// KeepSent implements records.Tx.
func (t tx) KeepSent(id, at string) error {
	_, err := t.count(t.ctx, upsertSending, id, at)
	return doing("keeping what a source sent", err)
}
