// Package extracts opens what somebody names to be read: files, and folders out of which
// nothing leads.
package extracts

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"unicode/utf8"
)

// Extract is a path that was named: a folder as it is, or a file as a folder that holds
// only it.
type Extract struct {
	Path    string
	Files   fs.FS
	NotRead string // why it cannot be read, if so

	folder bool
	close  func() error // nil: nothing is open
}

// Named is the path of a file of the extract.
func (e Extract) Named(file string) string {
	if files, single := e.Files.(Files); single && files[file] != "" {
		return files[file]
	}
	if e.folder {
		return filepath.Join(e.Path, file)
	}
	return e.Path
}

// List is extracts, which whoever opens them closes.
type List []Extract

// Open looks at each path. What is not there at all is an error; a link that leads
// nowhere costs itself alone.
func Open(paths []string) (List, error) {
	var list List
	for _, p := range paths {
		e, err := open(p)
		if err != nil {
			return nil, errors.Join(err, list.Close())
		}
		list = append(list, e)
	}
	return list, nil
}

func open(path string) (Extract, error) {
	e := Extract{Path: path}
	if _, err := os.Lstat(path); err != nil {
		return e, err
	}
	switch info, err := os.Stat(path); {
	case errors.Is(err, fs.ErrNotExist):
		e.NotRead = "it is a link that leads nowhere"
	case err != nil:
		return e, err
	case info.IsDir():
		root, err := os.OpenRoot(path)
		if err != nil {
			return e, err
		}
		e.Files, e.folder, e.close = within{root.FS()}, true, root.Close
	case !utf8.ValidString(filepath.Base(path)):
		e.NotRead = "its name is not UTF-8: rename it"
	default:
		e.Files = Files{filepath.Base(path): path}
	}
	return e, nil
}

// Close closes all of them.
func (l List) Close() (err error) {
	for _, e := range l {
		if e.close != nil {
			err = errors.Join(err, e.close())
		}
	}
	return err
}

// Together makes one extract of the files that are named by themselves: the rows of one
// may belong to those of another.
func (l List) Together() (List, error) {
	all := Files{}
	var list List
	for _, e := range l {
		files, single := e.Files.(Files)
		if !single {
			list = append(list, e)
			continue
		}
		for name, at := range files {
			if other, twice := all[name]; twice {
				return nil, fmt.Errorf("%s and %s have one name", other, at)
			}
			all[name] = at
		}
	}
	if len(all) > 0 {
		list = append(list, Extract{Path: ".", Files: all})
	}
	return list, nil
}

// Files is a folder of files by their names, wherever they stand.
type Files map[string]string // name -> path

// Open opens one of them.
func (f Files) Open(name string) (fs.File, error) {
	if at, ok := f[name]; ok {
		return os.DirFS(filepath.Dir(at)).Open(name)
	}
	return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
}

// ReadDir lists them.
func (f Files) ReadDir(name string) ([]fs.DirEntry, error) {
	if name != "." {
		return nil, &fs.PathError{Op: "readdir", Path: name, Err: fs.ErrNotExist}
	}
	var entries []fs.DirEntry
	for _, name := range slices.Sorted(maps.Keys(f)) {
		info, err := os.Stat(f[name])
		if err != nil {
			return nil, err
		}
		entries = append(entries, fs.FileInfoToDirEntry(info))
	}
	return entries, nil
}

// Stat lets fs.WalkDir start at the folder.
func (f Files) Stat(name string) (fs.FileInfo, error) {
	if name == "." {
		return os.Stat(".")
	}
	return os.Stat(f[name])
}

// within is a folder out of which no link leads.
type within struct{ fs.FS }

// Open opens a file that is in the folder; what is no file, such as a pipe, could
// keep the import waiting for ever.
func (w within) Open(name string) (fs.File, error) {
	info, err := fs.Stat(w.FS, name)
	if err == nil && (info.IsDir() || info.Mode().IsRegular()) {
		return w.FS.Open(name)
	}
	if err == nil {
		err = errors.New("it is no file")
	} else if link, outside := fs.Lstat(w.FS, name); outside == nil && link.Mode()&fs.ModeSymlink != 0 && !errors.Is(err, fs.ErrNotExist) {
		err = errors.New("it is a link that leads out of the folder, or in a circle")
	} else {
		return nil, err
	}
	return nil, &fs.PathError{Op: "open", Path: name, Err: err}
}

// ReadDir lists a folder.
func (w within) ReadDir(name string) ([]fs.DirEntry, error) { return fs.ReadDir(w.FS, name) }
