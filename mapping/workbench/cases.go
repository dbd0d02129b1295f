package workbench

import (
	"bytes"
	"cmp"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
	"testing/fstest"

	"cpagateway/mapping"
	"cpagateway/profiles/fhir"
)

// Case is one case of a file *.case: what is given, and what becomes of it.
type Case struct {
	File  string
	Line  int
	Name  string
	parts []part
}

// part is one part of a case: given SOURCE, or another word, with the lines under it.
type part struct {
	word, argument string
	line           int // the first under it
	text           string
}

// words begin a part. Those of several may stand several times, each about another thing.
var (
	words   = []string{"given", "expect", "back", "refused", "dropped", "custodian", "on", "table"}
	several = []string{"given", "table"}
)

// part is the first that a word begins.
func (c Case) part(word string) (part, bool) {
	for _, p := range c.parts {
		if p.word == word {
			return p, true
		}
	}
	return part{}, false
}

// all are the parts that a word begins.
func (c Case) all(word string) []part {
	return slices.DeleteFunc(slices.Clone(c.parts), func(p part) bool { return p.word != word })
}

// custodian is whose records those of the case are.
func (c Case) custodian() string {
	if p, ok := c.part("custodian"); ok {
		return p.argument
	}
	return "7A4"
}

// Cases reads the *.case files at the root of fsys, and for a version the *@VERSION.case
// files instead. A folder without one is an error: a test that tests nothing must not pass.
func Cases(fsys fs.FS, version string) ([]Case, error) {
	files, err := fs.Glob(fsys, "*.case")
	if err != nil {
		return nil, err
	}
	files = slices.DeleteFunc(files, func(file string) bool {
		_, of, _ := strings.Cut(strings.TrimSuffix(file, ".case"), "@")
		return of != version
	})
	var cases []Case
	for _, file := range files {
		text, err := fs.ReadFile(fsys, file)
		if err != nil {
			return nil, err
		}
		read, err := readCases(file, strings.ReplaceAll(strings.TrimPrefix(string(text), mapping.ByteOrderMark), "\r\n", "\n"))
		if err != nil {
			return nil, err
		}
		cases = append(cases, read...)
	}
	if len(cases) == 0 {
		return nil, errors.New("the folder holds no case (a file *.case)")
	}
	return cases, nil
}

func readCases(file, text string) ([]Case, error) {
	var cases []Case
	var c *Case // the one being read
	for i, line := range strings.Split(text, "\n") {
		word, argument, _ := strings.Cut(strings.TrimSpace(line), " ")
		switch starts := line != "" && line[0] != ' '; {
		case strings.HasPrefix(line, "#"):
		case starts && word == "case":
			cases = append(cases, Case{File: file, Line: i + 1, Name: argument})
			c = &cases[len(cases)-1]
		case starts && slices.Contains(words, word):
			if c == nil {
				return nil, fmt.Errorf("%s:%d: a file of cases begins with: case NAME", file, i+1)
			}
			if slices.ContainsFunc(c.parts, func(p part) bool {
				return p.word == word && (p.argument == argument || !slices.Contains(several, word))
			}) {
				return nil, fmt.Errorf("%s:%d: %s stands above in this case already", file, i+1, word)
			}
			c.parts = append(c.parts, part{word: word, argument: argument, line: i + 2})
		case c != nil && len(c.parts) > 0:
			c.parts[len(c.parts)-1].text += line + "\n"
		case strings.TrimSpace(line) != "":
			return nil, fmt.Errorf("%s:%d: a line before given, expect, back, table, refused or dropped", file, i+1)
		}
	}
	return cases, nil
}

// Run carries a case out and says where the answers differ; nothing is as it should be.
func (c Case) Run(f Format) []string {
	given, ok := c.part("given")
	if !ok {
		return []string{c.at(c.Line, "a case has a part: given SOURCE, or given fhir")}
	}
	env := Env("case", c.custodian())
	var values []fhir.Value
	var faults, differ []string
	if given.argument == "fhir" {
		var err error
		if values, err = Resources([]byte(given.text)); err != nil {
			return []string{c.at(given.line, err.Error())}
		}
	} else {
		files := fstest.MapFS{}
		for _, part := range c.all("given") {
			name := part.argument + ".json"
			if text := strings.TrimSpace(part.text); !strings.HasPrefix(text, "{") && !strings.HasPrefix(text, "[") {
				name = part.argument + ".csv"
			}
			if program := f.Program(); !slices.Contains(program.Sources(), part.argument) && program.Join(part.argument).Home == "" {
				return []string{c.at(part.line-1, fmt.Sprintf("no map reads a source called %q", part.argument))}
			}
			files[name] = &fstest.MapFile{Data: []byte(part.text)}
		}
		made, err := Forward(context.Background(), f, files, env)
		if err != nil {
			return []string{c.at(given.line, err.Error())}
		}
		for _, fault := range made.Faults {
			faults = append(faults, fmt.Sprintf("%s %s: %s", fault.Rule, fault.At.Field, fault.Reason))
		}
		for _, r := range made.Resources {
			v, err := fhir.ParseResource(r.Body)
			if err != nil {
				return []string{c.at(given.line, err.Error())}
			}
			values = append(values, v)
		}
		differ = c.expect(values)
	}
	return append(differ, c.back(f, given, values, faults)...)
}

func (c Case) at(line int, text string) string { return fmt.Sprintf("%s:%d: %s", c.File, line, text) }

// expect holds what was made against the resources of the case, each against the one with
// its type and id: what is missing, and what is there besides, comes first.
func (c Case) expect(made []fhir.Value) []string {
	want, ok := c.part("expect")
	if !ok {
		return nil
	}
	resources, err := Resources([]byte(want.text))
	if err != nil {
		return []string{c.at(want.line, err.Error())}
	}
	var differ, within []string
	for i, r := range resources {
		found := slices.IndexFunc(made, func(m fhir.Value) bool { return m.Type() == r.Type() && (r.ID() == "" || m.ID() == r.ID()) })
		if found < 0 {
			differ = append(differ, c.at(want.line, fmt.Sprintf("expect: number %d, %s, was not made", i+1, called(r))))
			continue
		}
		for _, d := range Differences(r, made[found], cmp.Or(r.Type(), "record")) {
			within = append(within, c.at(want.line, "expect "+d))
		}
		made = slices.Delete(slices.Clone(made), found, found+1)
	}
	for _, m := range made {
		differ = append(differ, c.at(want.line, fmt.Sprintf("expect: %s was made too: %s", called(m), m.Raw())))
	}
	return append(differ, within...)
}

// called is the type and id of a resource, as far as it has them.
func called(v fhir.Value) string {
	return strings.TrimSuffix(cmp.Or(v.Type(), "record")+"/"+v.ID(), "/")
}

// back holds what comes back against the records of the case, and the faults of
// both ways against those that it names.
func (c Case) back(f Format, given part, values []fhir.Value, faults []string) []string {
	want, asked := c.part("back")
	dropped, counted := c.part("dropped")
	var differ []string
	if asked || counted || given.argument == "fhir" {
		files, back := f.Back(Env("case", c.custodian()), values)
		for _, fault := range back.Faults {
			faults = append(faults, fmt.Sprintf("%s %s: %s", fault.At.File, fault.At.Field, fault.Reason))
		}
		switch {
		case asked && want.argument == "given":
			for _, part := range c.all("given") {
				differ = append(differ, c.backDiffers(want.line, part.argument, part.text, files)...)
			}
		case asked:
			differ = c.backDiffers(want.line, cmp.Or(want.argument, given.argument), want.text, files)
		}
		got := ""
		for _, path := range slices.Sorted(maps.Keys(back.Dropped)) {
			got += fmt.Sprintf("%s %d\n", path, back.Dropped[path])
		}
		if said := tidy(dropped.text); counted && said != tidy(got) {
			differ = append(differ, c.at(dropped.line, fmt.Sprintf("dropped: want\n%s\ngot\n%s", said, tidy(got))))
		}
	}
	return append(differ, c.refused(faults)...)
}

func tidy(text string) string {
	var lines []string
	for _, line := range strings.Split(text, "\n") {
		if line = strings.TrimSpace(line); line != "" {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "\n")
}

// refused asks for each line of the part in one of the faults, and for no fault that no line names.
func (c Case) refused(faults []string) []string {
	said, _ := c.part("refused")
	var differ []string
	for _, line := range strings.Split(tidy(said.text), "\n") {
		i := slices.IndexFunc(faults, func(f string) bool { return strings.Contains(f, line) })
		if i < 0 && line != "" {
			differ = append(differ, c.at(said.line, fmt.Sprintf("refused: nothing was refused with %q", line)))
		} else if line != "" {
			faults = slices.Delete(faults, i, i+1)
		}
	}
	for _, f := range faults {
		differ = append(differ, c.at(max(said.line, c.Line), "refused or warned, and the case does not say so: "+f))
	}
	return differ
}

// backDiffers holds the file of a source that came back against what the part at a line wants.
func (c Case) backDiffers(line int, source, text string, files map[string][]byte) []string {
	if got, ok := files[source+".csv"]; ok {
		if differs := tableDifference(text, string(got)); differs != "" {
			return []string{c.at(line, "back "+differs)}
		}
		return nil
	}
	records, err := documents([]byte(text))
	got, err2 := documents(files[source+".json"])
	if err = errors.Join(err, err2); err != nil {
		return []string{c.at(line, err.Error())}
	}
	w, g := flat(records), flat(got)
	if len(w) != len(g) {
		return []string{c.at(line, fmt.Sprintf("back: want %d records of %s, got %d", len(w), source, len(g)))}
	}
	var differ []string
	for i := range w {
		for _, d := range Differences(w[i], g[i], source) {
			differ = append(differ, c.at(line, "back "+d))
		}
	}
	return differ
}

func flat(documents []fhir.Value) []fhir.Value {
	var all []fhir.Value
	for _, v := range documents {
		all = append(all, slices.Collect(v.Each())...)
	}
	return all
}

// tableDifference points at the first cell in which two CSV tables differ. A column that
// is not wanted has to be blank: a table may have many.
func tableDifference(want, got string) string {
	w, err := csvRows(want)
	g, err2 := csvRows(got)
	if err = errors.Join(err, err2); err != nil {
		return err.Error()
	}
	if len(w) == 0 || len(g) == 0 || len(w) != len(g) {
		return fmt.Sprintf("has %d lines, want %d", len(g), len(w))
	}
	for _, header := range w[0] {
		if !slices.Contains(g[0], header) {
			return fmt.Sprintf("has no column %q", header)
		}
	}
	for row := range w[1:] {
		for j, header := range g[0] {
			wanted := ""
			if at := slices.Index(w[0], header); at >= 0 {
				wanted = w[row+1][at]
			}
			if is := g[row+1][j]; is != wanted {
				return fmt.Sprintf("row %d, %s: want %q, got %q", row+1, header, wanted, is)
			}
		}
	}
	return ""
}

func csvRows(text string) ([][]string, error) {
	return csv.NewReader(strings.NewReader(strings.TrimSpace(text))).ReadAll()
}

// Differences are the places where two values differ; the order of members is none.
func Differences(want, got fhir.Value, at string) []string {
	switch {
	case !got.Exists():
		return []string{fmt.Sprintf("%s: want %s, got nothing", at, want.Raw())}
	case !want.Exists():
		return []string{fmt.Sprintf("%s: want nothing, got %s", at, got.Raw())}
	case want.Kind() == fhir.Object && got.Kind() == fhir.Object:
		var differ []string
		for name, v := range want.Members() {
			differ = append(differ, Differences(v, got.Get(name), at+"."+name)...)
		}
		for name, v := range got.Members() {
			if !want.Get(name).Exists() {
				differ = append(differ, Differences(fhir.Value{}, v, at+"."+name)...)
			}
		}
		return differ
	case want.Kind() == fhir.Array && got.Kind() == fhir.Array:
		var differ []string
		w, g := slices.Collect(want.Each()), slices.Collect(got.Each())
		for i := range max(len(w), len(g)) {
			var x, y fhir.Value
			if i < len(w) {
				x = w[i]
			}
			if i < len(g) {
				y = g[i]
			}
			differ = append(differ, Differences(x, y, fmt.Sprintf("%s[%d]", at, i))...)
		}
		return differ
	case want.Kind() == fhir.String && got.Kind() == fhir.String && want.Text() == got.Text(), bytes.Equal(want.Raw(), got.Raw()):
		return nil
	}
	return []string{fmt.Sprintf("%s: want %s, got %s", at, want.Raw(), got.Raw())}
}

// documents are JSON values one after the other, however they are broken into lines.
func documents(content []byte) ([]fhir.Value, error) {
	in := json.NewDecoder(bytes.NewReader(bytes.TrimPrefix(content, []byte(mapping.ByteOrderMark))))
	var all []fhir.Value
	for {
		var raw json.RawMessage
		switch err := in.Decode(&raw); {
		case err == io.EOF:
			return all, nil
		case err != nil:
			return nil, fmt.Errorf("not JSON: %w", err)
		}
		v, err := fhir.Parse(raw)
		if err != nil {
			return nil, err
		}
		all = append(all, v)
	}
}

// Title is how a case is called in a list.
func (c Case) Title() string { return path.Base(c.File) + ": " + c.Name }
