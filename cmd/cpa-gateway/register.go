package main

import (
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"cpagateway/consent/agreements"
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
	files, err := agreementFiles(f.Args())
	if err != nil {
		return err
	}
	register, err := agreements.Load(files)
	if err != nil {
		fmt.Fprintln(w.err, err)
		return errRefused
	}
	if *asJSON {
		return printJSON(w.out, register.Matrix())
	}
	return printMatrix(w, register)
}

// agreementFiles puts the files named, and the agreement files of the folders
// named, into one folder. Their names there must differ: none may hide another.
func agreementFiles(paths []string) (fs.FS, error) {
	files := fileList{}
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

// fileList is a folder that holds files from several places: where each is, by
// its name. Only agreements.Load walks it.
type fileList map[string]string

// Open opens one of the files.
func (l fileList) Open(name string) (fs.File, error) {
	path, ok := l[name]
	if !ok {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	return os.Open(path)
}

// Stat lets fs.WalkDir start: the one thing it asks about is the folder itself,
// and any folder will do.
func (l fileList) Stat(string) (fs.FileInfo, error) { return os.Stat(".") }

// ReadDir lists the files in the order of their names.
func (l fileList) ReadDir(string) ([]fs.DirEntry, error) {
	var entries []fs.DirEntry
	for _, name := range slices.Sorted(maps.Keys(l)) {
		info, err := os.Stat(l[name])
		if err != nil {
			return nil, err
		}
		entries = append(entries, fs.FileInfoToDirEntry(info))
	}
	return entries, nil
}
