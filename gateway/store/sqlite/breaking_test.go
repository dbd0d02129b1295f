package sqlite

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
)

// breaking is the real driver with one step that breaks, once: either the step
// fails, or it happens and is reported as failed.
type breaking struct {
	driver.Driver
	mu       sync.Mutex
	left     int // steps until the one that breaks; 0: none is to break
	happens  bool
	kills    bool // the step kills the process instead
	happened bool // whether a step was broken
}

var errBroken = errors.New("broken on purpose")

// drivers numbers them: a name can be registered once in a process.
var drivers atomic.Int64

// newBreaking registers a driver and gives its name.
func newBreaking() (*breaking, string) {
	db, _ := sql.Open("sqlite", "")
	b := &breaking{Driver: db.Driver()}
	db.Close()
	name := "breaking" + string(rune('0'+drivers.Add(1)))
	sql.Register(name, b)
	return b, name
}

// arm lets the n-th step from now break, counted from 1.
func (b *breaking) arm(n int, happens bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.left, b.happens, b.happened = n, happens, false
}

// killAt lets the process be killed before the n-th step from now.
func (b *breaking) killAt(n int) {
	b.arm(n, false)
	b.kills = true
}

func (b *breaking) disarm() (happened bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.left = 0
	return b.happened
}

// step runs one step, or its replacement if it is to fail.
func (b *breaking) step(do, instead func() error) error {
	b.mu.Lock()
	breaks := b.left == 1
	if b.left > 0 {
		b.left--
	}
	b.happened = b.happened || breaks
	happens := b.happens
	if breaks && b.kills {
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {}
	}
	b.mu.Unlock()
	switch {
	case !breaks:
		return do()
	case happens:
		return errors.Join(errBroken, do())
	}
	return errors.Join(errBroken, instead())
}

func nothing() error { return nil }

// Open wraps a connection of the real driver.
func (b *breaking) Open(name string) (driver.Conn, error) {
	inner, err := b.Driver.Open(name)
	return breakingConn{inner.(innerConn), b}, err
}

// innerConn is what the real driver's connections can do.
type innerConn interface {
	driver.Conn
	driver.ConnBeginTx
	driver.ConnPrepareContext
	driver.ExecerContext
	driver.QueryerContext
	driver.SessionResetter
	driver.Validator
}

type breakingConn struct {
	innerConn
	b *breaking
}

func (c breakingConn) BeginTx(ctx context.Context, options driver.TxOptions) (tx driver.Tx, err error) {
	err = c.b.step(func() error {
		tx, err = c.innerConn.BeginTx(ctx, options)
		return err
	}, nothing)
	if err != nil && tx != nil {
		tx.Rollback() // the real driver leaves no transaction behind that it did not report
	}
	return breakingTx{tx, c.b}, err
}

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
	b *breaking
}

func (s breakingStmt) ExecContext(ctx context.Context, args []driver.NamedValue) (r driver.Result, err error) {
	err = s.b.step(func() error {
		r, err = s.innerStmt.ExecContext(ctx, args)
		return err
	}, nothing)
	return r, err
}

func (s breakingStmt) QueryContext(ctx context.Context, args []driver.NamedValue) (rows driver.Rows, err error) {
	err = s.b.step(func() error {
		rows, err = s.innerStmt.QueryContext(ctx, args)
		return err
	}, nothing)
	if err != nil && rows != nil {
		rows.Close()
	}
	return rows, err
}

type breakingTx struct {
	driver.Tx
	b *breaking
}

// Commit that fails leaves no transaction open, as the real driver's.
func (t breakingTx) Commit() error { return t.b.step(t.Tx.Commit, t.Tx.Rollback) }
