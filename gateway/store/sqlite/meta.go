package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

const (
	selectMeta = `SELECT value FROM meta WHERE name = ?`
	insertMeta = `INSERT INTO meta (name, value) VALUES (?, ?) ON CONFLICT (name) DO NOTHING`
)

// KeepFirst keeps a value under a name where none is kept yet, and gives what is
// kept: of several processes the first one settles it, for the life of the store.
func (s *Store) KeepFirst(ctx context.Context, name string, value []byte) ([]byte, error) {
	kept, err := s.meta(ctx, name)
	if errors.Is(err, sql.ErrNoRows) {
		err = s.writer.change(ctx, func(t transaction) error {
			_, err := t.exec(insertMeta, name, notNil(value))
			return err
		})
		if err == nil {
			kept, err = s.meta(ctx, name)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("settling the %s: %w", name, err)
	}
	return kept, nil
}

func (s *Store) meta(ctx context.Context, name string) (value []byte, err error) {
	err = s.reader.db.QueryRowContext(ctx, selectMeta, name).Scan(&value)
	return value, err
}
