package workbench

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"path"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"cpagateway/mapping/folder"
	"cpagateway/mapping/syntax"
	"cpagateway/profiles"
	"cpagateway/profiles/fhir"
)

// change is what every URL of a draft begins with, for its owner to replace.
const change = "https://CHANGE-ME.example"

// Sample is a file that a map is drafted for.
type Sample struct {
	Name    string
	Content []byte
}

func (s Sample) source() string {
	return folder.FieldName(strings.TrimSuffix(path.Base(s.Name), path.Ext(s.Name)))
}

// Draft writes a first map for a sample of a file: a CSV file, or a JSON document, a
// list or lines of them; and for CSV files whose rows belong to those of the first. Every
// field returns from the start, in an extension of its own where nothing better was
// found; the map's owner gives it its place. What no map can read is left behind: it is
// said in the map, and given out beside it.
func Draft(first Sample, joined ...Sample) (text []byte, left []string, err error) {
	d := &draft{source: first.source()}
	for i, file := range append([]Sample{first}, joined...) {
		err := d.readFile(file, i > 0)
		if err == nil && len(d.top.fields) == 0 {
			err = errors.New("no field was found")
		}
		if err != nil {
			return nil, nil, fmt.Errorf("reading %s: %w", path.Base(file.Name), err)
		}
	}
	left = d.top.settle()
	return d.write(first.Name, left), left, nil
}

func (d *draft) readFile(file Sample, joined bool) error {
	isCSV := strings.EqualFold(path.Ext(file.Name), ".csv")
	switch {
	case !utf8.Valid(file.Content):
		return errors.New(folder.NotUTF8)
	case joined && (!isCSV || d.columns == nil):
		return errors.New("only CSV files belong to each other: in a document the records of a group stand inside it")
	case joined:
		return d.join(file)
	case isCSV:
		columns, _, err := d.top.readCSV(file.Content)
		d.columns = []table{{name: d.source, columns: columns}}
		return err
	}
	return d.readJSON(file.Content)
}

// join reads a table that has the key of the first among its columns.
func (d *draft) join(file Sample) error {
	g := d.top.group(file.source())
	columns, lines, err := g.readCSV(file.Content)
	if err != nil {
		return err
	}
	by := d.top.key().name
	at := slices.Index(columns.fields, by)
	if at < 0 {
		return fmt.Errorf("it has no column called like the key of %s, %s: rename one, or draft it by itself", d.source, by)
	}
	d.columns = append(d.columns, table{g.name, columns, fmt.Sprintf(" of %s by %s", d.source, by)})
	g.fields = slices.DeleteFunc(g.fields, func(f *sample) bool { return f.name == by })
	for _, f := range g.fields {
		if isKey.MatchString(f.name) && g.by == "" && tellsApart(lines, at, slices.Index(columns.fields, f.name)) {
			g.by = f.name
		}
	}
	return nil
}

// tellsApart reports whether two columns together are blank in no row, and the same in no two.
func tellsApart(lines [][]string, a, b int) bool {
	seen := map[[2]string]bool{}
	for _, line := range lines {
		if len(line) <= max(a, b) || strings.TrimSpace(line[b]) == "" || seen[[2]string{line[a], line[b]}] {
			return false
		}
		seen[[2]string{line[a], line[b]}] = true
	}
	return true
}

// draft is what a sample shows of its records.
type draft struct {
	source  string
	top     shape
	columns []table
}

// table is a CSV file: what it is called, its columns, and whose its rows are.
type table struct {
	name string
	columns
	of string
}

// columns are those of a file, by field and header.
type columns struct{ fields, headers []string }

// shape is the fields of a record, and of those of its groups, in order.
type shape struct {
	fields  []*sample
	groups  []*shape
	name    string
	records int      // that were read
	path    string   // of its records, before the names of their fields
	lists   bool     // whether lists stand among its records
	object  bool     // whether objects do
	by      string   // the field that tells its records apart
	left    []string // what of it no map can read, and why
}

// itself is the field of a record that is no object, but a plain text or number.
const itself = "."

// sample is what was seen of one field.
type sample struct {
	name  string
	kind  fhir.Kind
	seen  map[string]bool
	count int // of records in which it is not blank
	iso   bool
	day   bool
}

// isDay reports whether all values of a field are days.
func (f *sample) isDay() bool { return len(f.seen) > 0 && (f.iso || f.day) }

var (
	isoDay = regexp.MustCompile(`^[0-9]{4}-[0-9]{2}-[0-9]{2}$`)
	ukDay  = regexp.MustCompile(`^[0-9]{2}/[0-9]{2}/[0-9]{4}$`)
	isNHS  = regexp.MustCompile(`(?i)^(.*_)?nhs_?(no|num|number)?$|nhsNumber`)
	isKey  = regexp.MustCompile(`(?i)(^|_)(id|ref|reference|key|identifier|unique_identifier|no|number)$|(Id|ID|Ref|Key)$`)
	starts = regexp.MustCompile(`(?i)start|from|began`)
	ends   = regexp.MustCompile(`(?i)end|until|closed`)
	titles = regexp.MustCompile(`(?i)^(title|plan_?name|summary)$`)
)

func (s *shape) field(name string) *sample {
	for _, f := range s.fields {
		if f.name == name {
			return f
		}
	}
	f := &sample{name: name, seen: map[string]bool{}, iso: true, day: true}
	s.fields = append(s.fields, f)
	return f
}

func (s *shape) group(name string) *shape {
	for _, g := range s.groups {
		if g.name == name {
			return g
		}
	}
	g := &shape{name: name, path: s.path + name + "."}
	s.groups = append(s.groups, g)
	return g
}

func (f *sample) see(text string, kind fhir.Kind) {
	text = strings.TrimSpace(text)
	if text == "" {
		return
	}
	f.count++
	if len(f.seen) > 0 && f.kind != kind {
		kind = fhir.String // all of them can be written as texts
	}
	f.kind = kind
	f.seen[text] = true
	f.iso, f.day = f.iso && isoDay.MatchString(text), f.day && ukDay.MatchString(text)
}

func (s *shape) readCSV(content []byte) (of columns, lines [][]string, err error) {
	t, fault, err := folder.OpenTable(bytes.NewReader(content))
	if err != nil || fault != "" {
		return of, nil, cmp.Or(err, errors.New(fault))
	}
	for {
		_, _, cells, err := t.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return of, nil, err
		}
		lines = append(lines, cells)
	}
	of.headers, s.records = t.Headers, len(lines)
	for i, header := range of.headers {
		if strings.ContainsFunc(strings.ReplaceAll(header, "\n", ""), unicode.IsControl) {
			return of, nil, fmt.Errorf("the header of column %d holds a control character", i+1)
		}
		name := folder.FieldName(header)
		for n := 2; slices.Contains(of.fields, name); n++ {
			name = fmt.Sprintf("%s_%d", folder.FieldName(header), n)
		}
		f := s.field(name)
		of.fields = append(of.fields, f.name)
		for _, line := range lines {
			if i < len(line) {
				f.see(line[i], fhir.String)
			}
		}
	}
	return of, lines, nil
}

func (d *draft) readJSON(content []byte) error {
	all, err := documents(content)
	if err != nil {
		return err
	}
	for _, v := range flat(all) {
		if v.Kind() != fhir.Object {
			return errors.New("a record is a JSON object")
		}
		d.top.records++
		d.top.read(v, "")
	}
	return nil
}

// read notes the members of an object; inner objects by dotted names.
func (s *shape) read(v fhir.Value, prefix string) {
	for name, member := range v.Members() {
		if !syntax.IsName(name) {
			s.leave(fmt.Sprintf("%s%q", prefix, name), "no field of a map can be called so")
			continue
		}
		switch name = prefix + name; member.Kind() {
		case fhir.Object:
			s.read(member, name+".")
		case fhir.Array:
			g := s.group(name)
			for element := range member.Each() {
				switch element.Kind() {
				case fhir.Object:
					g.object = true
					g.read(element, "")
				case fhir.Array:
					g.lists = true
				default:
					g.see(itself, element)
				}
			}
		default:
			s.see(name, member)
		}
	}
}

// leave notes what no map can read.
func (s *shape) leave(name, why string) {
	if text := s.path + name + ": " + why; !slices.Contains(s.left, text) {
		s.left = append(s.left, text)
	}
}

// settle takes out the groups of which nothing can be drafted, and says what is left
// behind, and why.
func (s *shape) settle() []string {
	s.groups = slices.DeleteFunc(s.groups, func(g *shape) bool {
		why, inner := "", g.settle()
		switch nothing := len(g.fields)+len(g.groups) == 0; {
		case g.lists:
			why = "a list of lists, which no map reads"
		case g.object && slices.ContainsFunc(g.fields, func(f *sample) bool { return f.name == itself }):
			why = "a list of plain values and of objects, which no map reads as one"
		case nothing && len(inner) == 0:
			why = "nothing was seen in it"
		default:
			s.left = append(s.left, inner...)
			return nothing
		}
		s.leave(g.name, why)
		return true
	})
	return s.left
}

// see notes a plain value.
func (s *shape) see(name string, v fhir.Value) {
	switch v.Kind() {
	case fhir.Number, fhir.Bool:
		s.field(name).see(string(v.Raw()), v.Kind())
	case fhir.String:
		s.field(name).see(v.Text(), fhir.String)
	}
}

// hasDays reports whether a field holds days as DD/MM/YYYY.
func (s *shape) hasDays() bool {
	return slices.ContainsFunc(s.fields, func(f *sample) bool { return f.day && len(f.seen) > 0 }) || slices.ContainsFunc(s.groups, (*shape).hasDays)
}

// How good a key a field is, the best first.
const (
	keyByName       = iota // called like a key, in every record, and never twice
	keyByNameMostly        // the same but for a few records
	whole                  // in every record, and never twice
	mostly                 // the same but for a few records
	wholeDay               // a date in every record, and never twice
	noKey
)

// rank is how good a key a field of that many records is.
func (f *sample) rank(records int) int {
	faults, named := records-len(f.seen), isKey.MatchString(f.name)
	switch {
	case isNHS.MatchString(f.name) || len(f.seen) == 0 || f.kind != fhir.String || faults*2 >= records:
		return noKey
	case named && faults == 0:
		return keyByName
	case named:
		return keyByNameMostly
	case f.isDay() && faults == 0:
		return wholeDay
	case f.isDay():
		return noKey
	case faults == 0:
		return whole
	}
	return mostly
}

// key is the field that makes the best key, the first of several.
func (s *shape) key() *sample {
	return slices.MinFunc(s.fields, func(a, b *sample) int { return a.rank(s.records) - b.rank(s.records) })
}

// whyKey says which fields would have been the key but for some records, and why the key is it.
func (s *shape) whyKey(key *sample) (lines []string) {
	rank, at := key.rank(s.records), slices.Index(s.fields, key)
	for i, f := range s.fields {
		named := isKey.MatchString(f.name) && !isNHS.MatchString(f.name)
		switch before := i < at || named && rank > keyByNameMostly && f != key; {
		case !before || !named && f.rank(s.records) != mostly || len(f.seen) == 0:
		case f.kind != fhir.String:
			lines = append(lines, "passed over: "+f.name+", which is no text")
		case len(f.seen) < s.records:
			lines = append(lines, "passed over: "+f.name+", "+s.faults(f))
		}
	}
	return append(lines, [...]string{
		keyByName:       "in every record, and never twice",
		keyByNameMostly: "called like a key, but " + s.faults(key) + ": give each its own, or it is set aside",
		whole:           "in every record, and never twice",
		mostly:          "called like no key, and " + s.faults(key) + ": give each its own, or it is set aside",
		wholeDay:        "a date, but in every record, and never twice",
		noKey:           "no column tells the records apart: choose one that does",
	}[rank])
}

// faults says in how many records a field is blank, or what another has.
func (s *shape) faults(f *sample) string {
	var all []string
	if n := s.records - f.count; n > 0 {
		all = append(all, fmt.Sprintf("blank in %d", n))
	}
	if n := f.count - len(f.seen); n > 0 {
		all = append(all, fmt.Sprintf("doubled in %d", n))
	}
	return fmt.Sprintf("%s of %d records", strings.Join(all, " and "), s.records)
}

func (d *draft) write(name string, left []string) []byte {
	var s strings.Builder
	but := ""
	if len(left) > 0 {
		but = ", but for what is left behind"
	}
	fmt.Fprintf(&s, "# A draft, made from %q. Every field returns already%s. Give each its place in FHIR, replace\n"+
		"# %s, and look at it with: cpa-gateway map check, map test, map page.\n", path.Base(name), but, change)
	for _, text := range left {
		fmt.Fprintf(&s, "# Left behind: %s\n", text)
	}
	s.WriteByte('\n')
	if d.top.hasDays() {
		s.WriteString("dates DD/MM/YYYY\n\n")
	}
	for _, t := range d.columns {
		fmt.Fprintf(&s, "csv %s%s\n", t.name, t.of)
		for i, header := range t.headers {
			fmt.Fprintf(&s, "  %s %s\n", t.fields[i], syntax.Quoted(header))
		}
		s.WriteByte('\n')
	}
	key := d.top.key()
	fmt.Fprintf(&s, "map %s <-> CarePlan\n  # %s\n  key %s\n", d.source, strings.Join(d.top.whyKey(key), "\n  # "), key.name)
	d.person(&s, key)
	fmt.Fprintf(&s, "  in identifier[]\n    %q -> system\n    %s <-> value   required\n", change+"/Id/"+d.source, key.name)
	s.WriteString("  \"active\" -> status\n  \"plan\"   -> intent\n")
	used := map[string]bool{}
	for _, f := range d.top.fields {
		if f != key && !(isNHS.MatchString(f.name) && !used["subject"]) {
			s.WriteString("  " + f.line(used, change+"/Extension/"+d.source+"-") + "\n")
		} else if f != key {
			used["subject"] = true
		}
	}
	for _, g := range d.top.groups {
		g.write(&s, "  ", change+"/Extension/"+d.source+"-")
	}
	return []byte(s.String())
}

// person writes whom the record is about, where an NHS number says it.
func (d *draft) person(s *strings.Builder, key *sample) {
	for _, f := range d.top.fields {
		if f != key && isNHS.MatchString(f.name) {
			fmt.Fprintf(s, "  in subject  when %s present\n    %q -> type\n    in identifier\n      %q -> system\n      %s <-> value   nhs-number\n",
				f.name, "Patient", profiles.SystemNHSNumber, f.name)
			return
		}
	}
}

// line is the rule of one field.
func (f *sample) line(used map[string]bool, base string) string {
	to, isDay := fmt.Sprintf("extension(%s%s).value", base, f.name), f.isDay()
	if f.name == itself {
		to = "value"
	}
	switch {
	case isDay && starts.MatchString(f.name) && !used["start"]:
		to, used["start"] = "period.start   date", true
	case isDay && ends.MatchString(f.name) && !used["end"]:
		to, used["end"] = "period.end   date", true
	case titles.MatchString(f.name) && !used["title"]:
		to, used["title"] = "title", true
	case isDay:
		to += "Date   date"
	case f.kind == fhir.Number:
		to += "Decimal   decimal"
	case f.kind == fhir.Bool:
		to += "Boolean   boolean"
	default:
		to += "String"
	}
	return f.name + " <-> " + to
}

// write writes a group as extensions, one for each record.
func (s *shape) write(to *strings.Builder, indent, base string) {
	name := s.name
	if s.by != "" {
		name += " by " + s.by
	}
	fmt.Fprintf(to, "%seach %s <-> extension[]\n%s  %q -> url\n", indent, name, indent, base+s.name)
	used := map[string]bool{"start": true, "end": true, "title": true}
	for _, f := range s.fields {
		to.WriteString(indent + "  " + f.line(used, "") + "\n")
	}
	for _, g := range s.groups {
		g.write(to, indent+"  ", "")
	}
}
