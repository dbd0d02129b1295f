// Package scenario reads and carries out scenarios: text files that clinicians and
// information-governance leads can read, which state facts, ask for something and
// show the answer (docs/scenarios.md). A scenario goes through the code that decides,
// from agreement files and FHIR records to the decision.
package scenario

import (
	"bytes"
	"fmt"
	"io/fs"
	"strings"
)

// File is a text of scenarios.
type File struct{ lines []string } // each with its end, as it stands in the text

// Read takes a text apart into lines.
func Read(text []byte) File {
	var f File
	for line := range strings.Lines(string(text)) {
		f.lines = append(f.lines, line)
	}
	return f
}

// Case is one scenario of a file, carried out.
type Case struct {
	Number    string
	Got, Want []string // the lines of the answer, without their ends

	answer int // lines before the answer
	broken *Fault
}

// Fault is what is wrong with a case, and in which line of its file, from 1.
type Fault struct {
	Line int
	Text string
}

// Fault says where a case cannot be carried out, or where its answer differs from
// what the file shows; nil where all is as it stands there.
func (c Case) Fault() *Fault {
	if c.broken != nil {
		return c.broken
	}
	for i := range max(len(c.Got), len(c.Want)) {
		want, got := nth(c.Want, i), nth(c.Got, i)
		if want != got {
			return &Fault{c.answer + i + 1, fmt.Sprintf("the file shows %q, the answer is %q", want, got)}
		}
	}
	return nil
}

// Broken reports whether a case cannot be carried out as it is written.
func (c Case) Broken() bool { return c.broken != nil }

func nth(lines []string, i int) string {
	if i < len(lines) {
		return lines[i]
	}
	return ""
}

const divider = "----"

// Run carries out every case of the file, with agreements from a folder.
func (f File) Run(agreements fs.FS) []Case {
	var cases []Case
	for at := 0; at < len(f.lines); at++ {
		line := f.text(at)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		c, last := f.carryOut(at, agreements)
		cases = append(cases, c)
		at = last
	}
	return cases
}

// text is a line without its end and the blanks around it.
func (f File) text(at int) string { return strings.TrimSpace(f.lines[at]) }

// carryOut carries out the case that begins in a line, and gives the last line of it.
func (f File) carryOut(first int, agreements fs.FS) (c Case, last int) {
	at := first + 1
	words := strings.Fields(f.text(first))
	if len(words) != 2 || words[0] != "case" {
		for ; at < len(f.lines) && f.text(at) != ""; at++ { // up to what may be another case
		}
		return Case{Number: "?", broken: &Fault{first + 1, "a scenario begins with: case NUMBER"}}, at
	}
	c.Number = words[1]
	s := begin(agreements)
	for ; at < len(f.lines) && f.text(at) != divider; at++ {
		if c.broken != nil {
			continue
		}
		if err := s.line(f.text(at)); err != nil {
			c.broken = &Fault{at + 1, err.Error()}
		}
	}
	switch {
	case c.broken != nil:
	case at == len(f.lines):
		c.broken = &Fault{first + 1, "the scenario does not end with " + divider}
	case s.out.Len() == 0:
		c.broken = &Fault{first + 1, "a scenario asks for something"}
	}
	c.answer = at + 1
	for at++; at < len(f.lines) && f.text(at) != ""; at++ {
		c.Want = append(c.Want, strings.TrimRight(f.lines[at], "\r\n"))
	}
	c.Got = strings.Split(strings.TrimSuffix(s.out.String(), "\n"), "\n")
	return c, at
}

// Rewritten is the text with the answers of those cases that differ. All else is as
// it was, to the byte; a case that cannot be carried out stays as it is.
func (f File) Rewritten(cases []Case) []byte {
	var out bytes.Buffer
	next := 0
	for _, c := range cases {
		if c.Broken() || c.Fault() == nil {
			continue
		}
		for ; next < c.answer; next++ {
			out.WriteString(f.ended(next))
		}
		for _, line := range c.Got {
			out.WriteString(line + f.lineEnd())
		}
		next += len(c.Want)
	}
	for ; next < len(f.lines); next++ {
		out.WriteString(f.lines[next])
	}
	return out.Bytes()
}

// ended is a line that another follows, which the last of a text may lack.
func (f File) ended(at int) string {
	if strings.HasSuffix(f.lines[at], "\n") {
		return f.lines[at]
	}
	return f.lines[at] + f.lineEnd()
}

// lineEnd is how the lines of the text end.
func (f File) lineEnd() string {
	if strings.HasSuffix(f.lines[0], "\r\n") {
		return "\r\n"
	}
	return "\n"
}
