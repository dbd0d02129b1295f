package main

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"cpagateway/consent"
	"cpagateway/consent/agreements"
	"cpagateway/gateway/store"
	"cpagateway/mapping/extracts"
)

func registerCommand(w world) *cobra.Command {
	c := &cobra.Command{Use: "register", Short: "check agreement files, and put them in force"}
	c.AddCommand(registerCheckCommand(w), registerPublishCommand(w))
	return c
}

func registerCheckCommand(w world) *cobra.Command {
	asJSON, at := false, time.Time{}
	c := &cobra.Command{
		Use: "check PATH...", Short: "check agreement files and print the sharing matrix, live flows first", Args: cobra.MinimumNArgs(1),
		RunE: func(_ *cobra.Command, paths []string) error {
			if at.IsZero() {
				at = w.clock()
			}
			return checkRegister(w, paths, at, asJSON)
		},
	}
	c.Flags().TimeVar(&at, "at", time.Time{}, []string{time.RFC3339, time.DateOnly}, "the `time` or day asked about (default: now)")
	c.Flags().BoolVar(&asJSON, "json", false, "print the matrix as JSON")
	return c
}

func registerPublishCommand(w world) *cobra.Command {
	var place where
	c := &cobra.Command{
		Use: "publish", Short: "put the folder's agreements in force, for every gateway of the store at once", Args: cobra.NoArgs,
		Long: "publish puts what the folder of agreements holds in force, for every gateway of the store at once. A gateway that runs does so by itself with what is " +
			"new in its folder; what was in force before and has been replaced since, or a folder without agreements, it takes only from here.",
		RunE: func(*cobra.Command, []string) error {
			return place.within(w, func(s *site) error { return s.publishFolder(w) })
		},
	}
	place.flags(c)
	return c
}

// publishFolder puts what the folder of agreements holds in force.
func (s *site) publishFolder(w world) error {
	read, err := s.config.readAgreements()
	if err == nil {
		for _, name := range s.edited(read) {
			fmt.Fprintf(w.out, "edited: %s was in force with another text\n", name)
		}
		err = s.publish(w, read, func(store.Tx) error { return nil })
	}
	if err == nil {
		fmt.Fprintf(w.out, "in force: %s, of %d files\n", read.Hash(), len(read.files))
	}
	return err
}

// checkRegister checks agreement files and prints what they amount to.
func checkRegister(w world, paths []string, at time.Time, asJSON bool) error {
	files, err := agreementFiles(paths)
	if err != nil {
		return err
	}
	register, err := agreements.Load(files)
	if err != nil {
		fmt.Fprintln(w.err, err)
		return errRefused
	}
	rows := flowsAt(register, consent.DefaultPolicy(), at)
	if asJSON {
		return printJSON(w.out, rows)
	}
	return printMatrix(w.out, register, rows, at)
}

// agreementFiles puts the files named, and the agreement files of the folders
// named, into one folder. Their names there must differ: none may hide another.
func agreementFiles(paths []string) (fs.FS, error) {
	files := extracts.Files{}
	for _, p := range paths {
		info, err := os.Stat(p)
		if err != nil {
			return nil, misuse("%v", err)
		}
		names := []string{p}
		if info.IsDir() {
			names, _ = filepath.Glob(filepath.Join(p, "*.y*ml")) // the pattern is well formed
		}
		for _, name := range names {
			base := filepath.Base(name)
			if other, taken := files[base]; taken {
				return nil, misuse("%s and %s have the same name: check them apart", other, name)
			}
			files[base] = name
		}
	}
	return files, nil
}
