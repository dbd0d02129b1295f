package workbench

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"slices"
	"strings"

	"cpagateway/mapping"
	"cpagateway/mapping/codes"
)

//go:embed page.html
var pageText string

var page = template.Must(template.New("page").Parse(pageText))

// height of a line of the drawing, in pixels.
const height = 26

// view is what the page shows of one source.
type view struct {
	Name    string
	Sources []sourceView
	Tables  []codes.Check
	Count   map[string]int // of fields, by their class
}

type sourceView struct {
	Name    string
	Fields  []fieldView
	Targets []targetView
	Lines   []lineView
	Height  int
}

type fieldView struct {
	mapping.FieldCheck
	Class string
	Says  string
	Y     int
}

type targetView struct {
	Path string
	Y    int
}

type lineView struct {
	From, To int
	Class    string
}

// Page writes one HTML page that shows both sides of the maps, the lines between
// them, and in red what does not return. It needs nothing else to be shown.
func Page(to io.Writer, name string, check mapping.Check) error {
	v := view{Name: name, Tables: check.Tables, Count: map[string]int{}}
	for _, f := range check.Fields {
		v.Count[classes[f.Verdict]]++
		if len(v.Sources) == 0 || v.Sources[len(v.Sources)-1].Name != f.Source {
			v.Sources = append(v.Sources, sourceView{Name: f.Source})
		}
		v.Sources[len(v.Sources)-1].add(f)
	}
	for i := range v.Sources {
		s := &v.Sources[i]
		s.Height = height * (max(len(s.Fields), len(s.Targets)) + 1)
	}
	return page.Execute(to, v)
}

func (s *sourceView) add(f mapping.FieldCheck) {
	shown := fieldView{FieldCheck: f, Class: classes[f.Verdict], Says: Says(f), Y: height * (len(s.Fields) + 1)}
	s.Fields = append(s.Fields, shown)
	for _, target := range f.Targets {
		path, _, _ := strings.Cut(target, " (")
		at := slices.IndexFunc(s.Targets, func(t targetView) bool { return t.Path == path })
		if at < 0 {
			at = len(s.Targets)
			s.Targets = append(s.Targets, targetView{Path: path, Y: height * (at + 1)})
		}
		s.Lines = append(s.Lines, lineView{shown.Y, s.Targets[at].Y, shown.Class})
	}
}

// classes are how the page draws a verdict.
var classes = map[mapping.Verdict]string{mapping.Returns: "returns", mapping.Conditional: "when", mapping.Lost: "lost"}

// Says is a verdict in words.
func Says(f mapping.FieldCheck) string {
	said := string(f.Verdict)
	switch f.Verdict {
	case mapping.Conditional:
		said += " " + strings.Join(f.When, ", or when ")
	case mapping.Lost:
		said += fmt.Sprintf(": %s", reasons[f.Reason])
	}
	if len(f.Forms) > 0 {
		said += " (" + strings.Join(f.Forms, ", ") + ")"
	}
	return said
}

// reasons in words, by those of the language.
var reasons = map[string]string{
	"merged-code":   "several codes become one",
	"else-row":      "the else row of a table gives it",
	"composed-text": "it is composed with others into one text",
	"default":       "another value may stand in its place",
	"first-of":      "only the first of several is taken",
	"condition":     "a condition that is not carried decides",
	"precision":     "its precision is not kept",
	"keyed-id":      "it is in nothing but the id",
	"joined-row":    "it is of another record, and returns there if anywhere",
	"one-way-map":   "its map runs forward only",
	"not-read":      "no rule reads it, and it is left behind",
}
