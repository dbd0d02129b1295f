package relationaltest

import (
	"context"
	"database/sql/driver"
	"errors"
	"os"
	"sync"
	"syscall"

	"cpagateway/gateway/audit/audittest"
)

// Breaking lets one step of a database's I/O break, once: either the step fails, or it
// happens and is reported as failed.
type Breaking struct {
	mu       sync.Mutex
	steps    int // so far
	left     int // steps until the one that breaks; 0: none is to break
	happens  bool
	happened bool   // whether a step was broken
	instead  func() // of breaking, what is done before the step; nil: nothing
	watched  int    // steps whose context could end

	EachRow func() // is called before each row of a statement; nil: nothing is
}

var _ audittest.Breaker = (*Breaking)(nil)

var errBroken = errors.New("broken on purpose")

// Arm implements audittest.Breaker.
func (b *Breaking) Arm(n int, how audittest.Break) { b.arm(n, how == audittest.Happens) }

// Disarm implements audittest.Breaker.
func (b *Breaking) Disarm() (happened bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.left = 0
	return b.happened
}

// arm lets the n-th step from now break, counted from 1.
func (b *Breaking) arm(n int, happens bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.left, b.happens, b.happened, b.instead = n, happens, false, nil
}

// Steps is how many were taken so far: round trips to a server.
func (b *Breaking) Steps() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.steps
}

// Watched is how many steps were taken under a context that could end: of each, the driver has
// to wait for that beside its work.
func (b *Breaking) Watched() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.watched
}

// killAt lets the process be killed before the n-th step from now.
func (b *Breaking) killAt(n int) {
	b.doAt(n, func() {
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {}
	})
}

// doAt lets something be done before the n-th step from now, which then goes on.
func (b *Breaking) doAt(n int, what func()) {
	b.arm(n, false)
	b.mu.Lock()
	defer b.mu.Unlock()
	b.instead = what
}

// step runs one step, unless it is the one that breaks.
func (b *Breaking) step(ctx context.Context, do func() error) error {
	b.mu.Lock()
	b.steps++
	if ctx.Done() != nil {
		b.watched++
	}
	breaks := b.left == 1
	if b.left > 0 {
		b.left--
	}
	b.happened = b.happened || breaks
	happens := b.happens
	instead := b.instead != nil
	if breaks && instead {
		b.instead()
	}
	b.mu.Unlock()
	switch {
	case !breaks || instead:
		return do()
	case happens:
		return errors.Join(errBroken, do())
	}
	return errBroken
}

// Wrap is a connector whose connections have a step that breaks.
func (b *Breaking) Wrap(c driver.Connector) driver.Connector { return breakingConnector{c, b} }

type breakingConnector struct {
	driver.Connector
	b *Breaking
}

// Connect implements driver.Connector.
func (c breakingConnector) Connect(ctx context.Context) (driver.Conn, error) {
	inner, err := c.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	return breakingConn{inner.(innerConn), c.b}, nil
}

// innerConn is what the real drivers' connections can do.
type innerConn interface {
	driver.Conn
	driver.ConnBeginTx
	driver.ConnPrepareContext
	driver.ExecerContext
	driver.QueryerContext
	driver.SessionResetter
}

type breakingConn struct {
	innerConn
	b *Breaking
}

// CheckNamedValue implements driver.NamedValueChecker where the real driver does.
func (c breakingConn) CheckNamedValue(v *driver.NamedValue) error {
	if checker, ok := c.innerConn.(driver.NamedValueChecker); ok {
		return checker.CheckNamedValue(v)
	}
	return driver.ErrSkip
}

// ExecContext is a step.
func (c breakingConn) ExecContext(ctx context.Context, text string, args []driver.NamedValue) (r driver.Result, err error) {
	err = c.b.step(ctx, func() error {
		r, err = c.innerConn.ExecContext(ctx, text, args)
		return err
	})
	return r, err
}

// QueryContext is a step.
func (c breakingConn) QueryContext(ctx context.Context, text string, args []driver.NamedValue) (rows driver.Rows, err error) {
	return c.b.query(ctx, func() (driver.Rows, error) { return c.innerConn.QueryContext(ctx, text, args) })
}

// query is a step that gives rows.
func (b *Breaking) query(ctx context.Context, do func() (driver.Rows, error)) (rows driver.Rows, err error) {
	err = b.step(ctx, func() error {
		rows, err = do()
		return err
	})
	if err != nil && rows != nil {
		rows.Close()
	}
	if err == nil && b.EachRow != nil {
		rows = toldRows{rows, b.EachRow}
	}
	return rows, err
}

// toldRows tell of each row before it is read.
type toldRows struct {
	driver.Rows
	tell func()
}

// Next implements driver.Rows.
func (r toldRows) Next(row []driver.Value) error {
	r.tell()
	return r.Rows.Next(row)
}

// PrepareContext gives a statement whose runs are steps.
func (c breakingConn) PrepareContext(ctx context.Context, query string) (driver.Stmt, error) {
	stmt, err := c.innerConn.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	return breakingStmt{stmt.(innerStmt), c.b}, nil
}

type innerStmt interface {
	driver.Stmt
	driver.StmtExecContext
	driver.StmtQueryContext
}

type breakingStmt struct {
	innerStmt
	b *Breaking
}

// ExecContext is a step.
func (s breakingStmt) ExecContext(ctx context.Context, args []driver.NamedValue) (r driver.Result, err error) {
	err = s.b.step(ctx, func() error {
		r, err = s.innerStmt.ExecContext(ctx, args)
		return err
	})
	return r, err
}

// QueryContext is a step.
func (s breakingStmt) QueryContext(ctx context.Context, args []driver.NamedValue) (driver.Rows, error) {
	return s.b.query(ctx, func() (driver.Rows, error) { return s.innerStmt.QueryContext(ctx, args) })
}
