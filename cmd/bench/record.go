package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Between these lines of the page stands what the last recorded run came to.
const (
	tableBegins = "<!-- recorded: begin -->\n"
	tableEnds   = "<!-- recorded: end -->\n"
)

// recordedFile is what a recorded run measured, beside the page.
func recordedFile(page string) string {
	return filepath.Join(filepath.Dir(page), "performance", "recorded.txt")
}

// record puts the table into the page, and what was measured beside it.
func record(r *results, page string) error {
	if err := os.MkdirAll(filepath.Dir(recordedFile(page)), 0o750); err != nil {
		return err
	}
	if err := r.writeFile(recordedFile(page)); err != nil {
		return err
	}
	kept, err := readFile(recordedFile(page)) // as others will read it
	if err != nil {
		return err
	}
	text, err := os.ReadFile(page)
	if err != nil {
		return err
	}
	filled, err := withTable(string(text), kept)
	if err != nil {
		return fmt.Errorf("%s: %w", page, err)
	}
	return os.WriteFile(page, []byte(filled), 0o600)
}

func withTable(page string, r *results) (string, error) {
	before, rest, begins := strings.Cut(page, tableBegins)
	_, after, ends := strings.Cut(rest, tableEnds)
	if !begins || !ends {
		return "", fmt.Errorf("there is no place for the table: %s ... %s", strings.TrimSpace(tableBegins), strings.TrimSpace(tableEnds))
	}
	return before + tableBegins + "\n" + aboutText(r) + "\n" + table(r, nil) + "\n" + tableEnds + after, nil
}

// aboutText is the machine and the data, for people.
func aboutText(r *results) string {
	var out strings.Builder
	for _, line := range r.about {
		fmt.Fprintf(&out, "* %s: %s\n", line[0], line[1])
	}
	return out.String()
}

func (r *results) writeFile(name string) error {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	if err := r.write(f); err != nil {
		_ = f.Close()
		return err
	}
	return f.Close()
}

func readFile(name string) (*results, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return readResults(f)
}
