package main

import (
	"fmt"
	"net/http"
	"os"
	"runtime/debug"
	"time"

	"cpagateway/gateway/demo"
	"cpagateway/profiles"
)

// runToken prints one access token, and nothing else, so that it can stand in a
// command line.
func runToken(w world, args []string) error {
	f := w.flags("token", "--as NAME [--purpose P] [--gateway URL] [--data DIR]")
	as := f.String("as", "", "`name` of the caller: gp, ooh, social-care, social-care-b, ooh-unlisted, ig-lead, cmht")
	purpose := f.String("purpose", "", "purpose of use (default: the caller's own)")
	gateway := f.String("gateway", "http://127.0.0.1:8080", "`URL` of the running demo")
	data := f.String("data", "", "data `folder` of the demo, where it was given one")
	if err := parse(f, args); err != nil {
		return err
	}
	if *as == "" {
		f.Usage()
		return errUsage
	}
	client := &http.Client{Timeout: 10 * time.Second}
	token, err := demo.Token(w.ctx, demo.Ask{Gateway: *gateway, Dir: *data, Name: *as, Purpose: profiles.Purpose(*purpose), HTTP: client, Clock: w.clock})
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(w.out, token)
	return err
}

// runVersion prints what was built.
func runVersion(w world, _ []string) error {
	_, err := fmt.Fprintln(w.out, "cpa-gateway", version())
	return err
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

// runHealthcheck asks the admin address of a gateway on this machine whether it
// is alive; a container has no other tool for it. Readiness is not asked: a
// restart does not bring an issuer back.
func runHealthcheck(w world, args []string) error {
	f := w.flags("healthcheck", "[--admin ADDRESS | --config FILE]")
	admin := f.String("admin", "127.0.0.1:9090", "admin `address` of the gateway")
	file := f.String("config", "", "configuration `file` that names the admin address")
	if err := parse(f, args); err != nil {
		return err
	}
	if *file != "" {
		c, err := readConfig(*file, os.Environ())
		if err != nil {
			return err
		}
		*admin = c.HTTP.Admin
	}
	request, err := http.NewRequestWithContext(w.ctx, http.MethodGet, "http://"+*admin+"/healthz", nil)
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
