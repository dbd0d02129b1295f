// Command bench measures what a crisis read costs, an import, and the rest of
// docs/performance.md: against a baseline in the same run, in one table. It starts the
// gateway as it is shipped, as a process of its own, on people that it makes from a seed.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"
)

// options are how large a run is.
type options struct {
	people   int // in the larger store; the smaller has a tenth
	rounds   int
	requests int // of one server in one round
	imported int // people in one round of import
	rows     int // of an extract that is mapped
	asked    int // different people who are asked for, one after the other
	seed     uint64
	spin     time.Duration // how long a function alone is measured, each round
	gateway  string        // binary; empty: built here
	work     string        // where folders are made; empty: the system's
	out      string        // file for what was measured
	record   string        // page to put the table into, with the raw data beside it
	against  string        // file of another run to compare with
	only     string        // the one part to measure; empty: all
	from     string        // file of a run to show instead of measuring
	note     string        // said with the result
	peers    []peer        // other FHIR servers, to measure beside the gateway
}

var (
	short = options{people: 2000, rounds: 5, requests: 3000, imported: 200, rows: 10_000, asked: 20_000, spin: time.Second}
	long  = options{people: 100_000, rounds: 9, requests: 20_000, imported: 5000, rows: 1_000_000, asked: 1_000_000, spin: 3 * time.Second}
)

func main() {
	if mustRole(os.Args[1:]) {
		return
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := command(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		stop()
		os.Exit(1) //nolint:gocritic // stopped above
	}
}

func command(ctx context.Context, args []string) error {
	o := short
	for _, arg := range args {
		if strings.TrimLeft(arg, "-") == "long" {
			o = long
		}
	}
	f := flag.NewFlagSet("bench", flag.ContinueOnError)
	f.Bool("long", false, "the long form: 100,000 people, an hour or more")
	f.IntVar(&o.people, "n", o.people, "people in the larger store; the smaller has a tenth of them")
	f.IntVar(&o.rounds, "rounds", o.rounds, "rounds, of which the median is taken")
	f.IntVar(&o.requests, "requests", o.requests, "requests to one server in one round")
	f.IntVar(&o.imported, "imported", o.imported, "people in one round of import")
	f.IntVar(&o.rows, "rows", o.rows, "rows of the extract that is mapped, about")
	f.IntVar(&o.asked, "asked", o.asked, "different people who are asked for, most of whom nobody knows")
	f.Uint64Var(&o.seed, "seed", 1, "what the people are made from")
	f.StringVar(&o.gateway, "gateway", "", "gateway `binary` (default: built here)")
	f.StringVar(&o.work, "work", "", "`folder` for the data, which says what disk is measured (default: the system's for temporary files)")
	f.StringVar(&o.out, "out", "", "`file` to write what was measured to, in the format of benchstat")
	f.StringVar(&o.record, "record", "", "`page` to put the table into, with what was measured beside it (docs/performance.md)")
	f.StringVar(&o.from, "from", "", "`file` of a run to show or record, instead of measuring")
	f.StringVar(&o.note, "note", "", "`words` to keep with the result, such as what else the machine did")
	f.StringVar(&o.only, "only", "", "the one `part` to measure: alone, maps, reads, stages, cold, many, growth, apart, imports, shared, during, edits, telling, beside")
	f.Func("peer", "`NAME=BASEURL,PID` of another FHIR server that is running and empty, to be measured beside the gateway; further PIDs of its database after it; may be given several times", func(text string) error {
		p, err := readPeer(text)
		o.peers = append(o.peers, p)
		return err
	})
	f.StringVar(&o.against, "against", "", "`file` of another run to show beside this one")
	if err := f.Parse(args); err != nil {
		return err
	}
	if o.people < leastPeople || o.rounds < 1 || o.requests < 1 || o.imported < 1 || o.rows < 1 || o.asked < 1 {
		return fmt.Errorf("at least %d people, and one of everything else", leastPeople)
	}
	var last *results
	if o.against != "" {
		var err error
		if last, err = readFile(o.against); err != nil {
			return err
		}
	}
	r, err := o.results(ctx)
	if err != nil {
		return err
	}
	fmt.Printf("\n%s\n%s", aboutText(r), table(r, last))
	if o.out != "" {
		err = r.writeFile(o.out)
	}
	if o.record != "" {
		err = errors.Join(err, record(r, o.record))
	}
	return err
}

func (o options) results(ctx context.Context) (*results, error) {
	if o.from != "" {
		return readFile(o.from)
	}
	return measure(ctx, o)
}

// bench is one run.
type bench struct {
	options
	results
	ctx     context.Context
	began   time.Time
	folder  string // everything that it makes
	program string // itself, for its roles
	tokens  *tokens
	ends    []func() error // of what was started in the part that runs
}

// atEnd says what has to be done when the part that runs is over.
func (b *bench) atEnd(end func() error) { b.ends = append(b.ends, end) }

// within runs a part, and ends what was started in it, the last first.
func (b *bench) within(part func() error) error {
	before := len(b.ends)
	err := part()
	for n := len(b.ends) - 1; n >= before; n-- {
		err = errors.Join(err, b.ends[n]())
	}
	b.ends = b.ends[:before]
	return err
}

// measure makes people, starts servers, measures everything, and leaves nothing behind.
func measure(ctx context.Context, o options) (_ *results, err error) {
	folder, err := os.MkdirTemp(o.work, "cpa-bench-")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	b := &bench{options: o, ctx: ctx, began: time.Now(), folder: folder}
	if b.program, err = os.Executable(); err != nil {
		return nil, err
	}
	if b.options.gateway == "" {
		b.tell("building the gateway")
		b.options.gateway = filepath.Join(folder, "cpa-gateway")
		if err := b.execute("go", "build", "-trimpath", "-o", b.options.gateway, "cpagateway/cmd/cpa-gateway"); err != nil {
			return nil, err
		}
	}
	if b.tokens, err = openIssuer(folder); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, b.tokens.close()) }()
	b.describe()
	return &b.results, b.everything()
}

// everything measures part by part, each on its own servers.
func (b *bench) everything() error {
	large, err := b.fill("large", b.people)
	if err != nil {
		return err
	}
	small, err := b.fill("small", max(b.people/10, leastPeople))
	if err != nil {
		return err
	}
	if err := b.size(large); err != nil {
		return err
	}
	for _, part := range []struct {
		key, name string
		run       func() error
	}{
		{"alone", "deciding and checking alone", func() error { return b.alone(large) }},
		{"maps", "mapping an extract", b.maps},
		{"reads", "crisis reads", func() error { return b.reads(large) }},
		{"stages", "where the time of a crisis read goes", func() error { return b.whereTimeGoes(large) }},
		{"cold", "crisis reads after a start", func() error { return b.cold(large) }},
		{"many", "many different people", func() error { return b.many(large) }},
		{"growth", "a store ten times as large", func() error { return b.growth(large, small) }},
		{"apart", "telling hidden people apart", func() error { return b.apart(large) }},
		{"imports", "imports", b.imports},
		{"shared", "gateways on PostgreSQL and Redis", func() error { return b.shared(large) }},
		{"during", "reads during an import", func() error { return b.during(large) }},
		{"edits", "edits of plans", b.edits},
		{"telling", "telling subscribers", b.telling},
		{partBeside, "other FHIR servers", func() error { return b.beside(large) }},
	} {
		if b.only != "" && b.only != part.key || part.key == partBeside && len(b.peers) == 0 {
			continue
		}
		b.tell("%s", part.name)
		if err := b.within(part.run); err != nil {
			return fmt.Errorf("%s: %w", part.name, err)
		}
	}
	return nil
}

// tell says what is going on, for who waits.
func (b *bench) tell(format string, args ...any) {
	fmt.Fprintf(os.Stderr, "%5.0f s  %s\n", time.Since(b.began).Seconds(), fmt.Sprintf(format, args...))
}

// each runs rounds, of which each measures baselines and subjects by turns and ends what it
// starts.
func (b *bench) each(round func(n int) error) error {
	for n := range b.rounds {
		if err := b.ctx.Err(); err != nil {
			return err
		}
		b.tell("  round %d of %d", n+1, b.rounds)
		if err := b.within(func() error { return round(n) }); err != nil {
			return err
		}
	}
	return nil
}

// describe keeps what the figures depend on, beside the code.
func (b *bench) describe() {
	b.say("goos", runtime.GOOS)
	b.say("goarch", runtime.GOARCH)
	b.say("cpu", fmt.Sprintf("%s, %d", processor(), runtime.NumCPU()))
	b.say("kernel", kernel())
	b.say("go", runtime.Version())
	b.say("commit", commit())
	b.say("day", b.began.UTC().Format(time.DateOnly))
	b.say("people", fmt.Sprintf("%d, and %d in the smaller store, of seed %d", b.people, max(b.people/10, leastPeople), b.seed))
	b.say("rounds", fmt.Sprintf("%d of %d requests", b.rounds, b.requests))
	if b.note != "" {
		b.say("note", b.note)
	}
}
