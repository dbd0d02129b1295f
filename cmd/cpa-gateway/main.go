// Command cpa-gateway shares Care Programme Approach records between health and
// social care as FHIR R4, under WASPI agreements and the person's own wishes.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"
	_ "time/tzdata" // Europe/London must be there in a container of one file
)

// Exit codes (docs/surface.md).
const (
	exitDone = iota
	exitRefused
	exitUsage
	exitFailed
)

var (
	// errUsage is a wrong use of a command; the message has been printed.
	errUsage = errors.New("wrong use")
	// errRefused is a command that did its work and has to say no: something
	// was refused, quarantined or not verified.
	errRefused = errors.New("refused")
)

// world is what a command may touch.
type world struct {
	ctx      context.Context
	out, err io.Writer
	clock    func() time.Time
}

// command is one subcommand.
type command struct {
	name, summary string
	run           func(w world, args []string) error
}

var commands = []command{
	{"demo", "serve synthetic people from one process, with a built-in OpenID issuer", runDemo},
	{"serve", "serve what gateway.yaml says", runServe},
	{"import", "bring an extract, a folder of them, or FHIR bundles in", runImport},
	{"quarantine", "list, show and retry what could not be taken", runQuarantine},
	{"consent", "explain: why a caller may or may not see a person's record", runConsent},
	{"register", "check agreement files and print the sharing matrix", runRegister},
	{"audit", "verify the audit log, or print its newest checkpoint", runAudit},
	{"reindex", "bring what is stored up to the rules of this build, while a gateway runs", runReindex},
	{"backup", "copy everything that a gateway needs to start again, while it runs", runBackup},
	{"restore", "make a new data folder of a backup", runRestore},
	{"token", "print an access token of the running demo for one of its callers", runToken},
	{"healthcheck", "ask a running gateway whether it is alive", runHealthcheck},
	{"version", "print the version of this build", runVersion},
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(world{ctx: ctx, out: os.Stdout, err: os.Stderr, clock: time.Now}, os.Args[1:]))
}

// run finds the subcommand, runs it, and turns its error into an exit code.
func run(w world, args []string) int {
	if len(args) == 0 || args[0] == "help" || args[0] == "-h" || args[0] == "--help" {
		usage(w.out)
		return exitDone
	}
	for _, c := range commands {
		if c.name == args[0] {
			return exitCode(w, c.run(w, args[1:]))
		}
	}
	fmt.Fprintf(w.err, "cpa-gateway: there is no command %q\n\n", args[0])
	usage(w.err)
	return exitUsage
}

func exitCode(w world, err error) int {
	switch {
	case err == nil, errors.Is(err, flag.ErrHelp):
		return exitDone
	case errors.Is(err, errRefused):
		return exitRefused
	case errors.Is(err, errUsage):
		if err != errUsage {
			fmt.Fprintln(w.err, "cpa-gateway:", err)
		}
		return exitUsage
	}
	fmt.Fprintln(w.err, "cpa-gateway:", err)
	return exitFailed
}

func usage(out io.Writer) {
	fmt.Fprint(out, "cpa-gateway shares care and treatment plans under WASPI agreements.\n\nusage: cpa-gateway COMMAND [--help] ...\n\n")
	for _, c := range commands {
		fmt.Fprintf(out, "  %-12s %s\n", c.name, c.summary)
	}
}

// flags makes a flag set that reports wrong use as errUsage.
func (w world) flags(name, form string) *flag.FlagSet {
	f := flag.NewFlagSet(name, flag.ContinueOnError)
	f.SetOutput(w.err)
	f.Usage = func() {
		fmt.Fprintf(w.err, "usage: cpa-gateway %s %s\n", name, form)
		f.PrintDefaults()
	}
	return f
}

func parse(f *flag.FlagSet, args []string) error {
	err := f.Parse(args)
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		return errUsage
	}
	return err
}

func misuse(format string, args ...any) error {
	return fmt.Errorf("%w: %s", errUsage, fmt.Sprintf(format, args...))
}
