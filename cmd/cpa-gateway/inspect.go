package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"cpagateway/gateway/demo"
	"cpagateway/gateway/hot/local"
	"cpagateway/gateway/identity"
	"cpagateway/gateway/road"
)

// longestToken is more than any token that is taken: what is longer is cut there, and
// refused as too large.
const longestToken = 64 << 10

func tokenInspectCommand(w world) *cobra.Command {
	var file, gateway string
	c := &cobra.Command{
		Use: "inspect [TOKEN]", Short: "say what the gateway makes of an access token, check by check", Args: cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			given, err := identityOf(file, gateway)
			if err != nil {
				return err
			}
			token, err := tokenFrom(w, args)
			if err != nil {
				return err
			}
			return inspectToken(w, given, token)
		},
	}
	c.Flags().StringVar(&file, "config", "", "configuration `file` of the gateway (default: that of the running demo)")
	c.Flags().StringVar(&gateway, "gateway", "http://127.0.0.1:8080", "`URL` of the running demo")
	c.MarkFlagsMutuallyExclusive("config", "gateway")
	return c
}

// identityOf is the identity of a configuration, or of the demo.
func identityOf(file, gateway string) (identity.Config, error) {
	if file == "" {
		return demo.IdentityAt(strings.TrimSuffix(gateway, "/")), nil
	}
	c, err := readConfig(file, os.Environ())
	return c.Identity, err
}

// tokenFrom is the argument or, where it is "-" or absent, the standard input: what
// stands in a command line is seen by every user of the machine.
func tokenFrom(w world, args []string) (string, error) {
	if len(args) == 1 && args[0] != "-" {
		return args[0], nil
	}
	text, err := io.ReadAll(io.LimitReader(w.in, longestToken))
	if err != nil {
		return "", fmt.Errorf("reading the token: %w", err)
	}
	token := strings.TrimSpace(string(text))
	if token == "" {
		return "", misuse("no token was given: name it, or pipe it in")
	}
	return token, nil
}

func inspectToken(w world, given identity.Config, token string) error {
	ctx, cancel := context.WithCancel(w.ctx)
	defer cancel() // ends the fetches of keys
	shared := local.New(w.clock)
	defer shared.Close()
	verifier, err := identity.New(ctx, given, shared, w.clock)
	if err != nil {
		return misuse("%v", err)
	}
	in := verifier.Inspect(ctx, token)
	for _, f := range in.Findings {
		fmt.Fprintf(w.out, "%-9s  %-15s  %s\n", f.State, f.Check, f.Found)
		if f.Do != "" {
			fmt.Fprintf(w.out, "%28s%s\n", "-> ", strings.TrimPrefix(f.Code+": "+f.Do, ": "))
		}
	}
	return conclude(w, in.Refusal)
}

// conclude says what a request with the token is answered with.
func conclude(w world, refusal *identity.Refusal) error {
	if refusal == nil {
		fmt.Fprintln(w.out, "\nThe gateway takes this token. What it may then see is for the agreements and the person's wishes: consent explain.")
		return nil
	}
	fmt.Fprintf(w.out, "\nThe gateway refuses this token: %s, answered with %d.\n", refusal.Code, road.StatusOf(refusal))
	return errRefused
}
