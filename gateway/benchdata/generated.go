package benchdata

import (
	"io"
	"io/fs"
	"iter"
	"maps"
	"slices"
	"time"
)

// generated is a folder of files whose text is made while it is read.
type generated map[string]iter.Seq[string]

// Open implements fs.FS.
func (g generated) Open(name string) (fs.File, error) {
	if name == "." {
		return &folder{files: g, left: slices.Sorted(maps.Keys(g))}, nil
	}
	text, known := g[name]
	if !known {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	f := &file{info: info{name: name}}
	f.next, f.stop = iter.Pull(text)
	return f, nil
}

// folder lists the files.
type folder struct {
	files generated
	left  []string
}

// Stat implements fs.File.
func (d *folder) Stat() (fs.FileInfo, error) { return info{name: ".", mode: fs.ModeDir | 0o500}, nil }

// Read implements fs.File.
func (d *folder) Read([]byte) (int, error) {
	return 0, &fs.PathError{Op: "read", Path: ".", Err: fs.ErrInvalid}
}

// Close implements fs.File.
func (d *folder) Close() error { return nil }

// ReadDir implements fs.ReadDirFile.
func (d *folder) ReadDir(n int) ([]fs.DirEntry, error) {
	if n > 0 && len(d.left) == 0 {
		return nil, io.EOF
	}
	if n <= 0 || n > len(d.left) {
		n = len(d.left)
	}
	var entries []fs.DirEntry
	for _, name := range d.left[:n] {
		entries = append(entries, fs.FileInfoToDirEntry(info{name: name}))
	}
	d.left = d.left[n:]
	return entries, nil
}

// file is one file as it is read.
type file struct {
	info info
	next func() (string, bool)
	stop func()
	rest string
}

// Stat implements fs.File.
func (f *file) Stat() (fs.FileInfo, error) { return f.info, nil }

// Read implements fs.File.
func (f *file) Read(p []byte) (int, error) {
	for f.rest == "" {
		var more bool
		if f.rest, more = f.next(); !more {
			return 0, io.EOF
		}
	}
	n := copy(p, f.rest)
	f.rest = f.rest[n:]
	return n, nil
}

// Close implements fs.File.
func (f *file) Close() error {
	f.stop()
	return nil
}

// info is what is known of a file before it is made, which is not its size.
type info struct {
	name string
	mode fs.FileMode
}

// Name implements fs.FileInfo.
func (i info) Name() string { return i.name }

// Size implements fs.FileInfo; no file is empty.
func (i info) Size() int64 { return 1 }

// Mode implements fs.FileInfo.
func (i info) Mode() fs.FileMode { return i.mode }

// ModTime implements fs.FileInfo.
func (i info) ModTime() time.Time { return time.Time{} }

// IsDir implements fs.FileInfo.
func (i info) IsDir() bool { return i.mode.IsDir() }

// Sys implements fs.FileInfo.
func (i info) Sys() any { return nil }

// rows fills a row for each person.
func (p People) rows(text string) iter.Seq[string] {
	return each(p.Number, func(i int) string { return p.person(i).Replace(text) })
}

func each(n int, row func(int) string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for i := range n {
			if !yield(row(i)) {
				return
			}
		}
	}
}

// lines ends each text with a line feed.
func lines(texts iter.Seq[string]) iter.Seq[string] {
	return func(yield func(string) bool) {
		for text := range texts {
			if !yield(text + "\n") {
				return
			}
		}
	}
}
