package mapping

import (
	"fmt"
	"strings"

	"cpagateway/mapping/codes"
	"cpagateway/mapping/syntax"
)

// readTable reads "table NAME SOURCE -> TARGET" and its rows.
func (p *parser) readTable(b syntax.Block) {
	head := b.Head.Tokens
	if len(head) != 5 || head[3].Text != "->" || !syntax.IsName(head[1].Text) {
		p.Fail(b.Head, head[0], "a table is: table NAME SOURCE-SYSTEM -> TARGET-SYSTEM")
		return
	}
	t := &codes.Table{Name: head[1].Text, Rows: map[string]codes.Coding{}}
	t.Source, t.Target = p.system(b.Head, head[2]), p.system(b.Head, head[4])
	if p.tables[t.Name] != nil {
		p.Fail(b.Head, head[1], fmt.Sprintf("table %s stands twice", t.Name))
		return
	}
	p.tables[t.Name] = t
	for _, row := range b.Body {
		p.readRow(t, row)
	}
	if len(t.Rows) == 0 {
		p.Fail(b.Head, head[1], fmt.Sprintf("table %s has no rows", t.Name))
	}
	t.Turn()
}

// readRow reads `CODE -> TARGET ["display"]`; the target is a code of the target
// system, SYSTEM|code, same, which keeps the source's code in its own system, or
// none: the code has no equivalent. `none -> CODE` says it of a target.
func (p *parser) readRow(t *codes.Table, b syntax.Block) {
	row := b.Head.Tokens
	if len(b.Body) > 0 {
		p.Fail(b.Body[0].Head, b.Body[0].Head.Tokens[0], "a row of a table has nothing under it")
	}
	if len(row) < 3 || len(row) > 4 || row[1].Text != "->" || len(row) == 4 && !row[3].Quoted {
		p.Fail(b.Head, row[0], `a row is: CODE -> TARGET "display", where the display may be missing`)
		return
	}
	to := codes.Coding{System: t.Target, Code: row[2].Text}
	switch {
	case row[0].Is("none"):
		t.None = append(t.None, codes.Coding{System: t.Target, Code: p.constant(b.Head, row[2]), Display: display(row)})
		return
	case row[2].Is("none"):
		to = codes.Coding{}
	}
	if to.System == "" {
	} else if system, code, found := strings.Cut(row[2].Text, "|"); found && !row[2].Quoted {
		to.System = p.system(b.Head, syntax.Token{Text: system, Column: row[2].Column})
		to.Code = p.constant(b.Head, syntax.Token{Text: code, Column: row[2].Column})
	} else if row[2].Is("same") {
		to = codes.Coding{System: t.Source, Code: row[0].Text}
	} else if !row[2].Quoted {
		to.Code = p.constant(b.Head, row[2])
	}
	to.Display = display(row)
	p.addRow(t, b.Head, to)
}

func display(row []syntax.Token) string {
	if len(row) == 4 {
		return row[3].Text
	}
	return ""
}

func (p *parser) addRow(t *codes.Table, l syntax.Line, to codes.Coding) {
	from := l.Tokens[0]
	isElse := from.Is("else")
	_, twice := t.Rows[from.Text]
	switch {
	case isElse && to.System == "":
		p.Fail(l, l.Tokens[2], "else cannot be none: leave the row out")
	case to.System != "" && !codes.IsCode(to.Code):
		p.Fail(l, l.Tokens[2], "not a code: no blanks at its ends, none doubled")
	case isElse && l.Tokens[2].Text == "same":
		p.Fail(l, l.Tokens[2], "a code without a row is kept already; leave the else row out")
	case isElse && t.Otherwise != nil, !isElse && twice:
		p.Fail(l, from, fmt.Sprintf("%q stands twice in table %s", from.Text, t.Name))
	case isElse:
		t.Otherwise = &to
	default:
		t.Rows[from.Text] = to
	}
}
