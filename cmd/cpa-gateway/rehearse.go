package main

import (
	"errors"
	"os"
)

// rehearse opens a copy of the site chosen, for a dry run: what an import does to
// the copy is what it would do. The site itself is neither made nor changed. The
// copy is for its owner alone, beside the records where there are any, and goes at
// the end.
func (c where) rehearse(w world, chosen config) (s *site, end func() error, err error) {
	dir := chosen.Records.folder()
	secret, err := keptSecret(dir)
	if err != nil {
		return nil, nil, err
	}
	if secret == nil {
		dir = "" // nothing is there yet, perhaps not even the folder
	} else if err := opensWell(w, chosen); err != nil {
		return nil, nil, err // which names the files of the site, and not of its copy
	}
	scratch, err := os.MkdirTemp(dir, "dry-run-")
	if err != nil {
		return nil, nil, err
	}
	if secret != nil {
		err = chosen.copyRecords(w.ctx, scratch)
	}
	if err == nil {
		s, err = openSite(w, c.in(scratch, chosen))
	}
	if err != nil {
		return nil, nil, errors.Join(err, os.RemoveAll(scratch))
	}
	return s, func() error { return errors.Join(s.Close(), os.RemoveAll(scratch)) }, nil
}

func opensWell(w world, chosen config) error {
	s, err := openSite(w, chosen)
	if err != nil {
		return err
	}
	return s.Close()
}

// in is a configuration with its records in another folder.
func (c where) in(folder string, chosen config) config {
	chosen.Records, chosen.Audit.Witness = recordsConfig{SQLite: folder}, ""
	if _, err := os.Stat(chosen.Agreements); c.data != "" && err != nil {
		chosen.Agreements = folder // none, as in a new data folder
	}
	return chosen
}
