package relational

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"sync"
	"time"

	"cpagateway/gateway/audit"
	"cpagateway/gateway/store"
)

// Connections is a number of connections to the database, and how each of them works.
type Connections struct {
	DB    *sql.DB
	Size  int
	Begin string // how its transactions begin
	SetUp string // what a connection does first
	// Last asks for the number of the last change as a transaction begins, on the same way
	// to the server, and where it writes for the chains of the audit log; empty: each is
	// asked for when it is needed.
	Last string
	// Committed is told of each transaction that was kept, before another can have its
	// connection; nil: nobody is.
	Committed func(*sql.Conn)
}

// pool is a number of sessions, which are given to those who ask in their order.
type pool struct {
	Connections
	dialect Dialect
	absence *absence      // shared with the other pools of the store
	ahead   []Statement   // with which a transaction begins; nil: with Begin alone
	free    chan *session // nil stands for one that is still to be opened
	ended   sync.Once
}

// newPool makes a pool whose transactions nearly always ask for something first.
func newPool(c Connections, d Dialect, a *absence, asked ...string) *pool {
	c.DB.SetMaxOpenConns(c.Size)
	p := &pool{Connections: c, dialect: d, absence: a, free: make(chan *session, c.Size)}
	if c.Last != "" {
		for _, text := range append([]string{c.Begin, c.Last}, asked...) {
			p.ahead = append(p.ahead, Statement{Text: d.text(text)})
		}
	}
	for range c.Size {
		p.free <- nil
	}
	return p
}

// transaction runs work in a transaction of one session. It is kept when
// transaction returns nil, and without trace when work fails or panics.
func (p *pool) transaction(ctx context.Context, work func(context.Context, *session) error) (err error) {
	ctx, end, err := store.Begin(ctx)
	if err != nil {
		return err
	}
	defer end()
	s, err := p.begun(ctx)
	if err != nil {
		return err
	}
	open := true
	defer func() {
		given := ctx.Err() == nil
		end() // before another can have the session
		if open {
			if s = s.ended(ctx); s == nil && given {
				err = p.away(err)
			}
		}
		p.free <- s
	}()
	if err := work(ctx, s); err != nil {
		return err
	}
	if err := s.failed; err != nil {
		return fmt.Errorf("an error was passed over: %w", err)
	}
	if err := s.execNow(ctx, "COMMIT"); err != nil {
		return fmt.Errorf("committing: %w", err)
	}
	open = false
	if p.Committed != nil {
		p.Committed(s.conn)
	}
	return nil
}

// begun takes a session and begins its transaction, where the database is not known to be
// away.
func (p *pool) begun(ctx context.Context) (*session, error) {
	leave, err := p.absence.enter(ctx)
	if err != nil {
		return nil, err
	}
	s, err := p.began(ctx)
	leave(err)
	return s, err
}

// began begins a transaction. Where the connection was lost while it was free, nothing was
// done yet, and another one can begin.
func (p *pool) began(ctx context.Context) (*session, error) {
	s, err := p.take(ctx)
	if err != nil {
		return nil, err
	}
	err = p.begin(ctx, s)
	if s.used && p.dialect.lost(err) {
		s.close()
		if s, err = p.open(ctx); err == nil {
			err = p.begin(ctx, s)
		}
	}
	if err != nil {
		p.free <- s.ended(ctx)
		return nil, fmt.Errorf("beginning a transaction: %w", p.awayUnder(ctx, err))
	}
	s.used = true
	return s, nil
}

// awayUnder is an error of a connection that was made or used under a context, as
// store.ErrAway where it is neither the server's nor the context's.
func (p *pool) awayUnder(ctx context.Context, err error) error {
	if (p.dialect.lost(err) || timedOut(err)) && !over(ctx, err) {
		return p.away(err)
	}
	return err
}

// away is store.ErrAway, of a database that can be away.
func (p *pool) away(err error) error {
	if err == nil || p.dialect.Lost == nil || errors.Is(err, store.ErrAway) {
		return err
	}
	return fmt.Errorf("%w: %w", store.ErrAway, err)
}

// take waits for a session; those who wait get one in the order in which they came.
func (p *pool) take(ctx context.Context) (*session, error) {
	select {
	case s, open := <-p.free:
		if s != nil {
			return s, nil
		}
		if !open {
			return nil, errClosed
		}
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	s, err := p.open(ctx)
	if err != nil {
		p.free <- nil
		err = p.awayUnder(ctx, err)
	}
	return s, err
}

func (p *pool) open(ctx context.Context) (*session, error) {
	conn, err := p.DB.Conn(ctx)
	if err != nil {
		return nil, err
	}
	s := &session{conn: conn, dialect: p.dialect, kept: make(map[string]*sql.Stmt)}
	_, err = conn.ExecContext(ctx, p.SetUp)
	if err == nil && p.dialect.Run != "" {
		err = conn.QueryRowContext(ctx, p.dialect.Run).Scan(&s.run)
	}
	if err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

var errClosed = errors.New("the store is closed")

// close waits for the transactions that run, and ends the pool.
func (p *pool) close() error {
	p.ended.Do(func() {
		for range cap(p.free) {
			if s := <-p.free; s != nil {
				s.close()
			}
		}
		close(p.free)
	})
	return p.DB.Close()
}

// session is one connection with the statements that it has prepared. It serves
// one transaction at a time.
type session struct {
	conn     *sql.Conn
	dialect  Dialect
	run      string // of the server
	used     bool   // it has begun a transaction before
	kept     map[string]*sql.Stmt
	waiting  []Statement // of the transaction under way: to be sent with the next
	failed   error       // of the transaction under way: it can no longer be kept
	outdated bool        // the transaction under way has outdated labels
	known                // to the transaction under way
}

// known is what a transaction has asked for and not changed since.
type known struct {
	sequence uint64       // 0: not known
	slots    []audit.Slot // nil: not known
}

// keptStatements is more than the gateway has of its own; what it leaves is for
// searches, which come in any number of shapes.
const keptStatements = 128

// statement is the prepared form of a text. done must be called after its use.
func (s *session) statement(ctx context.Context, text string) (stmt *sql.Stmt, done func() error, err error) {
	if stmt := s.kept[text]; stmt != nil {
		return stmt, func() error { return nil }, nil
	}
	stmt, err = s.conn.PrepareContext(ctx, s.dialect.text(text))
	if err != nil {
		return nil, nil, err
	}
	if len(s.kept) >= keptStatements {
		return stmt, stmt.Close, nil
	}
	s.kept[text] = stmt
	return stmt, func() error { return nil }, nil
}

// maxWaiting is how many statements are sent together at most.
const maxWaiting = 100

// exec runs a statement that gives no rows. Its failure fails the transaction; where
// statements are gathered, a later one may have the error.
func (s *session) exec(ctx context.Context, text string, args ...any) error {
	if !s.dialect.Gathers {
		_, err := s.count(ctx, text, args...)
		return err
	}
	if err := ctx.Err(); err != nil { // the session may serve another transaction by now
		return err
	}
	s.waiting = append(s.waiting, Statement{s.dialect.text(text), s.dialect.arguments(args)})
	if len(s.waiting) < maxWaiting {
		return nil
	}
	return s.send(ctx)
}

// execNow is exec that has run, with all before it, when it returns.
func (s *session) execNow(ctx context.Context, text string) error {
	if err := s.exec(ctx, text); err != nil {
		return err
	}
	return s.send(ctx)
}

// send sends what waits.
func (s *session) send(ctx context.Context) (err error) {
	if len(s.waiting) == 0 {
		return nil
	}
	defer func() { s.failed = errors.Join(s.failed, err) }()
	ctx, cancel := s.dialect.deadline(ctx)
	defer cancel()
	_, err = s.conn.ExecContext(ctx, "", s.waiting)
	s.waiting = nil
	return err
}

// count is exec that says how many rows were changed.
func (s *session) count(ctx context.Context, text string, args ...any) (n int64, err error) {
	if err := ctx.Err(); err != nil { // the session may serve another transaction by now
		return 0, err
	}
	if err := s.send(ctx); err != nil {
		return 0, err
	}
	defer func() { s.failed = errors.Join(s.failed, err) }()
	ctx, cancel := s.dialect.deadline(ctx)
	defer cancel()
	stmt, done, err := s.statement(ctx, text)
	if err != nil {
		return 0, err
	}
	result, err := stmt.ExecContext(ctx, s.dialect.arguments(args)...)
	if err := errors.Join(err, done()); err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

// While another process holds the lock, taking it is tried again every millisecond,
// for about five seconds. SQLite's own busy timeout soon tries only ten times a second,
// and can miss every gap between the transactions of a process that writes much.
const (
	retryEvery = time.Millisecond
	maxRetries = 5000
)

func (p *pool) begin(ctx context.Context, s *session) error {
	s.waiting, s.failed, s.outdated, s.known = nil, nil, false, known{}
	if p.ahead != nil {
		return s.beginAhead(ctx, p.ahead)
	}
	for tries := 0; ; tries++ {
		_, err := s.count(ctx, p.Begin)
		s.failed = nil
		if err == nil || p.dialect.Locked == nil || !p.dialect.Locked(err) || tries == maxRetries {
			return err
		}
		select {
		case <-time.After(retryEvery):
		case <-ctx.Done():
			return errors.Join(ctx.Err(), err)
		}
	}
}

// beginAhead begins a transaction and asks for the number of the last change and, where
// there is a third statement, for the chains of the audit log.
func (s *session) beginAhead(ctx context.Context, statements []Statement) error {
	ctx, cancel := s.dialect.deadline(ctx)
	defer cancel()
	rows, err := s.conn.QueryContext(ctx, "", statements)
	if err != nil {
		return err
	}
	defer rows.Close()
	rows.NextResultSet()
	last, err := scanned(ctx, rows, scanOne[int64])
	if err == nil && rows.NextResultSet() {
		s.slots, err = scanned(ctx, rows, scanSlot)
		s.slots = append([]audit.Slot{}, s.slots...)
	}
	if err = errors.Join(err, rows.Err()); err == nil && len(last) == 0 {
		err = errNoSequence
	}
	if err == nil {
		s.sequence = uint64(last[0])
	}
	return err
}

var errNoSequence = errors.New("the number of the last change is not there")

// ended undoes the transaction, although its context may have ended. Where it cannot, the
// session is of no more use, and there is none.
func (s *session) ended(ctx context.Context) *session {
	if s == nil {
		return nil
	}
	s.waiting = nil
	if s.execNow(context.WithoutCancel(ctx), "ROLLBACK") != nil {
		s.close()
		return nil
	}
	return s
}

// close ends the connection, and with it what it had not kept. Its statements come first:
// with one of them left, SQLite keeps the connection, and the log that it writes to. Those of
// a database that can be away end with the connection: it may not answer to their end.
func (s *session) close() {
	if s.dialect.Lost == nil {
		for _, stmt := range s.kept {
			_ = stmt.Close()
		}
	}
	_ = s.conn.Raw(func(any) error { return driver.ErrBadConn }) // or the next would get it as it is
	_ = s.conn.Close()
}
