package main

import (
	"fmt"
	"os"
	"path/filepath"
	"testing/fstest"

	"cpagateway/consent"
)

// runRegister checks agreement files and prints what they amount to.
func runRegister(w world, args []string) error {
	f := w.flags("register check", "[--json] FILE|FOLDER...")
	if len(args) == 0 || args[0] != "check" {
		f.Usage()
		return errUsage
	}
	asJSON := f.Bool("json", false, "print the matrix as JSON")
	if err := parse(f, args[1:]); err != nil {
		return err
	}
	if f.NArg() == 0 {
		f.Usage()
		return errUsage
	}
	files, err := gather(f.Args())
	if err != nil {
		return err
	}
	register, err := consent.LoadRegister(files)
	if err != nil {
		fmt.Fprintln(w.err, err)
		return errRefused
	}
	if *asJSON {
		return printJSON(w.out, register.Matrix())
	}
	return printMatrix(w, register)
}

// gather reads the files named, and the agreement files of the folders named.
func gather(paths []string) (fstest.MapFS, error) {
	files := fstest.MapFS{}
	for _, p := range paths {
		names := []string{p}
		if info, err := os.Stat(p); err == nil && info.IsDir() {
			names, _ = filepath.Glob(filepath.Join(p, "*.yaml")) // the pattern is well formed
		}
		for _, name := range names {
			text, err := os.ReadFile(name)
			if err != nil {
				return nil, misuse("%v", err)
			}
			files[filepath.Base(name)] = &fstest.MapFile{Data: text}
		}
	}
	return files, nil
}
