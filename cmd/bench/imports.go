package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"cpagateway/gateway/benchdata"
)

// imports measures bringing people into an empty store against the bare inserts of the
// rows that come of it: P8.
func (b *bench) imports() error {
	plans := filepath.Join(b.folder, "to-import")
	if err := b.writePeople(plans, 0, b.imported); err != nil {
		return err
	}
	return b.each(func(n int) error {
		s, err := b.newSite(fmt.Sprint("import-", n), b.imported)
		if err != nil {
			return err
		}
		began := time.Now()
		if err := b.bringIn(s, plans); err != nil {
			return err
		}
		b.add("P8/import", "people/s", float64(b.imported)/time.Since(began).Seconds())
		b.add("P8/written", "kB", s.written/float64(b.imported))
		took, err := bareInserts(b.ctx, filepath.Join(s.data, databaseFile), filepath.Join(s.folder, "bare.db"))
		b.add("P8/bare", "people/s", float64(b.imported)/took.Seconds())
		return errors.Join(err, os.RemoveAll(s.folder))
	})
}

const (
	databaseFile = "records.db"
	durable      = "?_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)" // as the gateway's
	batch        = 500                                                    // rows of one statement and variables of it, about
	oneCommit    = 10_000                                                 // rows
)

// bareInserts copies every row of a store into a new one with the same tables, indexes and
// triggers, in batches and durably. Reading them is not counted. What refers to what is
// not checked, which favours the baseline.
func bareInserts(ctx context.Context, from, to string) (took time.Duration, err error) {
	in, err := sql.Open("sqlite", from)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	out, err := sql.Open("sqlite", to+durable)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	out.SetMaxOpenConns(1)
	tables, err := copySchema(ctx, in, out)
	if err != nil {
		return 0, err
	}
	for _, table := range tables {
		rows, err := rowsOf(ctx, in, table)
		if err != nil {
			return 0, err
		}
		began := time.Now()
		for len(rows) > 0 {
			n := min(len(rows), oneCommit)
			if err := insert(ctx, out, table, rows[:n]); err != nil {
				return 0, err
			}
			rows = rows[n:]
		}
		took += time.Since(began)
	}
	return took, nil
}

func copySchema(ctx context.Context, in, out *sql.DB) (tables []string, err error) {
	rows, err := in.QueryContext(ctx, "SELECT type, name, sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%' ORDER BY rowid")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var kind, name, text string
		if err := rows.Scan(&kind, &name, &text); err != nil {
			return nil, err
		}
		if _, err := out.ExecContext(ctx, text); err != nil {
			return nil, err
		}
		if kind == "table" {
			tables = append(tables, name)
		}
	}
	return tables, rows.Err()
}

func rowsOf(ctx context.Context, in *sql.DB, table string) (all [][]any, err error) {
	rows, err := in.QueryContext(ctx, "SELECT * FROM "+table) //nolint:gosec // a name of our own schema
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		return nil, err
	}
	for rows.Next() {
		row, into := make([]any, len(columns)), make([]any, len(columns))
		for i := range row {
			into[i] = &row[i]
		}
		if err := rows.Scan(into...); err != nil {
			return nil, err
		}
		all = append(all, row)
	}
	return all, rows.Err()
}

// insert is one transaction of statements with many rows each.
func insert(ctx context.Context, out *sql.DB, table string, rows [][]any) error {
	tx, err := out.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	width := len(rows[0])
	group := max(batch/width, 1)
	one := ", (?" + strings.Repeat(", ?", width-1) + ")"
	var many *sql.Stmt
	for len(rows) > 0 {
		n := min(len(rows), group)
		if many == nil || n < group {
			if many, err = tx.PrepareContext(ctx, "INSERT INTO "+table+" VALUES "+strings.Repeat(one, n)[2:]); err != nil { //nolint:gosec // a name of our own schema
				return err
			}
		}
		values := make([]any, 0, n*width)
		for _, row := range rows[:n] {
			values = append(values, row...)
		}
		if _, err := many.ExecContext(ctx, values...); err != nil {
			return err
		}
		rows = rows[n:]
	}
	return tx.Commit()
}

// size measures what a person takes on the disk, and how fast everybody came in: P17, P8.
func (b *bench) size(s *site) error {
	file := filepath.Join(s.data, databaseFile)
	info, err := os.Stat(file)
	if err != nil {
		return err
	}
	db, err := sql.Open("sqlite", file)
	if err != nil {
		return err
	}
	var bodies float64
	err = db.QueryRowContext(b.ctx, "SELECT sum(length(body)) FROM versions").Scan(&bodies)
	people := float64(s.people)
	b.add("P17/database", "kB", float64(info.Size())/1000/people)
	b.add("P17/json", "kB", bodies/1000/people)
	b.add("P17/source", "kB", float64(s.documents)/1000/people)
	b.add("P8/everybody", "people/s", people/s.took.Seconds())
	b.add("P8/everybody-written", "kB", s.written/people)
	b.add("P8/everybody-resident", "MB", s.resident)
	return errors.Join(err, db.Close())
}

// during measures reads while a second process imports into the folder that is served,
// against the same reads alone: P15.
func (b *bench) during(s *site) error {
	gateway, err := b.started(s)
	if err != nil {
		return err
	}
	people := benchdata.Having(benchdata.Shares, s.people, askedEvenly)
	ask := crisisReads(people)
	if _, err := gateway.steady(8, len(people), ask); err != nil {
		return err
	}
	return b.each(func(n int) error {
		plans := filepath.Join(b.folder, fmt.Sprint("more-", n))
		if err := b.writePeople(plans, s.people+n*b.imported, b.imported); err != nil {
			return err
		}
		alone, err := gateway.steady(8, b.requests, ask)
		if err != nil {
			return err
		}
		importing := exec.CommandContext(b.ctx, b.options.gateway, "import", "--config", s.config, "--source", source, plans)
		took, failed, err := b.readsWhile(importing, gateway, ask)
		if err != nil {
			return err
		}
		b.add("P15/alone", "ms", quantile(alone.took, 0.95))
		b.add("P15/during", "ms", quantile(took, 0.95))
		b.add("P15/longest", "ms", quantile(took, 1))
		b.add("P15/failed", "reads", float64(failed))
		return os.RemoveAll(plans)
	})
}

// readsWhile reads until a command has ended.
func (b *bench) readsWhile(c *exec.Cmd, gateway *server, ask func(int) question) (took []float64, failed int, err error) {
	ended := make(chan error, 1)
	var said strings.Builder
	c.Stdout, c.Stderr = &said, &said
	if err := c.Start(); err != nil {
		return nil, 0, err
	}
	go func() { ended <- c.Wait() }()
	for at := 0; ; at += readsAtOnce {
		r, err := gateway.load(8, readsAtOnce, func(i int) question { return ask(at + i) })
		took, failed = append(took, r.took...), failed+r.failed
		if err != nil {
			return nil, 0, errors.Join(err, <-ended)
		}
		select {
		case err := <-ended:
			if err != nil {
				err = fmt.Errorf("%w: %s", err, said.String())
			}
			return took, failed, err
		default:
		}
	}
}

// readsAtOnce is few, so that hardly a read that is counted follows the import.
const readsAtOnce = 80
