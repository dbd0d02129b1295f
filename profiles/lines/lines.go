// Package lines reads the small tables that are written as text: one statement a
// line, indented by two blanks under the one that it belongs to. Empty lines set
// blocks apart, and a line whose first character is # is a comment.
package lines

import (
	"errors"
	"fmt"
	"strings"
)

// Line is one line that says something.
type Line struct {
	Number int    // from 1, comments and empty lines counted
	Depth  int    // how many steps it is indented
	Text   string // without the blanks around it
}

// Read gives every line of a table to a function. What the function refuses is
// returned, all of it, each with the table's name and the number of the line.
func Read(name, text string, take func(Line) error) error {
	return Blocks(name, text, func(block []Line) error {
		var faults []error
		for _, l := range block {
			faults = append(faults, l.at(name, take(l)))
		}
		return errors.Join(faults...)
	})
}

// Blocks gives every block of a table to a function. What the function refuses is
// told of the first line of the block.
func Blocks(name, text string, take func([]Line) error) error {
	var faults []error
	var block []Line
	end := func() {
		if len(block) > 0 {
			faults = append(faults, block[0].at(name, take(block)))
		}
		block = nil
	}
	number := 0
	for raw := range strings.Lines(text) {
		number++
		l := Line{Number: number, Text: strings.TrimSpace(raw)}
		indent := len(raw) - len(strings.TrimLeft(raw, " \t"))
		switch {
		case l.Text == "":
			end()
			continue
		case l.Text[0] == '#':
			continue
		case indent%2 != 0 || strings.HasPrefix(raw, "\t"):
			faults = append(faults, l.at(name, errors.New("a step of indentation is two blanks")))
		}
		l.Depth = indent / 2
		block = append(block, l)
	}
	end()
	return errors.Join(faults...)
}

// located is a fault that says where it is.
type located struct{ error }

func (f located) Unwrap() error { return f.error }

// at says in which line a fault is, unless the fault says so itself.
func (l Line) at(name string, fault error) error {
	var known located
	if fault == nil || errors.As(fault, &known) {
		return fault
	}
	return located{fmt.Errorf("%s:%d: %w", name, l.Number, fault)}
}

// Must is for a table that is part of the program: a fault in it is a fault of
// the build, found by the first test that reads it.
func Must[T any](table T, err error) T {
	if err != nil {
		panic(err)
	}
	return table
}
