package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func filesWith(t *testing.T, text string) files {
	t.Helper()
	f := files{council: filepath.Join(t.TempDir(), "ann.json"), state: filepath.Join(t.TempDir(), "none", "state")}
	if err := os.WriteFile(f.council, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return f
}

// Where the memory of it cannot be written, the file has been.
func TestTheFileIsWrittenBeforeTheMemory(t *testing.T) {
	f := filesWith(t, `{"person": "1", "parts": []}`)
	c, m, original, err := f.load()
	if err != nil {
		t.Fatal(err)
	}
	c.Parts = append(c.Parts, part{ID: "1", words: words{"work", "A job", "scheduled"}})
	if _, err := f.save(c, m, original); err == nil {
		t.Fatal("the memory was written into a folder that does not exist")
	}
	if now, _, _, err := f.load(); err != nil || now.part("1").Text != "A job" {
		t.Errorf("the file was not: %+v, %v", now, err)
	}
}

// What somebody wrote meanwhile is not overwritten.
func TestAFileThatWasEditedIsNotOverwritten(t *testing.T) {
	f := filesWith(t, `{"person": "1", "parts": []}`)
	c, m, original, err := f.load()
	if err != nil {
		t.Fatal(err)
	}
	const edit = `{"person": "1", "parts": [{"id": "1", "area": "work", "text": "A job", "status": "scheduled"}]}`
	if err := os.WriteFile(f.council, []byte(edit), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := f.save(c, m, original); !errors.Is(err, errEdited) {
		t.Errorf("saved: %v", err)
	}
	if now, err := os.ReadFile(f.council); err != nil || string(now) != edit {
		t.Errorf("the file says %s, %v", now, err)
	}
}

// A file that would lose something when it is written is not taken.
func TestAFileThatIsNotUnderstoodIsRefused(t *testing.T) {
	for name, text := range map[string]string{
		"a member that is not known": `{"person": "1", "parts": [{"id": "1", "due": "2027-01-01"}]}`,
		"two parts of one id":        `{"person": "1", "parts": [{"id": "1"}, {"id": "1"}]}`,
		"a part without an id":       `{"person": "1", "parts": [{"text": "x"}]}`,
		"no person":                  `{"parts": []}`,
		"something behind it":        `{"person": "1", "parts": []} {"person": "2"}`,
		"half a file":                `{"person": "1", "pa`,
	} {
		f := filesWith(t, text)
		if _, _, _, err := f.load(); err == nil || !strings.Contains(err.Error(), f.council) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
