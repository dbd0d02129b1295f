package main

import (
	"fmt"
	"net/http"
	"os"
	"runtime/debug"
	"time"

	"github.com/spf13/cobra"

	"cpagateway/gateway/demo"
)

// tokenCommand prints one access token, and nothing else, so that it can stand in
// a command line.
func tokenCommand(w world) *cobra.Command {
	ask := demo.Ask{HTTP: &http.Client{Timeout: 10 * time.Second}, Clock: w.clock}
	c := &cobra.Command{
		Use: "token --as NAME", Short: "print an access token of the running demo for one of its callers", Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error { return printToken(w, ask) },
	}
	f := c.Flags()
	f.StringVar(&ask.Name, "as", "", "`name` of the caller: gp, ooh, ooh-glass, social-care, social-care-b, ooh-unlisted, ig-lead, cmht")
	f.StringVar((*string)(&ask.Purpose), "purpose", "", "`purpose` of use (default: the caller's own)")
	f.StringVar(&ask.Gateway, "gateway", "http://127.0.0.1:8080", "`URL` of the running demo")
	f.StringVar(&ask.Dir, "data", "", "data `folder` of the demo, where it was given one")
	require(c, "as")
	c.AddCommand(tokenInspectCommand(w))
	return c
}

func printToken(w world, ask demo.Ask) error {
	token, err := demo.Token(w.ctx, ask)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(w.out, token)
	return err
}

func versionCommand(w world) *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "print the version of this build", Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			_, err := fmt.Fprintln(w.out, "cpa-gateway", version())
			return err
		},
	}
}

// version is the module's version, with the commit it was built from.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	v := info.Main.Version
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" && len(s.Value) >= 12 {
			v += " " + s.Value[:12]
		}
	}
	return v
}

func healthcheckCommand(w world) *cobra.Command {
	var admin, file string
	c := &cobra.Command{
		Use: "healthcheck", Short: "ask a running gateway whether it is alive", Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error { return checkHealth(w, admin, file) },
	}
	c.Flags().StringVar(&admin, "admin", "127.0.0.1:9090", "admin `address` of the gateway")
	c.Flags().StringVar(&file, "config", "", "configuration `file` that names the admin address")
	c.MarkFlagsMutuallyExclusive("admin", "config")
	return c
}

// checkHealth asks the admin address of a gateway on this machine whether it is
// alive; a container has no other tool for it. Readiness is not asked: a restart
// does not bring an issuer back.
func checkHealth(w world, admin, file string) error {
	if file != "" {
		c, err := readConfig(file, os.Environ())
		if err != nil {
			return err
		}
		admin = c.HTTP.Admin
	}
	request, err := http.NewRequestWithContext(w.ctx, http.MethodGet, "http://"+admin+"/healthz", nil)
	if err != nil {
		return misuse("--admin: %v", err)
	}
	response, err := (&http.Client{Timeout: 5 * time.Second}).Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		fmt.Fprintln(w.err, "not alive:", response.Status)
		return errRefused
	}
	return nil
}
