package main

import (
	"encoding/json"
	"flag"
	"io"
	"os"
)

// where is the choice that every command with a store offers: a data folder
// with the embedded defaults, or a configuration.
type where struct{ data, config *string }

func whereFlags(f *flag.FlagSet) where {
	return where{
		data:   f.String("data", "", "data `folder` with the embedded defaults"),
		config: f.String("config", "", "configuration `file`"),
	}
}

// read gives the configuration chosen; the embedded one makes its folders.
func (c where) read() (config, error) {
	switch {
	case *c.data != "" && *c.config != "":
		return config{}, misuse("--data and --config exclude each other")
	case *c.config != "":
		return readConfig(*c.config, os.Environ())
	case *c.data != "":
		return embeddedAt(*c.data)
	}
	return config{}, misuse("name a data folder with --data or a configuration with --config")
}

// open opens the site chosen; the caller closes it.
func (c where) open(w world) (*site, error) {
	chosen, err := c.read()
	if err != nil {
		return nil, err
	}
	return openSite(w, chosen)
}

func embeddedAt(dir string) (config, error) {
	c := embedded(dir)
	return c, os.MkdirAll(c.Agreements, 0o700)
}

// printJSON writes a value for machines.
func printJSON(out io.Writer, v any) error {
	e := json.NewEncoder(out)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(v)
}
