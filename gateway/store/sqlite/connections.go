package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"
)

// writer is the one connection that writes. Its statements are all prepared when
// the store is opened: later there is no free connection to prepare them on.
type writer struct {
	db   *sql.DB
	kept map[string]*sql.Stmt
}

func (w *writer) prepare(ctx context.Context) error {
	w.kept = make(map[string]*sql.Stmt, len(writes))
	for _, text := range writes {
		stmt, err := w.db.PrepareContext(ctx, text)
		if err != nil {
			return fmt.Errorf("preparing a statement: %w", err)
		}
		w.kept[text] = stmt
	}
	return nil
}

// change runs work in one transaction, which is durable when change returns nil
// and without trace when work fails.
func (w *writer) change(ctx context.Context, work func(transaction) error) error {
	tx, err := w.db.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("beginning to write: %w", err)
	}
	defer tx.Rollback()
	if err := work(transaction{ctx, tx, w.kept}); err != nil {
		return err
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("committing: %w", err)
	}
	return nil
}

func (w *writer) close() error { return closeAll(w.db, w.kept) }

// transaction is one change under way. Its texts are those of writes.
type transaction struct {
	ctx  context.Context
	tx   *sql.Tx
	kept map[string]*sql.Stmt
}

func (t transaction) exec(text string, args ...any) (sql.Result, error) {
	return t.tx.StmtContext(t.ctx, t.kept[text]).ExecContext(t.ctx, args...)
}

func (t transaction) row(text string, args ...any) *sql.Row {
	return t.tx.StmtContext(t.ctx, t.kept[text]).QueryRowContext(t.ctx, args...)
}

// reader is the pool that reads. Statements are kept by their text, up to a
// number that searches of many shapes cannot exceed.
type reader struct {
	db   *sql.DB
	mu   sync.RWMutex
	kept map[string]*sql.Stmt
}

const keptStatements = 256

// query runs a statement; its rows are one consistent snapshot.
func (r *reader) query(ctx context.Context, text string, args ...any) (*sql.Rows, error) {
	stmt, err := r.statement(ctx, text)
	if err != nil {
		return nil, err
	}
	if stmt == nil {
		return r.db.QueryContext(ctx, text, args...)
	}
	return stmt.QueryContext(ctx, args...)
}

// statement is the kept one for a text, nil when no more are kept.
func (r *reader) statement(ctx context.Context, text string) (*sql.Stmt, error) {
	r.mu.RLock()
	stmt, full := r.kept[text], len(r.kept) >= keptStatements
	r.mu.RUnlock()
	if stmt != nil || full {
		return stmt, nil
	}
	stmt, err := r.db.PrepareContext(ctx, text)
	if err != nil {
		return nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if other := r.kept[text]; other != nil {
		return other, stmt.Close()
	}
	if r.kept == nil {
		r.kept = make(map[string]*sql.Stmt)
	}
	r.kept[text] = stmt
	return stmt, nil
}

func (r *reader) close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return closeAll(r.db, r.kept)
}

func closeAll(db *sql.DB, kept map[string]*sql.Stmt) error {
	if db == nil { // never opened
		return nil
	}
	var errs []error
	for _, stmt := range kept {
		errs = append(errs, stmt.Close())
	}
	return errors.Join(append(errs, db.Close())...)
}
