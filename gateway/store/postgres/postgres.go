// Package postgres is the store in PostgreSQL, for any number of gateways. Its SQL is that
// of package relational, in plain tables and indexes.
//
// Every transaction that writes locks one row before it looks at anything, so that they
// come one after the other whichever gateway they are of (docs/decisions/025): what was
// looked at in one is as it was until it is committed.
package postgres

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"maps"
	"net"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"

	"cpagateway/gateway/store/relational"
)

// Role is what every connection of a gateway works as, whoever it logs in as.
const Role = "cpa_gateway"

// readers is how many views of one gateway can run at once.
const readers = 8

// Connections is how many the database has of each gateway: one writes.
const Connections = readers + 1

// Everything that a gateway asks ends within statementTime by the server, and within
// answerTime where the server does not even say so.
const (
	statementTime = 30 * time.Second
	answerTime    = statementTime + 5*time.Second
	connectTime   = 5 * time.Second
	lockTime      = 5 * time.Second // of a migration
)

// settings of each connection, where its address does not say otherwise. A gateway that
// is gone with a transaction open must not hold up the others for longer than it takes
// to notice: idle_in_transaction_session_timeout where it hangs, the tcp_ settings where
// it is cut off.
var settings = map[string]string{
	"application_name":                    "cpa-gateway",
	"statement_timeout":                   fmt.Sprint(statementTime.Milliseconds()),
	"idle_in_transaction_session_timeout": "15000",
	// A plan that is made while a table is small is kept, and would walk all of it when it
	// is large. There is an index for everything that requests and imports ask.
	"enable_seqscan":          "off",
	"tcp_keepalives_idle":     "2",
	"tcp_keepalives_interval": "1",
	"tcp_keepalives_count":    "1",
	"tcp_user_timeout":        fmt.Sprint(cutOffTime.Milliseconds()),
}

// How transactions begin. Under READ COMMITTED each statement sees what was committed
// before it; because of the lock that is the same for all of one transaction.
const (
	beginWriting = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE"
	beginReading = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
	last         = "SELECT last FROM changed WHERE id = 1"
	lastLocked   = last + " FOR UPDATE"
)

// setUp makes a connection the gateway's, which needs no more rights than its role has.
const setUp = "SET ROLE " + Role

// run is what no two runs of a server have in common, whatever it was started on: the
// microsecond at which it was.
const run = "SELECT CAST(pg_postmaster_start_time() AS text)"

// Open opens the store at an address of PostgreSQL (postgres://, or key=value), and makes
// its tables where they are not there: for that, and for that alone, who logs in must own
// the database. A schema newer than this program knows is refused (relational.ErrNewer).
func Open(ctx context.Context, address string) (*relational.Store, error) {
	return open(ctx, address, nil)
}

// open is Open with what stands between the store and its driver: tests pass what fails.
// No error names the address, which may hold a password.
func open(ctx context.Context, address string, wrap func(driver.Connector) driver.Connector) (*relational.Store, error) {
	config, err := configOf(address)
	if err != nil {
		return nil, err
	}
	if wrap == nil {
		wrap = func(to driver.Connector) driver.Connector { return to }
	}
	to := wrap(connector{stdlib.GetConnector(*config)})
	if err := migrate(ctx, wrap(migrating(*config))); err != nil {
		return nil, fmt.Errorf("opening the store in PostgreSQL: %w", err)
	}
	s := relational.New(relational.Dialect{Text: text, Argument: argument, Lost: lost, Run: run, Gathers: true, Deadline: answerTime},
		relational.Connections{DB: sql.OpenDB(to), Size: 1, Begin: beginWriting, SetUp: setUp, Last: lastLocked},
		relational.Connections{DB: sql.OpenDB(to), Size: readers, Begin: beginReading, SetUp: setUp, Last: last})
	if err := durable(ctx, s); err != nil {
		return nil, errors.Join(fmt.Errorf("opening the store in PostgreSQL: %w", err), s.Close())
	}
	return s, nil
}

// migrating opens connections that change tables while gateways serve. To change one takes
// a lock that everybody then waits for: where it is not to be had soon, the migration fails
// and has changed nothing. An index of a large table may take its time.
func migrating(config pgx.ConnConfig) driver.Connector {
	config.RuntimeParams = maps.Clone(config.RuntimeParams)
	if config.RuntimeParams["lock_timeout"] == "" {
		config.RuntimeParams["lock_timeout"] = fmt.Sprint(lockTime.Milliseconds())
	}
	config.RuntimeParams["statement_timeout"] = "0"
	return connector{stdlib.GetConnector(config)}
}

func configOf(address string) (*pgx.ConnConfig, error) {
	config, err := pgx.ParseConfig(address)
	if err != nil {
		return nil, errors.New("the address of PostgreSQL is not one: postgres://user:password@host:port/database")
	}
	if config.ConnectTimeout == 0 {
		config.ConnectTimeout = connectTime
	}
	config.DialFunc = dialer().DialContext
	// A replica is away, or a connection to one would be kept when the primary is back.
	config.ValidateConnect = pgconn.ValidateConnectTargetSessionAttrsPrimary
	own := maps.Clone(settings)
	maps.Copy(own, config.RuntimeParams)
	config.RuntimeParams = own
	return config, nil
}

// cutOffTime is how long what was sent may go unanswered on the way before the connection
// counts as lost; so long does the server wait as well (tcp_user_timeout), and for as long can
// a gateway that is cut off within a transaction hold up the others: less than they may take
// to record a refusal.
const cutOffTime = 3 * time.Second

// dialer finds out about a network that is cut and says nothing: who asks would otherwise
// wait for answerTime.
func dialer() *net.Dialer {
	return &net.Dialer{Control: sentWithin(cutOffTime), KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: 2 * time.Second, Interval: time.Second, Count: 1}}
}

var errNotDurable = errors.New("synchronous_commit is off: what is acknowledged could be lost")

// durable makes sure that a commit survives the loss of the server's power.
func durable(ctx context.Context, s *relational.Store) error {
	return s.LendWriter(ctx, func(c relational.Connection) error {
		var commit string
		if err := c.QueryRowContext(ctx, "SHOW synchronous_commit").Scan(&commit); err != nil {
			return err
		}
		if commit == "off" {
			return errNotDurable
		}
		return nil
	})
}

// lost reports whether there is no connection, or none any more: whatever did not come from
// the server, and what it says when it gives or leaves none.
func lost(err error) bool {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return false
	}
	var none *pgconn.ConnectError
	var said *pgconn.PgError
	if !errors.As(err, &none) && errors.As(err, &said) {
		return said.Code == "57P01" || said.Code == "57P02" || said.Code == "57P03" || said.Code == "25P03"
	}
	return true
}
