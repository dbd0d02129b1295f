package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"unicode/utf8"
)

// extract is a path of the command line: a folder as it is, a file as a folder
// that holds only it.
type extract struct {
	path    string
	files   fs.FS
	folder  bool
	notRead string // why it cannot be
}

// named is the path of a file of the extract.
func (e extract) named(file string) string {
	if e.folder {
		return filepath.Join(e.path, file)
	}
	return e.path
}

// extractsAt looks at each path. What is not there at all is a wrong use; a link
// that leads nowhere costs itself alone.
func extractsAt(paths []string) ([]extract, error) {
	var extracts []extract
	for _, p := range paths {
		if _, err := os.Lstat(p); err != nil {
			return nil, misuse("%v", err)
		}
		e := extract{path: p}
		switch info, err := os.Stat(p); {
		case errors.Is(err, fs.ErrNotExist):
			e.notRead = "it is a link that leads nowhere"
		case err != nil:
			return nil, misuse("%v", err)
		case info.IsDir():
			e.files, e.folder = os.DirFS(p), true
		case !utf8.ValidString(filepath.Base(p)):
			e.notRead = "its name is not UTF-8: rename it"
		default:
			e.files = oneFile{os.DirFS(filepath.Dir(p)), filepath.Base(p)}
		}
		extracts = append(extracts, e)
	}
	return extracts, nil
}

// oneFile is a folder of which only one file is seen.
type oneFile struct {
	fs.FS
	name string
}

// Open lets through the folder itself and the one file.
func (o oneFile) Open(name string) (fs.File, error) {
	if name == o.name {
		return o.FS.Open(name)
	}
	return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
}

// ReadDir lists the one file.
func (o oneFile) ReadDir(name string) ([]fs.DirEntry, error) {
	if name != "." {
		return nil, &fs.PathError{Op: "readdir", Path: name, Err: fs.ErrNotExist}
	}
	info, err := fs.Stat(o.FS, o.name)
	if err != nil {
		return nil, err
	}
	return []fs.DirEntry{fs.FileInfoToDirEntry(info)}, nil
}

// Stat lets fs.WalkDir start at the folder.
func (o oneFile) Stat(name string) (fs.FileInfo, error) { return fs.Stat(o.FS, name) }
