package mapping

import (
	"fmt"
	"maps"
	"slices"

	"cpagateway/mapping/syntax"
)

// Join says whose rows those of a table are: of the row of its home that has the same
// text in the field By. They are a group of that row, called after the table.
type Join struct{ Home, By string }

// Join is that of the table of a source; the zero Join where it stands by itself.
func (p *Program) Join(source string) Join { return p.of(source).join }

// Joined lists the tables whose rows belong to those of a source, sorted.
func (p *Program) Joined(home string) []string {
	names := slices.Sorted(maps.Keys(p.sources))
	return slices.DeleteFunc(names, func(name string) bool { return p.sources[name].join.Home != home || home == "" })
}

// joined notes what `csv SOURCE of HOME by FIELD` says of a table.
func (p *parser) joined(of *source, head syntax.Line) {
	of.join = Join{Home: head.Tokens[3].Text, By: head.Tokens[5].Text}
	if !of.names(of.join.By) {
		p.Fail(head, head.Tokens[5], fmt.Sprintf("%s names no column %s that every file has", head.Tokens[1].Text, of.join.By))
	}
	p.joins = append(p.joins, head)
}

// names reports whether a column is named, and no file may lack it.
func (s *source) names(field string) bool {
	return slices.ContainsFunc(s.columns, func(c Column) bool { return c.Field == field && !c.MayMiss })
}

// NoColumns says which fields and groups that the maps read are neither columns nor tables
// of a source whose columns `csv` names, each as a *syntax.Error, joined. A format whose
// reader knows its columns may name some of them alone.
func (p *Program) NoColumns() error { return p.noColumns.Err() }

// isColumn notes a field that is no column, where `csv` names those of the source.
func (p *parser) isColumn(l syntax.Line, t syntax.Token, up int, field string) {
	of := p.source
	if path := p.scopes[len(p.scopes)-1-up].path; path != "" {
		of = p.program.sources[path]
		if of != nil && p.program.sources[of.join.Home] != p.source {
			return
		}
	}
	if of == nil || of.columns == nil {
		return
	}
	var fields []string
	for _, c := range of.columns {
		fields = append(fields, c.Field)
	}
	if !slices.Contains(fields, field) {
		p.program.noColumns.Fail(l, t, "the csv section names no column "+field+syntax.Perhaps(field, fields))
	}
}

// isTable notes a group that is no table joined to the source, where `csv` names the
// columns of that.
func (p *parser) isTable(l syntax.Line, t syntax.Token, group string) {
	if p.source == nil || p.source.columns == nil {
		return
	}
	var tables []string
	for _, name := range slices.Sorted(maps.Keys(p.program.sources)) {
		if home := p.program.sources[name].join.Home; home != "" && p.program.sources[home] == p.source {
			tables = append(tables, name)
		}
	}
	if p.scopes[len(p.scopes)-1].path != "" || !slices.Contains(tables, group) {
		p.program.noColumns.Fail(l, t, "no table "+group+" is joined to this one: csv "+group+" of SOURCE by FIELD"+syntax.Perhaps(group, tables))
	}
}

// joinable refuses joins by which no record could be made of rows.
func (p *parser) joinable() {
	for _, head := range p.joins {
		name, home, by := head.Tokens[1].Text, p.sourceOf(head.Tokens[3].Text), head.Tokens[5].Text
		group := home.reads.members[name]
		switch {
		case len(p.sourceOf(name).maps) > 0:
			p.Fail(head, head.Tokens[1], fmt.Sprintf("the rows of %s belong to those of %s: write map %[2]s each %[1]s", name, head.Tokens[3].Text))
		case len(home.maps) == 0 || home.join.Home != "":
			p.Fail(head, head.Tokens[3], "rows belong to those of a source that a map reads, and that belongs to no other")
		case home.columns != nil && !home.names(by):
			p.Fail(head, head.Tokens[5], fmt.Sprintf("%s names no column %s that every file has: call the column by which the two find together the same in both", head.Tokens[3].Text, by))
		case group != nil && group.records != nil && group.records.members[by] != nil:
			p.Fail(head, head.Tokens[5], fmt.Sprintf("in each record of %s write ^%s: that column stands in the row of %s", name, by, head.Tokens[3].Text))
		}
	}
}
