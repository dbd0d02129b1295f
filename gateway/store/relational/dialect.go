package relational

import (
	"context"
	"time"
)

// Dialect is what a database does in its own way. Its zero value does nothing of it.
type Dialect struct {
	// Text is a statement in the words of the database, made of one in those of SQLite.
	Text func(string) string
	// Argument is what stands for a text that a statement is given.
	Argument func(string) string
	// Locked reports whether a transaction could not begin because another process held
	// the database: then it is tried again.
	Locked func(error) bool
	// Lost reports whether an error says that the connection is of no more use.
	Lost func(error) bool
	// Gathers says that statements which give nothing back are sent together with the next
	// that does, because the way to the server costs more than they do: as the one argument,
	// a []Statement, of an ExecContext without a text. A QueryContext gives a result for each.
	Gathers bool
	// Run is a statement that gives what no two runs of the server have in common; without
	// it the database stays what it is for as long as a store is open.
	Run string
	// Deadline is how long a statement may take, with all that it waits for. Without one, a
	// statement that has begun gives its next row even where its context has ended.
	Deadline time.Duration
}

// Statement is one of those that are sent together, in the words of the database.
type Statement struct {
	Text string
	Args []any
}

func (d Dialect) text(text string) string {
	if d.Text == nil {
		return text
	}
	return d.Text(text)
}

// arguments are those of a statement, whose list it may change.
func (d Dialect) arguments(args []any) []any {
	if d.Argument == nil {
		return args
	}
	for i, arg := range args {
		if text, ok := arg.(string); ok {
			args[i] = d.Argument(text)
		}
	}
	return args
}

func (d Dialect) lost(err error) bool { return err != nil && d.Lost != nil && d.Lost(err) }

// deadline is the context of one statement. A database that needs no deadline is in the
// process: a context that can end would take database/sql and the driver a goroutine each,
// for every statement.
func (d Dialect) deadline(ctx context.Context) (context.Context, context.CancelFunc) {
	if d.Deadline == 0 {
		return context.WithoutCancel(ctx), func() {}
	}
	return context.WithTimeout(ctx, d.Deadline)
}
