package relational

import (
	"context"
	"fmt"
)

const (
	selectMeta = `SELECT value FROM meta WHERE name = ?`
	insertMeta = `INSERT INTO meta (name, value) VALUES (?, ?) ON CONFLICT (name) DO NOTHING`
)

// KeepFirst keeps a value under a name where none is kept yet, and gives what is
// kept: of several processes the first one settles it, for the life of the store.
func (s *Store) KeepFirst(ctx context.Context, name string, value []byte) (kept []byte, err error) {
	err = s.change(ctx, func(t tx) error {
		if err := t.exec(ctx, insertMeta, name, notNil(value)); err != nil {
			return err
		}
		kept, _, err = first(t.snapshot, scanOne[[]byte], selectMeta, name)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("settling the %s: %w", name, err)
	}
	return kept, nil
}
