package main

import (
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"unicode/utf8"

	"cpagateway/mapping/scratch"
)

// extract is a path of the command line: a folder as it is, a file as a folder
// that holds only it.
type extract struct {
	path    string
	files   fs.FS
	folder  bool
	close   func() error // nil: nothing is open
	notRead string       // why it cannot be
}

// named is the path of a file of the extract.
func (e extract) named(file string) string {
	if files, single := e.files.(theFiles); single && files[file] != "" {
		return files[file]
	}
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
			root, err := os.OpenRoot(p)
			if err != nil {
				return nil, misuse("%v", err)
			}
			e.files, e.folder, e.close = within{root.FS()}, true, root.Close
		case !utf8.ValidString(filepath.Base(p)):
			e.notRead = "its name is not UTF-8: rename it"
		default:
			e.files = theFiles{filepath.Base(p): p}
		}
		extracts = append(extracts, e)
	}
	return extracts, nil
}

// theFiles is a folder of files by their names, wherever they stand.
type theFiles map[string]string // name -> path

// Open opens one of them.
func (f theFiles) Open(name string) (fs.File, error) {
	if at, ok := f[name]; ok {
		return os.DirFS(filepath.Dir(at)).Open(name)
	}
	return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
}

// ReadDir lists them.
func (f theFiles) ReadDir(name string) ([]fs.DirEntry, error) {
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
func (f theFiles) Stat(name string) (fs.FileInfo, error) {
	if name == "." {
		return os.Stat(".")
	}
	return os.Stat(f[name])
}

// together makes one extract of the files that are named by themselves: the rows of one
// may belong to those of another.
func together(extracts []extract) ([]extract, error) {
	all := extract{path: ".", files: theFiles{}}
	var others []extract
	for _, e := range extracts {
		files, single := e.files.(theFiles)
		if !single {
			others = append(others, e)
			continue
		}
		for name, at := range files {
			if other, twice := all.files.(theFiles)[name]; twice {
				return nil, misuse("%s and %s have one name", other, at)
			}
			all.files.(theFiles)[name] = at
		}
	}
	if len(all.files.(theFiles)) == 0 {
		return others, nil
	}
	return append(others, all), nil
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

// scratchIn makes files for what an import has to remember, beside the records and for
// their owner alone. They have no name: nothing is left of them, however the import ends.
func scratchIn(folder string) scratch.Files {
	return func() (scratch.File, error) {
		f, err := os.CreateTemp(folder, "import-")
		if err != nil {
			return nil, err
		}
		if err := os.Remove(f.Name()); err != nil {
			return nil, errors.Join(err, f.Close())
		}
		return f, nil
	}
}

func closeAll(extracts []extract) (err error) {
	for _, e := range extracts {
		if e.close != nil {
			err = errors.Join(err, e.close())
		}
	}
	return err
}
