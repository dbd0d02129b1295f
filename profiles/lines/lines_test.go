package lines_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"cpagateway/profiles/lines"
)

func TestRead(t *testing.T) {
	const table = "# a comment\n\nA | x\n  b # no comment\n    c\n  # nor a line\n  d\n\n\nE\r\n"
	want := []lines.Line{
		{Number: 3, Text: "A | x"}, {Number: 4, Depth: 1, Text: "b # no comment"}, {Number: 5, Depth: 2, Text: "c"},
		{Number: 7, Depth: 1, Text: "d"}, {Number: 10, Text: "E"},
	}
	var got []lines.Line
	if err := lines.Read("t.txt", table, func(l lines.Line) error { got = append(got, l); return nil }); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(got, want) {
		t.Errorf("read %+v", got)
	}
	if err := lines.Read("t.txt", "", func(lines.Line) error { return errors.New("a line") }); err != nil {
		t.Error(err)
	}
}

// Every fault is told, each with its line.
func TestReadTellsWhere(t *testing.T) {
	bad := errors.New("bad")
	err := lines.Read("t.txt", "a\nbad\n\n\n b\n\tc\nbad", func(l lines.Line) error {
		if l.Text == "bad" {
			return bad
		}
		return nil
	})
	const want = "t.txt:2: bad\nt.txt:5: a step of indentation is two blanks\nt.txt:6: a step of indentation is two blanks\nt.txt:7: bad"
	if !errors.Is(err, bad) || err.Error() != want {
		t.Errorf("%v", err)
	}
}

// A block is what stands between empty lines, and its faults are told of its first line.
func TestBlocks(t *testing.T) {
	var got [][]string
	err := lines.Blocks("t.txt", "\n# head\n\na\n# a comment parts nothing\nb\n\n\n# alone\n\nc", func(block []lines.Line) error {
		var said []string
		for _, l := range block {
			said = append(said, l.Text)
		}
		got = append(got, said)
		return errors.New("bad")
	})
	if want := [][]string{{"a", "b"}, {"c"}}; !slices.EqualFunc(got, want, slices.Equal) {
		t.Errorf("blocks %q", got)
	}
	if err == nil || err.Error() != "t.txt:4: bad\nt.txt:11: bad" {
		t.Error(err)
	}
}

func TestMust(t *testing.T) {
	if got := lines.Must(7, nil); got != 7 {
		t.Error(got)
	}
	defer func() {
		if got := recover(); got == nil || !strings.Contains(got.(error).Error(), "t.txt:2") {
			t.Errorf("started all the same: %v", got)
		}
	}()
	lines.Must(7, errors.New("t.txt:2: bad"))
}
