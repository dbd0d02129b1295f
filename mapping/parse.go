package mapping

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io/fs"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"
	_ "time/tzdata" // a zone that a map names must not depend on the machine

	"cpagateway/profiles"
)

// block is a line with the deeper-indented lines under it.
type block struct {
	head line
	body []block
}

// word is what the block begins with; "" where that is a string or a field.
func (b block) word() string {
	t := b.head.tokens
	if at, _ := arrowIn(t); t[0].quoted || at == 1 {
		return "" // a field may be called key, each or in
	}
	return t[0].text
}

// parser reads the map files of one folder into a program.
type parser struct {
	names   Names
	tables  map[string]*table
	files   map[string]*settings
	program *Program
	faults  []error
	said    map[Error]bool
	joins   []line    // csv SOURCE of HOME by FIELD
	digest  hash.Hash // of the files

	// of the map being read
	settings *settings
	source   *source
	scopes   []inside         // the records that ^ steps out of, outermost first
	keyed    bool             // reading a key: the parts of a template are escaped
	way      direction        // of the map or block being read
	given    map[string]giver // fields that return in the map being read
	twice    [][2]giver       // two places of one field
	element  *node            // of a list, that is being read
	mints    *[]*rule         // those of the map being read
	outer    int              // how many scopes the map itself has
	firsts   []*firstOf
	first    *firstOf // that is being read
}

// settings hold for the maps of one file.
type settings struct {
	zone     *time.Location // for a date-time without an offset; nil refuses one
	dayFirst bool           // DD/MM/YYYY is read as well as YYYY-MM-DD
}

// Names are the constants that a map may write as $Name.
type Names map[string]string

func newParser(names Names) *parser {
	p := &parser{names: maps.Clone(Names(profiles.Constants())), tables: map[string]*table{}, files: map[string]*settings{}, program: &Program{sources: map[string]*source{}}, said: map[Error]bool{}, digest: sha256.New()}
	maps.Copy(p.names, names)
	return p
}

// Load reads and compiles every *.map file at the root of fsys. Names adds to
// the constants of package profiles, which every map may use. All faults are
// returned at once, joined, each an *Error; a folder without a map is one.
func Load(fsys fs.FS, names Names) (*Program, error) { return LoadVersion(fsys, "", names) }

// LoadVersion is Load for another version of the format: what VERSION.overlay at the
// root of fsys replaces, removes and adds is merged into the maps before they are
// checked. Without a version it is Load.
func LoadVersion(fsys fs.FS, version string, names Names) (*Program, error) {
	files, err := fs.Glob(fsys, "*.map")
	if err != nil {
		return nil, fmt.Errorf("listing map files: %w", err)
	}
	if len(files) == 0 {
		return nil, errors.New("listing map files: the folder holds no *.map file")
	}
	p := newParser(names)
	var tree, changes []block
	for _, file := range files {
		if tree, err = p.read(fsys, file, tree, words); err != nil {
			return nil, err
		}
	}
	if version != "" {
		if changes, err = p.read(fsys, version+".overlay", nil, append(overlayWords, words...)); err != nil {
			return nil, err
		}
	}
	p.compile(p.merged(tree, changes))
	if len(p.faults) > 0 {
		return nil, errors.Join(p.faults...)
	}
	p.program.tables = p.tables
	p.program.version = hex.EncodeToString(p.digest.Sum(nil))[:12]
	p.program.numberFixed()
	return p.program, nil
}

// compile reads the blocks of all files: a map may use a table that stands below it
// or in another file.
func (p *parser) compile(tree []block) {
	for _, kind := range []struct {
		word string
		read func(block)
	}{{"table", p.readTable}, {"zone", p.readZone}, {"dates", p.readDates}, {"csv", p.readColumns}, {"map", p.readMap}} {
		for _, b := range tree {
			if b.word() == kind.word {
				p.settings = p.files[b.head.file]
				kind.read(b)
			}
		}
	}
	p.joinable()
	p.tellApart()
	p.derivable()
	p.follow()
	p.attaching()
}

// words begin the lines of a map file that have no indent; overlayWords those of an
// overlay besides.
var (
	words        = []string{"map", "table", "section", "csv", "zone", "dates"}
	overlayWords = []string{"change", "remove"}
)

// read adds the blocks of a file to others.
func (p *parser) read(fsys fs.FS, file string, tree []block, words []string) ([]block, error) {
	text, err := fs.ReadFile(fsys, file)
	if err != nil {
		return nil, fmt.Errorf("reading map file %s: %w", file, err)
	}
	p.files[file] = &settings{}
	fmt.Fprintf(p.digest, "%s %d\n%s", file, len(text), text)
	lines, faults := splitLines(file, string(text))
	p.faults = append(p.faults, faults...)
	blocks, rest := p.blocks(lines, 0, 0)
	for _, l := range rest {
		p.fail(l, l.tokens[0], "indented, but under nothing")
	}
	for _, b := range blocks {
		if !slices.Contains(words, b.word()) {
			p.fail(b.head, b.head.tokens[0], "a line without an indent begins with "+strings.Join(words, ", "))
		}
	}
	return append(tree, blocks...), nil
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

// fail notes a fault, once: a section is read wherever it is used.
func (p *parser) fail(l line, t token, text string) {
	p.note(Error{File: l.file, Line: l.line, Column: t.column, Text: text + l.used})
}

func (p *parser) failAt(at place, text string) {
	p.note(Error{File: at.file, Line: at.line, Column: 1, Text: text})
}

func (p *parser) note(fault Error) {
	if !p.said[fault] {
		p.said[fault] = true
		p.faults = append(p.faults, &fault)
	}
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

// readColumns reads `csv SOURCE` (`of HOME by FIELD`) and a line `FIELD "HEADER"` for each column.
func (p *parser) readColumns(b block) {
	head := b.head.tokens
	joins := len(head) == 6 && head[2].text == "of" && isName(head[3].text) && head[4].text == "by" && isName(head[5].text)
	if len(head) != 2 && !joins || !isName(head[1].text) || p.sourceOf(head[1].text).columns != nil {
		p.fail(b.head, head[0], "columns are, once for a source: csv SOURCE, or csv SOURCE of HOME by FIELD, with a line FIELD \"HEADER\" for each")
		return
	}
	columns := []Column{}
	for _, line := range b.body {
		t := line.head.tokens
		if p.noBody(line); len(t) != 2 || t[0].quoted || !isName(t[0].text) || !t[1].quoted {
			p.fail(line.head, t[0], `a column is: FIELD "HEADER"`)
			continue
		}
		if slices.ContainsFunc(columns, func(c Column) bool { return c.Field == t[0].text || strings.EqualFold(c.Header, t[1].text) }) {
			p.fail(line.head, t[0], "a column with this field or this header stands above")
		}
		columns = append(columns, Column{t[0].text, t[1].text})
	}
	of := p.sourceOf(head[1].text)
	if of.columns = columns; joins {
		p.joined(of, b.head)
	}
}

// Columns are those of the CSV file of a source, in their order; none where the maps
// do not name them.
func (p *Program) Columns(source string) []Column { return p.of(source).columns }

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
