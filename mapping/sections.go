package mapping

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// maxLines bounds what maps come to with their sections: each may use others.
const maxLines = 1 << 16

// merged makes one set of maps of the blocks of all files and of an overlay: first
// what is replaced or removed as a whole, then sections where they are used, then
// the changes within maps.
func (p *parser) merged(tree, overlay []block) []block {
	tree, changes := p.overlaid(tree, overlay)
	x := expansion{parser: p, sections: map[string]block{}, used: map[string]bool{}}
	for _, b := range tree {
		if b.word() == "section" {
			x.section(b)
		}
	}
	for _, blocks := range [][]block{tree, changes} {
		for i, b := range blocks {
			if word := b.word(); word == "map" || word == "change" {
				blocks[i].body = x.expand(b.body, nil, 0)
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(x.sections)) {
		if b := x.sections[name]; !x.used[name] {
			p.fail(b.head, b.head.tokens[0], "no map uses this section")
		}
	}
	for _, b := range changes {
		p.change(tree, b)
	}
	return tree
}

// overlaid puts the blocks of an overlay in the place of those of the same name, and
// takes out what it removes. What changes single lines comes back beside.
func (p *parser) overlaid(tree, overlay []block) (all, changes []block) {
	instead, added := map[string][]block{}, []block{}
	for _, b := range overlay {
		t, word := b.head.tokens, b.word()
		switch {
		case word == "change":
			changes = append(changes, b)
		case word == "remove":
			name := identity(t[1:])
			p.noBody(b)
			if !slices.ContainsFunc(tree, func(o block) bool { return name != "" && o.name() == name }) {
				p.fail(b.head, t[0], "there is nothing like this to remove: remove map SOURCE <-> TYPE, table NAME, section NAME or csv SOURCE")
			}
			instead[name] = append(instead[name], []block(nil)...)
		case slices.ContainsFunc(tree, func(o block) bool { return b.name() != "" && o.name() == b.name() }):
			instead[b.name()] = append(instead[b.name()], b)
		default:
			added = append(added, b)
		}
	}
	for _, b := range tree {
		others, replaced := instead[b.name()]
		if b.name() == "" || !replaced {
			others = []block{b}
		}
		all = append(all, others...)
		if replaced {
			instead[b.name()] = nil
		}
	}
	return append(all, added...), changes
}

func (b block) name() string { return identity(b.head.tokens) }

// identity is what a block is called among those of its kind; a map by its source,
// group and type. Blocks without a name have none.
func identity(t []token) string {
	if len(t) < 2 || t[0].quoted || !slices.Contains([]string{"map", "table", "section", "csv"}, t[0].text) {
		return ""
	}
	name := t[0].text + " " + t[1].text
	arrow, _ := arrowIn(t)
	if t[0].text != "map" || arrow < 0 || arrow+1 >= len(t) {
		return name
	}
	if arrow > 3 {
		name += " each " + t[3].text
	}
	return name + " -> " + t[arrow+1].text
}

// expansion puts the lines of sections where they are used.
type expansion struct {
	*parser
	sections map[string]block
	used     map[string]bool
	lines    int
}

// section notes one.
func (x *expansion) section(b block) {
	t := b.head.tokens
	switch {
	case len(t) != 2 || !isName(t[1].text):
		x.fail(b.head, t[0], "a section is: section NAME, with lines under it")
	case x.sections[t[1].text].head.tokens != nil:
		x.fail(b.head, t[1], fmt.Sprintf("section %s stands twice", t[1].text))
	default:
		x.sections[t[1].text] = b
	}
}

// expand replaces each `use NAME` by the lines of that section; within are the
// sections that these lines stand in.
func (x *expansion) expand(body []block, within []string, depth int) []block {
	var all []block
	for _, b := range body {
		t := b.head.tokens
		switch x.lines++; {
		case x.lines == maxLines:
			x.fail(b.head, t[0], fmt.Sprintf("with their sections the maps have more than %d lines", maxLines))
			fallthrough
		case x.lines > maxLines:
			return nil
		case b.word() != "use":
			if depth > maxNesting {
				x.fail(b.head, t[0], fmt.Sprintf("nested deeper than %d blocks", maxNesting))
				return nil
			}
			b.body = x.expand(b.body, within, depth+1)
			all = append(all, b)
			continue
		case len(t) != 2 || x.sections[t[1].text].head.tokens == nil:
			x.fail(b.head, t[0], "this uses a section, and there is none of this name: use NAME")
			continue
		case slices.Contains(within, t[1].text):
			x.fail(b.head, t[1], "a section uses itself: "+strings.Join(append(within, t[1].text), " uses "))
			continue
		}
		x.noBody(b)
		name := t[1].text
		x.used[name] = true
		for _, line := range x.expand(x.sections[name].body, append(slices.Clip(within), name), depth) {
			all = append(all, line.usedAt(" (used at "+b.head.String()+")"))
		}
	}
	return all
}

// usedAt says of a block and all in it where its section is used.
func (b block) usedAt(where string) block {
	b.head.used = where + b.head.used
	body := slices.Clone(b.body)
	for i := range body {
		body[i] = body[i].usedAt(where)
	}
	b.body = body
	return b
}

// change carries out `change SOURCE [each GROUP] ARROW TYPE`: under it stand
// `remove TARGET`, `replace TARGET` with lines, and lines that are added.
func (p *parser) change(tree []block, b block) {
	name := identity(append([]token{{text: "map"}}, b.head.tokens[1:]...))
	like := func(o block) bool { return name != "" && o.name() == name }
	i := slices.IndexFunc(tree, like)
	if i < 0 || slices.ContainsFunc(tree[i+1:], like) {
		p.fail(b.head, b.head.tokens[0], "this changes one map, and there is none like this or more than one: change SOURCE <-> TYPE, as the map has it")
		return
	}
	for _, line := range b.body {
		t, word := line.head.tokens, line.word()
		if word != "remove" && word != "replace" {
			tree[i].body = append(slices.Clip(tree[i].body), line)
			continue
		}
		if len(t) != 2 || (word == "replace") != (len(line.body) > 0) {
			p.fail(line.head, t[0], "a change is: remove TARGET, or replace TARGET with lines under it, or a line that is added")
			continue
		}
		c := change{target: t[1].text, lines: line.body}
		tree[i].body = c.in(tree[i].body, "")
		switch {
		case c.blocks == 0:
			p.fail(line.head, t[1], "nothing in this map is called so: a target is written as in the map, after that of the block around it and a dot")
		case c.blocks > 1:
			p.fail(line.head, t[1], fmt.Sprintf("%d blocks have a target like this: change the block as a whole", c.blocks))
		}
	}
}

// change replaces the lines of one target.
type change struct {
	target string
	lines  []block
	blocks int // in which such lines stood
}

func (c *change) in(body []block, path string) []block {
	var all []block
	found := false
	for _, b := range body {
		at := b.target(path)
		switch {
		case at == c.target && !found:
			found = true
			c.blocks++
			all = append(all, c.lines...)
		case at == c.target:
		default:
			if len(b.body) > 0 && strings.HasPrefix(c.target, at+".") || at == path {
				b.body = c.in(b.body, at)
			}
			all = append(all, b)
		}
	}
	return all
}

// target is what a line of a map fills, from the resource on; key and person for those.
func (b block) target(path string) string {
	t := b.head.tokens
	word, at := b.word(), 0
	if arrow, _ := arrowIn(t); word == "in" {
		at = 1
	} else if word != "key" && word != "person" {
		at = arrow + 1
	}
	switch {
	case at >= len(t), t[at].text == ".":
		return path
	case at == 0 && word != "key" && word != "person":
		return path
	}
	return joinPath(path, t[at].text)
}
