package mapping

import (
	"bytes"
	"encoding/csv"
	"errors"
	"io/fs"
	"path"
	"slices"
	"strings"
	"unicode/utf8"
)

// NotRead is a file of an extract that was not read: what it is called there,
// and why.
type NotRead struct {
	File   string `json:"file"`
	Reason string `json:"reason"`
}

// Pass notes a file that is not read.
func (r *Report) Pass(file, reason string) { r.NotRead = append(r.NotRead, NotRead{file, reason}) }

// CSV writes records with Fields as a file: a row of headers, and one of each record.
func CSV[R Record](columns []Column, records []R) []byte {
	var text bytes.Buffer
	w := csv.NewWriter(&text)
	row := make([]string, len(columns))
	for i, c := range columns {
		row[i] = c.Header
	}
	_ = w.Write(row) // a buffer takes everything
	for _, r := range records {
		for i, c := range columns {
			row[i], _ = Text(r, c.Field)
		}
		_ = w.Write(row)
	}
	w.Flush()
	return text.Bytes()
}

// Walk opens each file under fsys whose name ends in one of the suffixes (in lower
// case, with their dot), in the order of the names. A file or folder that cannot be
// opened costs itself alone: it is noted in the report, and so is one of another name.
func Walk(fsys fs.FS, report *Report, suffixes []string, read func(name string, file fs.File) error) error {
	return fs.WalkDir(fsys, ".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil && name == ".":
			return err
		case err != nil:
			report.Pass(name, whyNotOpened(name, err))
			return nil
		case entry.IsDir():
			return nil
		case !slices.Contains(suffixes, strings.ToLower(path.Ext(name))):
			report.Pass(name, "its name ends in none of "+strings.Join(suffixes, ", "))
			return nil
		}
		return Open(fsys, report, name, func(file fs.File) error { return read(name, file) })
	})
}

// Open opens one file of an extract, or notes in the report why it cannot be.
func Open(fsys fs.FS, report *Report, name string, read func(fs.File) error) error {
	file, err := fsys.Open(name)
	if err != nil {
		report.Pass(name, whyNotOpened(name, err))
		return nil
	}
	defer file.Close()
	switch info, err := file.Stat(); {
	case err != nil:
		report.Pass(name, whyNotOpened(name, err))
		return nil
	case info.IsDir():
		report.Pass(name, "it is a link to a folder: name the folder itself")
		return nil
	case info.Size() == 0 && info.Mode().IsRegular():
		report.Pass(name, "it is empty")
		return nil
	}
	return read(file)
}

// whyNotOpened says what to do about an error of opening, without the path of the machine.
func whyNotOpened(name string, err error) string {
	at, isPath := errors.AsType[*fs.PathError](err)
	switch {
	case !utf8.ValidString(name):
		return "its name is not UTF-8: rename it"
	case errors.Is(err, fs.ErrNotExist):
		return "it is a link that leads nowhere"
	case errors.Is(err, fs.ErrPermission):
		return "this user may not read it"
	case isPath:
		return "it cannot be opened: " + at.Err.Error()
	}
	return "it cannot be opened"
}
