package syntax_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"cpagateway/mapping/syntax"
)

// shown writes blocks as indented lines again.
func shown(blocks []syntax.Block, indent string) string {
	var s strings.Builder
	for _, b := range blocks {
		s.WriteString(indent + syntax.TextOf(b.Head.Tokens) + "\n" + shown(b.Body, indent+"  "))
	}
	return s.String()
}

// TestSectionsAndOverlaysAreMerged: what is read is one set of blocks.
func TestSectionsAndOverlaysAreMerged(t *testing.T) {
	var faults syntax.Faults
	blocks, _, err := faults.Read(fstest.MapFS{
		"m.map":      {Data: []byte("section S\n  A -> a  # said once\n  B -> b\n\nmap X -> T\n  key K\n  use S\n")},
		"v2.overlay": {Data: []byte("change X -> T\n  remove b\n  \"c d\u00a0\\\\e\" -> c\n")},
	}, "v2")
	if err != nil || faults.Err() != nil {
		t.Fatal(err, faults.Err())
	}
	const want = "section S\n  A -> a\n  B -> b\nmap X -> T\n  key K\n  A -> a\n  \"c d\u00a0\\\\e\" -> c\n"
	if got := shown(blocks, ""); got != want {
		t.Errorf("read:\n%s\nand not:\n%s", got, want)
	}
}

// TestFaultsAreNamedOnceAtTheirPlace: a section that two maps use has its faults once.
func TestFaultsAreNamedOnceAtTheirPlace(t *testing.T) {
	var faults syntax.Faults
	if lines := faults.Lines("m.map", "a \"b\n\tc\n"); len(lines) > 0 {
		t.Errorf("%v can be read", lines)
	}
	at := syntax.Place{File: "m.map", Line: 1}
	faults.FailAt(at, "twice")
	faults.FailAt(at, "twice")
	const want = "m.map:1:3: a string that does not end on its line\nm.map:2:1: a control character (indent with blanks, not tabs)\nm.map:1:1: twice"
	if got := faults.Err().Error(); got != want {
		t.Errorf("faults:\n%s\nand not:\n%s", got, want)
	}
}
