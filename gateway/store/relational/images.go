package relational

import (
	"database/sql"
	"fmt"

	"cpagateway/gateway/records"
)

const (
	selectImage = `SELECT source, body FROM images WHERE type = ? AND id = ?`
	upsertImage = `INSERT INTO images (type, id, source, body) VALUES (?, ?, ?, ?)
		ON CONFLICT (type, id) DO UPDATE SET source = excluded.source, body = excluded.body`
)

// Image is what a source last said of a resource. It implements records.Snapshot.
func (s snapshot) Image(typ, id string) (records.Image, error) {
	image, _, err := first(s, scanImage, selectImage, typ, id)
	if err != nil {
		return records.Image{}, fmt.Errorf("reading what a source last said: %w", err)
	}
	return image, nil
}

// KeepImage implements records.Tx.
func (t tx) KeepImage(typ, id string, image records.Image) error {
	if _, err := t.count(t.ctx, upsertImage, typ, id, image.Source, notNil(image.Body)); err != nil {
		return fmt.Errorf("keeping what a source said: %w", err)
	}
	return nil
}

func scanImage(rows *sql.Rows) (i records.Image, err error) {
	err = rows.Scan(&i.Source, &i.Body)
	return i, err
}
