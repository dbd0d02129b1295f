// Command cpa-gateway shares Care Programme Approach records between health and
// social care as FHIR R4, under WASPI agreements and the person's own wishes.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"
	_ "time/tzdata" // Europe/London must be there in a container of one file

	"github.com/spf13/cobra"
)

// Exit codes (docs/surface.md).
const (
	exitDone = iota
	exitRefused
	exitUsage
	exitFailed
)

// errRefused is a command that did its work and has to say no: something was
// refused, quarantined or not verified. What it is has been printed.
var errRefused = errors.New("refused")

// usageError is a wrong use of a command, or a configuration that cannot be used.
type usageError struct{ error }

func misuse(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

// runError is an error of a command that was called as it should be.
type runError struct{ error }

// Unwrap is for package errors.
func (e runError) Unwrap() error { return e.error }

// world is what a command may touch.
type world struct {
	ctx      context.Context
	in       io.Reader
	out, err io.Writer
	clock    func() time.Time
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(world{ctx: ctx, in: os.Stdin, out: os.Stdout, err: os.Stderr, clock: time.Now}, os.Args[1:]))
}

// run runs one command line and turns its error into an exit code.
func run(w world, args []string) int {
	root := commandLine(w)
	root.SetArgs(append([]string{}, args...)) // never nil, for which cobra takes those of the process
	called, err := root.ExecuteC()
	_, ran := errors.AsType[runError](err)
	_, misused := errors.AsType[usageError](err)
	switch {
	case err == nil:
		return exitDone
	case errors.Is(err, errRefused):
		return exitRefused
	}
	fmt.Fprintf(w.err, "%s: %v\n", called.CommandPath(), err)
	if !ran {
		fmt.Fprintf(w.err, "How it is called: %s --help\n", called.CommandPath())
	}
	if misused || !ran {
		return exitUsage
	}
	return exitFailed
}

// commandLine is every command and flag that there is.
func commandLine(w world) *cobra.Command {
	root := &cobra.Command{
		Use: "cpa-gateway", Short: "share care and treatment plans under WASPI agreements",
		SilenceErrors: true, SilenceUsage: true,
	}
	root.SetOut(w.out)
	root.SetErr(w.err)
	root.AddCommand(demoCommand(w), serveCommand(w), importCommand(w), recordCommand(w), quarantineCommand(w), glassCommand(w), consentCommand(w), registerCommand(w), scenarioCommand(w), mapCommand(w),
		auditCommand(w), personCommand(w), reindexCommand(w), backupCommand(w), restoreCommand(w), storeCommand(w), tokenCommand(w), healthcheckCommand(w), versionCommand(w))
	root.SetHelpCommand(helpCommand(root))
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	strictly(root)
	return root
}

// strictly makes a command that only holds others refuse what it does not hold:
// cobra would print its help, and say that all is well. Errors of the other
// commands are marked as such.
func strictly(c *cobra.Command) {
	for _, below := range c.Commands() {
		strictly(below)
	}
	if run := c.RunE; run != nil {
		c.RunE = func(c *cobra.Command, args []string) error {
			if err := run(c, args); err != nil {
				return runError{err}
			}
			return nil
		}
	} else if c.HasParent() && !c.Runnable() {
		c.Args = cobra.NoArgs
		c.RunE = func(c *cobra.Command, _ []string) error { return misuse("say which: %s", namesBelow(c)) }
	}
}

func namesBelow(c *cobra.Command) string {
	var names []string
	for _, below := range c.Commands() {
		names = append(names, below.Name())
	}
	return strings.Join(names, ", ")
}

// helpCommand refuses what there is no help for, which cobra's own does not.
func helpCommand(root *cobra.Command) *cobra.Command {
	return &cobra.Command{
		Use: "help [COMMAND]...", Short: "say how a command is called",
		RunE: func(_ *cobra.Command, args []string) error {
			found, rest, err := root.Find(args)
			if err != nil || len(rest) > 0 {
				return misuse("there is no command %q", strings.Join(args, " "))
			}
			found.InitDefaultHelpFlag() // which the help lists
			return found.Help()
		},
	}
}

// require names the flags that a command cannot do without.
func require(c *cobra.Command, names ...string) {
	for _, name := range names {
		if err := c.MarkFlagRequired(name); err != nil {
			panic(err) // there is no such flag
		}
	}
}
