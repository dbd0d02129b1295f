package mapping

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"
	_ "time/tzdata" // a zone that a map names must not depend on the machine
)

// block is a line with the deeper-indented lines under it.
type block struct {
	head line
	body []block
}

// parser reads the map files of one folder into a program.
type parser struct {
	names   Names
	tables  map[string]*table
	program *Program
	faults  []error

	// of the file and the map being read
	file     string
	settings *settings
	source   string
	scopes   []*reads         // the records that ^ steps out of, outermost first
	paths    []string         // the groups that these records are of
	keyed    bool             // reading a key: the parts of a template are escaped
	way      direction        // of the map or block being read
	given    map[string]giver // fields that return in the map being read
	twice    [][2]giver       // two places of one field
	element  *node            // of a list, that is being read
}

// settings hold for one file.
type settings struct {
	zone     *time.Location // for a date-time without an offset; nil refuses one
	dayFirst bool           // DD/MM/YYYY is read as well as YYYY-MM-DD
}

// Load reads and compiles every *.map file at the root of fsys. Names adds to
// the constants of package profiles, which every map may use. All faults are
// returned at once, joined, each an *Error; a folder without a map is one.
func Load(fsys fs.FS, names Names) (*Program, error) {
	files, err := fs.Glob(fsys, "*.map")
	if err != nil {
		return nil, fmt.Errorf("listing map files: %w", err)
	}
	if len(files) == 0 {
		return nil, errors.New("listing map files: the folder holds no *.map file")
	}
	p := &parser{names: maps.Clone(vocabulary), tables: map[string]*table{}, program: newProgram()}
	maps.Copy(p.names, names)
	trees := make([][]block, len(files))
	for i, file := range files {
		text, err := fs.ReadFile(fsys, file)
		if err != nil {
			return nil, fmt.Errorf("reading map file %s: %w", file, err)
		}
		trees[i] = p.tree(file, string(text))
	}
	for i, file := range files { // tables first: a map may use one that stands below it or in another file
		p.start(file)
		p.each(trees[i], "table", p.readTable)
	}
	for i, file := range files {
		p.start(file)
		p.each(trees[i], "zone", p.readZone)
		p.each(trees[i], "dates", p.readDates)
		p.each(trees[i], "csv", p.readColumns)
		p.each(trees[i], "map", p.readMap)
	}
	p.tellApart()
	if len(p.faults) > 0 {
		return nil, errors.Join(p.faults...)
	}
	p.program.tables = p.tables
	return p.program, nil
}

func (p *parser) start(file string) { p.file, p.settings = file, &settings{} }

// each reads the top-level blocks that begin with a word.
func (p *parser) each(tree []block, word string, read func(block)) {
	for _, b := range tree {
		if t := b.head.tokens[0]; t.text == word && !t.quoted {
			read(b)
		}
	}
}

// tree groups lines into blocks by their indent.
func (p *parser) tree(file, text string) []block {
	p.start(file)
	lines, faults := splitLines(file, text)
	p.faults = append(p.faults, faults...)
	blocks, rest := p.blocks(lines, 0, 0)
	for _, l := range rest {
		p.fail(l, l.tokens[0], "indented, but under nothing")
	}
	for _, b := range blocks {
		if t := b.head.tokens[0]; t.quoted || !slices.Contains([]string{"map", "table", "zone", "dates", "csv"}, t.text) {
			p.fail(b.head, t, "a line without an indent begins with map, table, zone, dates or csv")
		}
	}
	return blocks
}

// blocks takes the lines at one indent, each with what stands deeper under it.
func (p *parser) blocks(lines []line, indent, depth int) ([]block, []line) {
	var blocks []block
	for len(lines) > 0 && lines[0].indent >= indent {
		if lines[0].indent > indent {
			if len(blocks) == 0 {
				return nil, lines
			}
			p.fail(lines[0], lines[0].tokens[0], "indented otherwise than the lines of its block")
			lines = lines[1:]
			continue
		}
		b := block{head: lines[0]}
		lines = lines[1:]
		if len(lines) > 0 && lines[0].indent > indent {
			if depth == maxNesting {
				p.fail(lines[0], lines[0].tokens[0], fmt.Sprintf("nested deeper than %d blocks", maxNesting))
				return blocks, nil
			}
			b.body, lines = p.blocks(lines, lines[0].indent, depth+1)
		}
		blocks = append(blocks, b)
	}
	return blocks, lines
}

func (p *parser) fail(l line, t token, text string) {
	p.faults = append(p.faults, &Error{File: p.file, Line: l.number, Column: t.column, Text: text})
}

func (p *parser) readZone(b block) {
	if len(b.head.tokens) == 2 {
		zone, err := time.LoadLocation(b.head.tokens[1].text)
		if err == nil {
			p.settings.zone = zone
			return
		}
	}
	p.fail(b.head, b.head.tokens[0], "zone names a time zone: zone Europe/London")
}

func (p *parser) readDates(b block) {
	if len(b.head.tokens) != 2 || b.head.tokens[1].text != "DD/MM/YYYY" {
		p.fail(b.head, b.head.tokens[0], "dates names a form that is read besides YYYY-MM-DD: dates DD/MM/YYYY")
		return
	}
	p.settings.dayFirst = true
}

// Column is a column of a CSV file: what a map calls it, and what its header is.
type Column struct{ Field, Header string }

// readColumns reads `csv SOURCE` and a line `FIELD "HEADER"` for each column.
func (p *parser) readColumns(b block) {
	head := b.head.tokens
	if len(head) != 2 || !isName(head[1].text) || p.program.columns[head[1].text] != nil {
		p.fail(b.head, head[0], "columns are, once for a source: csv SOURCE, with a line FIELD \"HEADER\" for each")
		return
	}
	columns := []Column{}
	for _, line := range b.body {
		t := line.head.tokens
		if p.noBody(line); len(t) != 2 || t[0].quoted || !isName(t[0].text) || !t[1].quoted {
			p.fail(line.head, t[0], `a column is: FIELD "HEADER"`)
			continue
		}
		columns = append(columns, Column{t[0].text, t[1].text})
	}
	p.program.columns[head[1].text] = columns
}

// Columns are those of the CSV file of a source, in their order; none where the maps
// do not name them.
func (p *Program) Columns(source string) []Column { return p.columns[source] }

// system reads $Name or a URI as it stands.
func (p *parser) system(l line, t token) string {
	uri := p.constant(l, t)
	if !strings.Contains(uri, ":") {
		p.fail(l, t, "a system is a URI or the $Name of one")
	}
	return uri
}

// constant reads $Name as what it names, and anything else as it stands.
func (p *parser) constant(l line, t token) string {
	if t.quoted || !strings.HasPrefix(t.text, "$") {
		return t.text
	}
	value, ok := p.names[t.text[1:]]
	if !ok {
		p.fail(l, t, fmt.Sprintf("no constant %s", t.text))
	}
	return value
}

var (
	namePattern  = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_-]*$`)
	fieldPattern = regexp.MustCompile(`^(\.|[A-Za-z_][A-Za-z0-9_-]*(\.[A-Za-z_][A-Za-z0-9_-]*)*)$`)
	typePattern  = regexp.MustCompile(`^[A-Z][A-Za-z]+$`)
)

func isName(s string) bool { return namePattern.MatchString(s) }
