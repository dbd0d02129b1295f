package mapping

import (
	"io/fs"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"
	_ "time/tzdata" // a zone that a map names must not depend on the machine

	"cpagateway/mapping/codes"
	"cpagateway/mapping/syntax"
	"cpagateway/profiles"
)

// parser reads the map files of one folder into a program.
type parser struct {
	syntax.Faults
	names   Names
	tables  map[string]*codes.Table
	files   map[string]*settings
	program *Program
	joins   []syntax.Line // csv SOURCE of HOME by FIELD

	// of the map being read
	settings *settings
	source   *source
	scopes   []inside         // the records that ^ steps out of, outermost first
	keyed    bool             // reading a key: the parts of a template are escaped
	way      direction        // of the map or block being read
	given    map[string]giver // fields that return in the map being read
	twice    [][2]giver       // two places of one field
	element  *node            // of a list, that is being read
	each     *node            // the block of a group that is being read
	targets  []target         // what the lines of the map being read write
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

func (p *parser) settingsOf(file string) *settings {
	if p.files[file] == nil {
		p.files[file] = &settings{}
	}
	return p.files[file]
}

// Names are the constants that a map may write as $Name.
type Names map[string]string

func newParser(names Names) *parser {
	p := &parser{names: maps.Clone(Names(profiles.Constants())), tables: map[string]*codes.Table{}, files: map[string]*settings{}, program: &Program{sources: map[string]*source{}, fields: map[string]*Field{}}}
	maps.Copy(p.names, names)
	return p
}

// Load reads and compiles every *.map file at the root of fsys. For another version of
// the format, what VERSION.overlay beside them replaces, removes and adds is merged in
// before they are checked; "" is the maps themselves. Names adds to the constants of
// package profiles, which every map may use. All faults are returned at once, joined,
// each a *syntax.Error; a folder without a map is one.
func Load(fsys fs.FS, version string, names Names) (*Program, error) {
	p := newParser(names)
	tree, digest, err := p.Read(fsys, version)
	if err != nil {
		return nil, err
	}
	p.compile(tree)
	if err := p.Err(); err != nil {
		return nil, err
	}
	p.program.tables = p.tables
	p.program.version = digest
	p.program.doubt()
	p.program.numberFixed()
	return p.program, nil
}

// compile reads the blocks of all files: a map may use a table that stands below it
// or in another file.
func (p *parser) compile(tree []syntax.Block) {
	for _, kind := range []struct {
		word string
		read func(syntax.Block)
	}{{"table", p.readTable}, {"zone", p.readZone}, {"dates", p.readDates}, {"csv", p.readColumns}, {"map", p.readMap}} {
		for _, b := range tree {
			if b.Word() == kind.word {
				p.settings = p.settingsOf(b.Head.File)
				kind.read(b)
			}
		}
	}
	p.joinable()
	p.tellApart()
	p.derivable()
	p.follow()
	p.attaching()
	p.leftOver()
	p.oneRecord()
}

func (p *parser) readZone(b syntax.Block) {
	if len(b.Head.Tokens) == 2 {
		zone, err := time.LoadLocation(b.Head.Tokens[1].Text)
		if err == nil {
			p.settings.zone = zone
			return
		}
	}
	p.Fail(b.Head, b.Head.Tokens[0], "zone names a time zone: zone Europe/London")
}

func (p *parser) readDates(b syntax.Block) {
	if len(b.Head.Tokens) != 2 || b.Head.Tokens[1].Text != "DD/MM/YYYY" {
		p.Fail(b.Head, b.Head.Tokens[0], "dates names a form that is read besides YYYY-MM-DD: dates DD/MM/YYYY")
		return
	}
	p.settings.dayFirst = true
}

// Column is a column of a CSV file: what a map calls it, and what its header is.
type Column struct {
	Field, Header string
	MayMiss       bool // a file without it is read
}

// readColumns reads `csv SOURCE` (`of HOME by FIELD`) and a line `FIELD "HEADER"` for each
// column, FIELD? for one that may be missing.
func (p *parser) readColumns(b syntax.Block) {
	head := b.Head.Tokens
	joins := len(head) == 6 && head[2].Text == "of" && syntax.IsName(head[3].Text) && head[4].Text == "by" && syntax.IsName(head[5].Text)
	if len(head) != 2 && !joins || !syntax.IsName(head[1].Text) || p.sourceOf(head[1].Text).columns != nil {
		p.Fail(b.Head, head[0], "columns are, once for a source: csv SOURCE, or csv SOURCE of HOME by FIELD, with a line FIELD \"HEADER\" for each")
		return
	}
	columns := []Column{}
	for _, line := range b.Body {
		t := line.Head.Tokens
		field, mayMiss := strings.CutSuffix(t[0].Text, "?")
		if p.NoBody(line); len(t) != 2 || t[0].Quoted || !syntax.IsName(field) || !t[1].Quoted {
			p.Fail(line.Head, t[0], `a column is: FIELD "HEADER", or FIELD? "HEADER" where a file may lack it`)
			continue
		}
		if slices.ContainsFunc(columns, func(c Column) bool {
			return c.Field == field || strings.EqualFold(strings.TrimSpace(c.Header), strings.TrimSpace(t[1].Text))
		}) {
			p.Fail(line.Head, t[0], "a column with this field or this header stands above")
		}
		columns = append(columns, Column{field, t[1].Text, mayMiss})
	}
	of := p.sourceOf(head[1].Text)
	if of.columns = columns; joins {
		p.joined(of, b.Head)
	}
}

// Columns are those of the CSV file of a source, in their order; none where the maps
// do not name them.
func (p *Program) Columns(source string) []Column { return p.of(source).columns }

// Needed are the columns without which a CSV file of a source is not read: those that the
// maps name, but for those that may be missing; where they name none, those that they read.
func (p *Program) Needed(source string) []Column {
	s := p.of(source)
	needed := slices.DeleteFunc(slices.Clone(s.columns), func(c Column) bool { return c.MayMiss })
	if s.columns != nil {
		return needed
	}
	for _, name := range slices.Sorted(maps.Keys(s.reads.members)) {
		if s.reads.members[name].text {
			needed = append(needed, Column{Field: name, Header: name})
		}
	}
	return needed
}

// system reads $Name or a URI as it stands.
func (p *parser) system(l syntax.Line, t syntax.Token) string {
	uri := p.constant(l, t)
	if !strings.Contains(uri, ":") {
		p.Fail(l, t, "a system is a URI or the $Name of one")
	}
	return uri
}

// constant reads $Name as what it names, and anything else as it stands.
func (p *parser) constant(l syntax.Line, t syntax.Token) string {
	if t.Quoted || !strings.HasPrefix(t.Text, "$") {
		return t.Text
	}
	value, ok := p.names[t.Text[1:]]
	if !ok {
		p.Fail(l, t, "no constant "+t.Text+syntax.Perhaps(t.Text[1:], slices.Sorted(maps.Keys(p.names))))
	}
	return value
}

var (
	fieldPattern = regexp.MustCompile(`^(\.|[A-Za-z_][A-Za-z0-9_-]*(\.[A-Za-z_][A-Za-z0-9_-]*)*)$`)
	typePattern  = regexp.MustCompile(`^[A-Z][A-Za-z]+$`)
)
