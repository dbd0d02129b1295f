package mapping

import (
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"

	"cpagateway/mapping/syntax"
	"cpagateway/profiles/fhir"
)

// step is one step of a target path.
type step struct {
	name   string
	column int // in the path, from 0
	list   bool
	index  string // which element of the list: [0], an extension's URL; "" is a new one
	url    string // of an extension
}

var stepPattern = regexp.MustCompile(`^([A-Za-z_][A-Za-z0-9_]*)(\[[0-9]{0,3}\]|\(([^()\[\]]+)\))?$`)

// steps reads a target path: name, name[0] (an element that rules share), name[]
// (an element of this rule alone), extension(URL). "." is the element of an each itself.
func (p *parser) steps(l syntax.Line, t syntax.Token) ([]step, bool) {
	if t.Quoted {
		p.Fail(l, t, "a target is a path, not a string")
		return nil, false
	}
	if t.Text == "." {
		return nil, true
	}
	var path []step
	column := 0
	for _, text := range splitPath(t.Text) {
		m := stepPattern.FindStringSubmatch(text)
		if m == nil {
			p.Fail(l, t, fmt.Sprintf("%q is not a step of a target path: name, name[0], name[] or extension(URL)", text))
			return nil, false
		}
		s := step{name: m[1], column: column, list: m[2] != ""}
		column += utf8.RuneCountInString(text) + 1
		switch {
		case m[3] != "" && !strings.HasSuffix(strings.ToLower(m[1]), "extension"):
			p.Fail(l, t, "only an extension is named by its URL")
			return nil, false
		case m[3] != "":
			s.url = p.constant(l, syntax.Token{Text: m[3], Column: t.Column})
			s.index = "(" + s.url + ")"
		case len(m[2]) > 2:
			s.index = m[2]
		}
		path = append(path, s)
	}
	return path, true
}

// splitPath cuts at the dots outside brackets: a URL holds dots of its own.
func splitPath(text string) []string {
	var steps []string
	depth, start := 0, 0
	for i := range len(text) {
		switch text[i] {
		case '(':
			depth++
		case ')':
			depth--
		case '.':
			if depth == 0 {
				steps, start = append(steps, text[start:i]), i+1
			}
		}
	}
	return append(steps, text[start:])
}

// shape is what a node of the output tree makes.
type shape uint8

const (
	undecided shape = iota
	leaf            // a value, by the first of its rules that has one
	object
	list
)

// node is one place of the output. Nothing is written for a place that comes
// out empty, so that a map needs no guard around optional fields.
type node struct {
	shape   shape
	label   string  // of a member: its name in quotes and the colon
	index   string  // of an element that rules share
	url     string  // of an extension
	members []*node // of an object its members, of a list its elements
	inner   []*node // what it holds, as it is written: see surround
	before  string  // what it writes before that, its name included
	behind  string
	rules   []*rule
	scope   *scope       // makes one value for each record of a group; nil makes one
	when    *condition   // nil is always
	root    bool         // of a resource
	minted  bool         // holds a key that is minted where FHIR holds none
	whole   bool         // made by in, each or first: rules elsewhere may not add to it
	at      syntax.Place // where the map first names it
	fixed   int          // its number among the nodes that write the same in every record; 0 is none of them
}

// scope is the group that an each or first goes through.
type scope struct {
	path    string // of the group, from the record of the source
	up      int
	group   string
	first   bool
	follows bool // of a first: all that it reads returns
	way     direction
	because string // why the group does not return
	by      string // the field whose text tells the records of the group apart
}

// find walks from n along a path, making what is missing; nil where that cannot be.
func (p *parser) find(l syntax.Line, t syntax.Token, n *node, path []step) *node {
	for _, s := range path {
		if n != nil {
			n = p.become(l, t, n, object)
		}
		if n == nil {
			return nil
		}
		if n.writes(s.name) {
			p.Fail(l, t, s.name+" is written already")
			return nil
		}
		member := n.member(s)
		if s.list {
			if member = p.become(l, t, member, list); member != nil {
				member = member.element(s)
			}
		}
		if member != nil && member.at.Line == 0 {
			member.at = l.Place
		}
		p.targets = append(p.targets, target{l, syntax.Token{Text: s.name, Column: t.Column + s.column}, n, member})
		if n = member; n != nil && n.whole {
			why := "this rule belongs there"
			if w := l.Tokens[0]; w.Is("in") || w.Is("each") || w.Is("first") {
				why = "a place has one: where another condition decides, another map of the source makes it"
			}
			p.Fail(l, t, fmt.Sprintf("%s has a block of its own; %s", s.name, why))
			return nil
		}
	}
	return n
}

// become decides what a node is, once.
func (p *parser) become(l syntax.Line, t syntax.Token, n *node, s shape) *node {
	if n.shape == undecided {
		n.shape = s
	}
	if n.shape != s {
		p.Fail(l, t, "a rule above makes something else of this path (a value, an object or a list)")
		return nil
	}
	return n
}

// writes reports whether the node writes a member by itself.
func (n *node) writes(name string) bool {
	return n.root && (name == "resourceType" || name == "id") || n.url != "" && name == "url"
}

func (n *node) member(s step) *node {
	label := string(fhir.AppendString(nil, s.name)) + ":"
	for _, m := range n.members {
		if m.label == label {
			return m
		}
	}
	m := &node{label: label}
	n.members = append(n.members, m)
	return m
}

func (n *node) element(s step) *node {
	if s.index != "" {
		for _, m := range n.members {
			if m.index == s.index {
				return m
			}
		}
	}
	m := &node{index: s.index, url: s.url}
	n.members = append(n.members, m)
	return m
}
