package relational

import (
	"database/sql"
	"fmt"

	"cpagateway/gateway/records"
)

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
	image, _, err := first(s, scanBytes, selectImage, typ, id, source)
	if err != nil {
		return nil, fmt.Errorf("reading what a source last said: %w", err)
	}
	return image, nil
}

// KeepImage implements records.Tx.
func (t tx) KeepImage(typ, id, source string, body []byte) error {
	if _, err := t.count(t.ctx, upsertImage, typ, id, source, notNil(body)); err != nil {
		return fmt.Errorf("keeping what a source said: %w", err)
	}
	return nil
}

// Edited implements records.Snapshot.
func (s snapshot) Edited(typ, id string, edit records.Edit) (bool, error) {
	_, made, err := first(s, scanNumber, selectEdit, typ, id, edit[:])
	if err != nil {
		return false, fmt.Errorf("looking for an edit: %w", err)
	}
	return made, nil
}

// KeepEdit implements records.Tx.
func (t tx) KeepEdit(typ, id string, edit records.Edit) error {
	if _, err := t.count(t.ctx, insertEdit, typ, id, edit[:]); err != nil {
		return fmt.Errorf("keeping an edit: %w", err)
	}
	return nil
}

// Sent implements records.Snapshot.
func (s snapshot) Sent(id string) (string, error) {
	at, _, err := first(s, scanText, selectSending, id)
	if err != nil {
		return "", fmt.Errorf("looking for what a source last sent: %w", err)
	}
	return at, nil
}

// KeepSent implements records.Tx.
func (t tx) KeepSent(id, at string) error {
	if _, err := t.count(t.ctx, upsertSending, id, at); err != nil {
		return fmt.Errorf("keeping what a source sent: %w", err)
	}
	return nil
}

func scanBytes(rows *sql.Rows) (body []byte, err error) {
	err = rows.Scan(&body)
	return body, err
}
