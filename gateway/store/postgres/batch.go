package postgres

import (
	"context"
	"database/sql/driver"

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

// ExecContext implements driver.ExecerContext, and what relational.Dialect says of
// statements that are gathered. The server runs none after one that fails.
func (c connection) ExecContext(ctx context.Context, text string, args []driver.NamedValue) (driver.Result, error) {
	if len(args) == 1 {
		if gathered, ok := args[0].Value.([]relational.Statement); ok {
			var batch pgx.Batch
			for _, statement := range gathered {
				batch.Queue(statement.Text, statement.Args...)
			}
			return driver.ResultNoRows, c.Conn.Conn().SendBatch(ctx, &batch).Close()
		}
	}
	return c.Conn.ExecContext(ctx, text, args)
}
