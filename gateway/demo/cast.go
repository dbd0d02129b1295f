package demo

import (
	"archive/zip"
	"bytes"
	"embed"
	"fmt"
	"io/fs"
	"strings"
	"time"
)

// DutyLine is the duty team's number in the demo, from the range kept for drama.
const DutyLine = "01632 960999"

// cast is the agreements and the plans of the people of the demo. All of them are
// synthetic; the organisations are too, but for the health board's published code.
//
//go:embed cast/agreements/*.yaml cast/plans/*.json
var cast embed.FS

// Extract is what one source of the demo delivers.
type Extract struct {
	Source string // name of a built-in source
	Files  fs.FS
}

// Agreements is the folder of agreement files: the protocol that the cast is
// shared under, and a second council's that is past its review date.
func Agreements() fs.FS {
	return within("cast/agreements")
}

// Extracts is what the cast's source systems deliver: plans of the eight people,
// with dates about now where the story needs them. The plans change with the
// quarter, so that they stay reviewed and one stays overdue, and what was decided for
// Huw is of the last review; Ffion's withdrawal, which was last week, with the week. Between, the same data folder takes in
// nothing new.
func Extracts(now time.Time) []Extract {
	return []Extract{{Source: "welsh-ctp", Files: dated(within("cast/plans"), now)}}
}

// story are the dates that the plans leave open.
func story(now time.Time) *strings.Replacer {
	quarter := time.Date(now.Year(), (now.Month()-1)/3*3+1, 1, 0, 0, 0, 0, time.UTC)
	reviewed := quarter.AddDate(0, -2, 0)
	sinceMonday := (int(now.Weekday()) + 6) % 7
	lastMonday := time.Date(now.Year(), now.Month(), now.Day()-sinceMonday-7, 10, 0, 0, 0, time.UTC)
	return strings.NewReplacer(
		"{{reviewed}}", reviewed.Format(time.DateOnly),
		"{{due}}", reviewed.AddDate(1, 0, 0).Format(time.DateOnly),
		"{{withdrawn}}", lastMonday.Format(time.RFC3339),
	)
}

// dated is a folder with the dates filled in; an archive in memory is a folder
// that the importer can read like any other.
func dated(folder fs.FS, now time.Time) fs.FS {
	dates := story(now.UTC())
	var archive bytes.Buffer
	w := zip.NewWriter(&archive)
	err := fs.WalkDir(folder, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := fs.ReadFile(folder, name)
		if err != nil {
			return err
		}
		file, err := w.Create(name)
		if err != nil {
			return err
		}
		_, err = dates.WriteString(file, string(text))
		return err
	})
	if err == nil {
		err = w.Close()
	}
	filled, openErr := zip.NewReader(bytes.NewReader(archive.Bytes()), int64(archive.Len()))
	if err != nil || openErr != nil {
		panic(fmt.Sprintf("demo: what is embedded cannot be read: %v, %v", err, openErr))
	}
	return filled
}

func within(folder string) fs.FS {
	sub, err := fs.Sub(cast, folder)
	if err != nil {
		panic("demo: what is embedded cannot be read: " + err.Error())
	}
	return sub
}
