// Command council-sync keeps a council's file of its parts of one person's plan, and the
// plan at a gateway, in step both ways. It shows how to write to the gateway as a partner:
// it stands on its public FHIR surface and the standard library alone.
//
// A run is one round; run it as often as you like (README.md).
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"time"
)

// What a run ends with.
const (
	inStep     = 0
	held       = 1 // words stand in the file that a person must look at
	misused    = 2
	notReached = 3
	notGiven   = 4
)

func main() {
	g := gateway{say: func(text string) { fmt.Fprintln(os.Stderr, "council-sync:", text) }}
	var f files
	flag.StringVar(&g.base, "gateway", "", "`address` of the gateway's FHIR endpoint")
	flag.StringVar(&g.token, "token", "", "`file` that holds an access token; read anew for each request")
	flag.StringVar(&f.council, "file", "", "the council's `file`")
	flag.StringVar(&f.state, "state", "", "`file` in which the program remembers the plan (default: the council's, with .state behind it)")
	flag.DurationVar(&g.pause, "pause", time.Second, "first `pause` after a failure; it doubles up to a minute")
	flag.DurationVar(&g.patience, "patience", 10*time.Minute, "how long all pauses of one request may be together")
	flag.Parse()
	if g.base == "" || g.token == "" || f.council == "" || flag.NArg() > 0 {
		flag.Usage()
		os.Exit(misused)
	}
	if f.state == "" {
		f.state = f.council + ".state"
	}
	g.base = strings.TrimSuffix(g.base, "/")
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	code, err := (&round{gateway: g, files: f}).run(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "council-sync:", err)
	}
	os.Exit(code)
}

// codeOf is what a run that failed ends with.
func codeOf(err error) int {
	switch {
	case errors.Is(err, errNotGiven):
		return notGiven
	case errors.Is(err, errNotReached):
		return notReached
	}
	return misused
}
