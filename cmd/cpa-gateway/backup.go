package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"cpagateway/gateway/audit"
	"cpagateway/gateway/store/sqlite"
)

// The names in a backup, which is a data folder with a list of what belongs to it.
const (
	manifestFile   = "backup.json"
	witnessFile    = "audit.checkpoint"
	agreementsName = "agreements"
)

// besideRecords are the files of a data folder without which the records cannot be opened.
var besideRecords = []string{secretFile, audit.KeyFile, audit.PublicFile}

// manifest lists the files of a backup with their digests: a copy that lost or
// changed one on its way is refused, and not taken for the whole.
type manifest struct {
	Made    time.Time         `json:"made"`
	Version string            `json:"version"` // of the program that made it
	Files   map[string]string `json:"files"`   // path within the backup -> SHA-256, hexadecimal
}

func backupCommand(w world) *cobra.Command {
	var place where
	c := &cobra.Command{
		Use: "backup TO", Short: "copy everything that a gateway needs to start again, while it runs", Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, to []string) error { return backup(w, place, to[0]) },
	}
	place.flags(c)
	return c
}

// backup copies everything that a gateway needs to start again: the records with
// the audit log, as they are at one moment; the secret; the keys; the newest
// checkpoint; the agreements. A running gateway may go on meanwhile.
func backup(w world, place where, to string) error {
	c, err := place.readExisting(w)
	if err != nil {
		return err
	}
	if _, err := keptSecret(c.Records.folder()); err != nil {
		return err
	}
	made := manifest{Made: w.clock().UTC(), Version: version(), Files: map[string]string{}}
	if err := fillFolder(to, func() error { return c.backUp(w, to, &made) }); err != nil {
		return err
	}
	return listFiles(w.out, made)
}

// backUp copies the records, and the agreements and sources beside them, and lists them.
func (c config) backUp(w world, to string, made *manifest) error {
	if err := c.copyRecords(w.ctx, to); err != nil {
		return err
	}
	for folder, pattern := range map[string]string{
		agreementsName: filepath.Join(c.Agreements, "*.yaml"),
		sourcesFolder:  filepath.Join(c.Records.folder(), sourcesFolder, "*.yaml"),
	} {
		found, _ := filepath.Glob(pattern) // which is well formed
		for _, name := range found {
			if err := copyFile(name, filepath.Join(to, folder, filepath.Base(name))); err != nil {
				return err
			}
		}
	}
	digests, err := digestsOf(to)
	if err != nil {
		return err
	}
	made.Files = digests
	text, err := json.MarshalIndent(made, "", "  ")
	if err != nil {
		return err
	}
	return putNew(filepath.Join(to, manifestFile), bytes.NewReader(text)) // last: a backup without it is none
}

// copyRecords copies the records and what they cannot be opened without. The
// checkpoint goes before the records: so that the log in the copy holds at least
// what the checkpoint in it covers.
func (c config) copyRecords(ctx context.Context, to string) error {
	if newest, err := c.witness().Newest(); err != nil {
		return err
	} else if newest != "" {
		if err := putNew(filepath.Join(to, witnessFile), strings.NewReader(newest)); err != nil {
			return err
		}
	}
	for _, name := range besideRecords {
		if err := copyFile(filepath.Join(c.Records.folder(), name), filepath.Join(to, name)); err != nil {
			return fmt.Errorf("copying what belongs to the records: %w", err)
		}
	}
	return c.Records.copyTo(ctx, to)
}

func restoreCommand(w world) *cobra.Command {
	data := ""
	c := &cobra.Command{
		Use: "restore FROM --data DIR", Short: "make a new data folder of a backup", Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, from []string) error { return restore(w, from[0], data) },
	}
	c.Flags().StringVar(&data, "data", "", "the new data `folder`")
	require(c, "data")
	return c
}

// restore makes a data folder of a backup. It refuses a folder that holds
// anything, and a backup that is not whole; the folder is there whole or not at all.
func restore(w world, from, data string) error {
	made, err := readManifest(from)
	if err != nil {
		return err
	}
	if err := newFolder(data); err != nil {
		return err
	}
	part := filepath.Clean(data) + ".restoring"
	err = newFolder(part)
	if _, left := errors.AsType[usageError](err); left {
		err = misuse("%s is left of a restore that was stopped: take it away", part)
	}
	if err != nil {
		return err
	}
	defer os.RemoveAll(part) // where all went well there is nothing left of it
	for name := range made.Files {
		if err := copyFile(filepath.Join(from, name), filepath.Join(part, name)); err != nil {
			return err
		}
	}
	report, err := verifyRestored(w, part)
	if err != nil {
		return err
	}
	if err := errors.Join(os.Remove(data), os.Rename(part, data)); err != nil {
		return err
	}
	fmt.Fprintf(w.out, "Restored the backup of %s: %d files, %d entries of the audit log verified.\n",
		made.Made.Format(time.RFC3339), len(made.Files), report.Entries)
	return nil
}

// verifyRestored walks the audit log of a restored folder, which shows that the
// records, the keys and the checkpoint belong together, and compares the secret.
func verifyRestored(w world, dir string) (audit.Report, error) {
	secret, err := keptSecret(dir)
	if err != nil {
		return audit.Report{}, err
	}
	kept, err := sqlite.Open(w.ctx, dir)
	if err != nil {
		return audit.Report{}, err
	}
	defer kept.Close()
	if err := refuseForeignSecret(w.ctx, kept, dir, secret); err != nil {
		return audit.Report{}, err
	}
	keys, err := audit.ReadPublicKeys(filepath.Join(dir, audit.PublicFile))
	if err != nil {
		return audit.Report{}, err
	}
	report, err := audit.Verify(w.ctx, kept, keys, audit.AgainstWitness(audit.FileWitness(filepath.Join(dir, witnessFile))))
	if err != nil {
		return report, err
	}
	if report.Break != nil {
		fmt.Fprintln(w.err, "the audit log of the backup is broken:", report.Break)
		return report, errRefused
	}
	return report, nil
}

// readManifest reads a backup's list and compares every file with it.
func readManifest(dir string) (manifest, error) {
	var made manifest
	text, err := os.ReadFile(filepath.Join(dir, manifestFile))
	if err != nil {
		return made, misuse("%s is no backup, or one that was not finished: %v", dir, err)
	}
	if err := json.Unmarshal(text, &made); err != nil {
		return made, misuse("reading %s: %v", manifestFile, err)
	}
	found, err := digestsOf(dir)
	if err != nil {
		return made, err
	}
	delete(found, manifestFile)
	for name := range made.Files {
		if !filepath.IsLocal(name) {
			return made, misuse("%s names a file outside the backup", manifestFile)
		}
		if found[name] != made.Files[name] {
			return made, misuse("%s in the backup is missing, or is not what was backed up: take another copy of the backup", name)
		}
	}
	return made, nil
}

// digestsOf gives the SHA-256 of every file below a folder, by its path.
func digestsOf(dir string) (map[string]string, error) {
	digests := map[string]string{}
	err := filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		file, err := os.Open(name)
		if err != nil {
			return err
		}
		defer file.Close()
		h := sha256.New()
		if _, err := io.Copy(h, file); err != nil {
			return err
		}
		within, err := filepath.Rel(dir, name)
		digests[filepath.ToSlash(within)] = hex.EncodeToString(h.Sum(nil))
		return err
	})
	return digests, err
}

// newFolder makes a folder for its owner alone, or takes one that is empty.
func newFolder(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	entries, err := os.ReadDir(dir)
	if err == nil && len(entries) > 0 {
		err = misuse("%s is not empty: name a new folder", dir)
	}
	return err
}

// fillFolder makes a folder as newFolder does, and fills it. Where that fails it is left empty, unless a
// file was there already: somebody else fills it at the same time.
func fillFolder(dir string, fill func() error) error {
	if err := newFolder(dir); err != nil {
		return err
	}
	err := fill()
	if err == nil || errors.Is(err, fs.ErrExist) {
		return err
	}
	left, unread := os.ReadDir(dir)
	err = errors.Join(err, unread)
	for _, entry := range left {
		err = errors.Join(err, os.RemoveAll(filepath.Join(dir, entry.Name())))
	}
	return err
}

// putNew writes a new file durably, for its owner alone. Where it cannot, there is none.
func putNew(name string, content io.Reader) error {
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		return err
	}
	file, err := os.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(file, content)
	if err = errors.Join(err, file.Sync(), file.Close()); err != nil {
		err = errors.Join(err, os.Remove(name))
	}
	return err
}

func copyFile(from, to string) error {
	source, err := os.Open(from)
	if err != nil {
		return err
	}
	defer source.Close()
	return putNew(to, source)
}

func listFiles(out io.Writer, made manifest) error {
	t := columns(out)
	for _, name := range slices.Sorted(maps.Keys(made.Files)) {
		fmt.Fprintf(t, "%s\t%s\n", name, made.Files[name][:16])
	}
	return t.Flush()
}
