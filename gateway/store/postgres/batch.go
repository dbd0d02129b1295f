package postgres

import (
	"cmp"
	"context"
	"database/sql/driver"
	"errors"
	"io"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"

	"cpagateway/gateway/store/relational"
)

// connector opens connections that send statements together.
type connector struct{ driver.Connector }

// Connect implements driver.Connector.
func (c connector) Connect(ctx context.Context) (driver.Conn, error) {
	opened, err := c.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	return connection{opened.(*stdlib.Conn)}, nil
}

type connection struct{ *stdlib.Conn }

// batchOf is what statements are sent as that are the one argument of a call, as
// relational.Dialect says of those that are gathered; nil where the call is another.
func batchOf(args []driver.NamedValue) *pgx.Batch {
	if len(args) != 1 {
		return nil
	}
	gathered, ok := args[0].Value.([]relational.Statement)
	if !ok {
		return nil
	}
	batch := &pgx.Batch{}
	for _, statement := range gathered {
		batch.Queue(statement.Text, statement.Args...)
	}
	return batch
}

// ExecContext implements driver.ExecerContext. The server runs no statement after one that
// fails.
func (c connection) ExecContext(ctx context.Context, text string, args []driver.NamedValue) (driver.Result, error) {
	if batch := batchOf(args); batch != nil {
		return driver.ResultNoRows, c.Conn.Conn().SendBatch(ctx, batch).Close()
	}
	return c.Conn.ExecContext(ctx, text, args)
}

// QueryContext implements driver.QueryerContext: each statement has a result.
func (c connection) QueryContext(ctx context.Context, text string, args []driver.NamedValue) (driver.Rows, error) {
	batch := batchOf(args)
	if batch == nil {
		return c.Conn.QueryContext(ctx, text, args)
	}
	r := &results{batch: c.Conn.Conn().SendBatch(ctx, batch), left: batch.Len()}
	if err := r.NextResultSet(); err != nil {
		return nil, errors.Join(err, r.Close())
	}
	return r, nil
}

// results are those of statements that were sent together, one after the other.
type results struct {
	batch pgx.BatchResults
	rows  pgx.Rows // of the current one
	left  int
}

var _ driver.RowsNextResultSet = (*results)(nil)

// Columns implements driver.Rows.
func (r *results) Columns() []string {
	fields := r.rows.FieldDescriptions()
	names := make([]string, len(fields))
	for i, f := range fields {
		names[i] = f.Name
	}
	return names
}

// Next implements driver.Rows.
func (r *results) Next(into []driver.Value) error {
	if !r.rows.Next() {
		return cmp.Or(r.rows.Err(), io.EOF)
	}
	values, err := r.rows.Values()
	for i, v := range values {
		into[i] = v
	}
	return err
}

// HasNextResultSet implements driver.RowsNextResultSet.
func (r *results) HasNextResultSet() bool { return r.left > 0 }

// NextResultSet implements driver.RowsNextResultSet.
func (r *results) NextResultSet() (err error) {
	if r.left == 0 {
		return io.EOF
	}
	if r.rows != nil {
		r.rows.Close()
		if err := r.rows.Err(); err != nil {
			return err
		}
	}
	r.left--
	r.rows, err = r.batch.Query()
	return err
}

// Close implements driver.Rows.
func (r *results) Close() error { return r.batch.Close() }
