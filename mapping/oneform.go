package mapping

import (
	"fmt"
	"strings"

	"cpagateway/mapping/syntax"
)

// In a record that comes back each name has one form: a text, an object with names in it,
// or a list. Where maps give one name two, only one of them could be written.

// written is the form in which a name comes back, and the first line that says so.
type written struct {
	form string
	at   syntax.Place
}

// The forms.
const (
	aText    = "a text"
	anObject = "an object"
	aList    = "a list"
)

// oneForm holds the names on the way to a field that returns against what other lines of
// the source make of them.
func (p *parser) oneForm(l syntax.Line, o *operand) {
	path := ""
	for _, group := range p.scopes[1 : len(p.scopes)-o.up] {
		p.forms(l, path, strings.TrimPrefix(strings.TrimPrefix(group.path, path), "."), aList)
		path = group.path
	}
	if o.text == "." { // the record itself: of a list of texts
		p.form(l, path+"[]", aText)
		return
	}
	if path != "" {
		p.form(l, path+"[]", anObject)
	}
	p.forms(l, path, o.text, aText)
}

// forms notes a name that dots lead to, through objects.
func (p *parser) forms(l syntax.Line, path, name, form string) {
	for {
		first, rest, deeper := strings.Cut(name, ".")
		path = syntax.JoinPath(path, first)
		if !deeper {
			p.form(l, path, form)
			return
		}
		p.form(l, path, anObject)
		name = rest
	}
}

func (p *parser) form(l syntax.Line, path, form string) {
	first, known := p.source.forms[path]
	switch {
	case !known:
		p.source.forms[path] = written{form, l.Place}
	case first.form != form:
		if group, record := strings.CutSuffix(path, "[]"); record {
			path = "a record of " + group
		}
		p.FailAt(l.Place, fmt.Sprintf("%s comes back as %s here and as %s from %s: it can be only one of them", path, form, first.form, first.at.Beside(l.Place)))
	}
}
