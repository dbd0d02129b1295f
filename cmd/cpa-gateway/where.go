package main

import (
	"errors"
	"os"

	"github.com/spf13/cobra"
)

// where is the choice that every command with a store offers: a data folder
// with the embedded defaults, or a configuration.
type where struct{ data, config string }

// flags declares the choice on a command, which needs one of the two.
func (c *where) flags(of *cobra.Command) {
	of.Flags().StringVar(&c.data, "data", "", "data `folder` with the embedded defaults")
	of.Flags().StringVar(&c.config, "config", "", "configuration `file`")
	of.MarkFlagsOneRequired("data", "config")
	of.MarkFlagsMutuallyExclusive("data", "config")
}

// read gives the configuration chosen; it makes nothing.
func (c where) read() (config, error) {
	switch {
	case c.config != "":
		return readConfig(c.config, os.Environ())
	case c.data != "":
		return embedded(c.data)
	}
	return config{}, misuse("--data and --config are empty: name a data folder or a configuration")
}

// open opens the site chosen, and makes what is not there yet; the caller closes it.
func (c where) open(w world, chosen config) (*site, error) {
	if c.data != "" {
		if _, err := keptSecret(c.data); err != nil {
			return nil, err
		}
		if err := os.MkdirAll(chosen.Agreements, 0o700); err != nil {
			return nil, err
		}
	}
	return openSite(w, chosen)
}

// readExisting is read for the commands that only look: where nothing is kept
// they refuse, instead of making a folder and finding it empty.
func (c where) readExisting(w world) (config, error) {
	chosen, err := c.read()
	if err != nil {
		return config{}, err
	}
	return chosen, chosen.Records.made(w.ctx)
}

// within opens the site chosen, which must be there, does something with it and closes it.
func (c where) within(w world, do func(*site) error) error {
	chosen, err := c.readExisting(w)
	if err != nil {
		return err
	}
	s, err := openSite(w, chosen)
	if err != nil {
		return err
	}
	return errors.Join(do(s), s.Close())
}
