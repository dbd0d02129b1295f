package syntax

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
func (f *Faults) merged(tree, overlay []Block) []Block {
	tree, changes := f.overlaid(tree, overlay)
	x := expansion{Faults: f, sections: map[string]Block{}, used: map[string]bool{}}
	for _, b := range tree {
		if b.Word() == "section" {
			x.section(b)
		}
	}
	for _, blocks := range [][]Block{tree, changes} {
		for i, b := range blocks {
			if word := b.Word(); word == "map" || word == "change" {
				blocks[i].Body = x.expand(b.Body, nil, 0)
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(x.sections)) {
		if b := x.sections[name]; !x.used[name] {
			f.Fail(b.Head, b.Head.Tokens[0], "no map uses this section")
		}
	}
	for _, b := range changes {
		f.change(tree, b)
	}
	return tree
}

// overlaid puts the blocks of an overlay in the place of those of the same name, and
// takes out what it removes. What changes single lines comes back beside.
func (f *Faults) overlaid(tree, overlay []Block) (all, changes []Block) {
	instead, added := map[string][]Block{}, []Block{}
	for _, b := range overlay {
		t, word := b.Head.Tokens, b.Word()
		switch {
		case word == "change":
			changes = append(changes, b)
		case word == "remove":
			name := identity(t[1:])
			f.NoBody(b)
			if !slices.ContainsFunc(tree, func(o Block) bool { return name != "" && o.name() == name }) {
				f.Fail(b.Head, t[0], "there is nothing like this to remove: remove map SOURCE <-> TYPE, table NAME, section NAME or csv SOURCE")
			}
			instead[name] = append(instead[name], []Block(nil)...)
		case slices.ContainsFunc(tree, func(o Block) bool { return b.name() != "" && o.name() == b.name() }):
			instead[b.name()] = append(instead[b.name()], b)
		default:
			added = append(added, b)
		}
	}
	for _, b := range tree {
		others, replaced := instead[b.name()]
		if b.name() == "" || !replaced {
			others = []Block{b}
		}
		all = append(all, others...)
		if replaced {
			instead[b.name()] = nil
		}
	}
	return append(all, added...), changes
}

func (b Block) name() string { return identity(b.Head.Tokens) }

// identity is what a block is called among those of its kind; a map by its source,
// group and type. blocks without a name have none.
func identity(t []Token) string {
	if len(t) < 2 || t[0].Quoted || !slices.Contains([]string{"map", "table", "section", "csv"}, t[0].Text) {
		return ""
	}
	name := t[0].Text + " " + t[1].Text
	arrow := ArrowIn(t)
	if t[0].Text != "map" || arrow < 0 || arrow+1 >= len(t) {
		return name
	}
	if arrow > 3 {
		name += " each " + t[3].Text
	}
	return name + " -> " + t[arrow+1].Text
}

// expansion puts the lines of sections where they are used.
type expansion struct {
	*Faults
	sections map[string]Block
	used     map[string]bool
	lines    int
}

// section notes one.
func (x *expansion) section(b Block) {
	t := b.Head.Tokens
	switch {
	case len(t) != 2 || !IsName(t[1].Text):
		x.Fail(b.Head, t[0], "a section is: section NAME, with lines under it")
	case x.sections[t[1].Text].Head.Tokens != nil:
		x.Fail(b.Head, t[1], fmt.Sprintf("section %s stands twice", t[1].Text))
	default:
		x.sections[t[1].Text] = b
	}
}

// expand replaces each `use NAME` by the lines of that section; within are the
// sections that these lines stand in.
func (x *expansion) expand(body []Block, within []string, depth int) []Block {
	var all []Block
	for _, b := range body {
		t := b.Head.Tokens
		switch x.lines++; {
		case x.lines == maxLines:
			x.Fail(b.Head, t[0], fmt.Sprintf("with their sections the maps have more than %d lines", maxLines))
			fallthrough
		case x.lines > maxLines:
			return nil
		case b.Word() != "use":
			if depth > maxNesting {
				x.Fail(b.Head, t[0], fmt.Sprintf("nested deeper than %d blocks", maxNesting))
				return nil
			}
			b.Body = x.expand(b.Body, within, depth+1)
			all = append(all, b)
			continue
		case len(t) != 2 || x.sections[t[1].Text].Head.Tokens == nil:
			x.Fail(b.Head, t[0], "this uses a section, and there is none of this name: use NAME")
			continue
		case slices.Contains(within, t[1].Text):
			x.Fail(b.Head, t[1], "a section uses itself: "+strings.Join(append(within, t[1].Text), " uses "))
			continue
		}
		x.NoBody(b)
		name := t[1].Text
		x.used[name] = true
		for _, line := range x.expand(x.sections[name].Body, append(slices.Clip(within), name), depth) {
			all = append(all, line.usedAt(" (used at "+b.Head.String()+")"))
		}
	}
	return all
}

// usedAt says of a block and all in it where its section is used.
func (b Block) usedAt(where string) Block {
	b.Head.used = where + b.Head.used
	body := slices.Clone(b.Body)
	for i := range body {
		body[i] = body[i].usedAt(where)
	}
	b.Body = body
	return b
}

// change carries out `change SOURCE [each GROUP] ARROW TYPE`: under it stand
// `remove TARGET`, `replace TARGET` with lines, and lines that are added.
func (f *Faults) change(tree []Block, b Block) {
	name := identity(append([]Token{{Text: "map"}}, b.Head.Tokens[1:]...))
	like := func(o Block) bool { return name != "" && o.name() == name }
	i := slices.IndexFunc(tree, like)
	if i < 0 || slices.ContainsFunc(tree[i+1:], like) {
		f.Fail(b.Head, b.Head.Tokens[0], "this changes one map, and there is none like this or more than one: change SOURCE <-> TYPE, as the map has it")
		return
	}
	for _, line := range b.Body {
		t, word := line.Head.Tokens, line.Word()
		if word != "remove" && word != "replace" {
			tree[i].Body = append(slices.Clip(tree[i].Body), line)
			continue
		}
		if len(t) != 2 || (word == "replace") != (len(line.Body) > 0) {
			f.Fail(line.Head, t[0], "a change is: remove TARGET, or replace TARGET with lines under it, or a line that is added")
			continue
		}
		c := change{target: t[1].Text, lines: line.Body}
		tree[i].Body = c.in(tree[i].Body, "")
		switch {
		case c.blocks == 0:
			f.Fail(line.Head, t[1], "nothing in this map is called so: a target is written as in the map, after that of the block around it and a dot")
		case c.blocks > 1:
			f.Fail(line.Head, t[1], fmt.Sprintf("%d blocks have a target like this: change the block as a whole", c.blocks))
		}
	}
}

// change replaces the lines of one target.
type change struct {
	target string
	lines  []Block
	blocks int // in which such lines stood
}

func (c *change) in(body []Block, path string) []Block {
	var all []Block
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
			if len(b.Body) > 0 && strings.HasPrefix(c.target, at+".") || at == path {
				b.Body = c.in(b.Body, at)
			}
			all = append(all, b)
		}
	}
	return all
}

// target is what a line of a map fills, from the resource on; key and person for those.
func (b Block) target(path string) string {
	t := b.Head.Tokens
	word, at := b.Word(), 0
	if arrow := ArrowIn(t); word == "in" {
		at = 1
	} else if word != "key" && word != "person" {
		at = arrow + 1
	}
	switch {
	case at >= len(t), t[at].Text == ".":
		return path
	case at == 0 && word != "key" && word != "person":
		return path
	}
	return JoinPath(path, t[at].Text)
}
