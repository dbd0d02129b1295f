package memory

import (
	"bytes"

	"cpagateway/gateway/records"
)

// Image is what a source last said of a resource. It implements records.Snapshot.
func (s snapshot) Image(typ, id string) (records.Image, error) {
	image := s.images[key{typ, id}]
	image.Body = bytes.Clone(image.Body)
	return image, s.ctx.Err()
}

// KeepImage implements records.Tx.
func (t *tx) KeepImage(typ, id string, image records.Image) error {
	if err := t.ctx.Err(); err != nil {
		return err
	}
	image.Body = bytes.Clone(image.Body)
	t.images[key{typ, id}] = image
	return nil
}
