package syntax

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strings"
)

// Block is a line with the deeper-indented lines under it.
type Block struct {
	Head Line
	Body []Block
}

// Word is what the block begins with; "" where that is a string or a field.
func (b Block) Word() string {
	t := b.Head.Tokens
	if t[0].Quoted || ArrowIn(t) == 1 {
		return "" // a field may be called key, each or in
	}
	return t[0].Text
}

// NoBody asks that nothing stands under a block.
func (f *Faults) NoBody(b Block) {
	if len(b.Body) > 0 {
		f.Fail(b.Body[0].Head, b.Body[0].Head.Tokens[0], "only map, table, in, each and first have lines under them")
	}
}

var arrows = []string{"->", "<->", "<-"}

// ArrowIn finds the arrow between a value and its target; -1 where there is none.
func ArrowIn(tokens []Token) int {
	return slices.IndexFunc(tokens, func(t Token) bool { return !t.Quoted && slices.Contains(arrows, t.Text) })
}

var name = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_-]*$`)

// IsName reports whether a text can name a source, a table, a section or a column.
func IsName(text string) bool { return name.MatchString(text) }

// JoinPath is the path b within a.
func JoinPath(a, b string) string {
	if a == "" {
		return b
	}
	return a + "." + b
}

var quotes = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`)

// Quoted is a text as a string of a map file.
func Quoted(text string) string { return `"` + quotes.Replace(text) + `"` }

// TextOf writes tokens as a map has them.
func TextOf(tokens []Token) string {
	words := make([]string, len(tokens))
	for i, t := range tokens {
		if words[i] = t.Text; t.Quoted {
			words[i] = Quoted(t.Text)
		}
	}
	return strings.Join(words, " ")
}

// words begin the lines of a map file that have no indent; overlayWords those of an
// overlay besides.
var (
	words        = []string{"map", "table", "section", "csv", "zone", "dates"}
	overlayWords = []string{"change", "remove"}
)

// Read gives the blocks of every *.map file at the root of fsys, with what VERSION.overlay
// replaces, removes and adds where a version is named, and what tells these files from
// all others.
func (f *Faults) Read(fsys fs.FS, version string) (tree []Block, digest string, err error) {
	files, err := fs.Glob(fsys, "*.map")
	if err != nil {
		return nil, "", fmt.Errorf("listing map files: %w", err)
	}
	if len(files) == 0 {
		return nil, "", errors.New("listing map files: the folder holds no *.map file")
	}
	sum := sha256.New()
	read := func(file string, words []string) []Block {
		text, failed := fs.ReadFile(fsys, file)
		if failed != nil {
			err = errors.Join(err, fmt.Errorf("reading map file %s: %w", file, failed))
			return nil
		}
		fmt.Fprintf(sum, "%s %d\n%s", file, len(text), text)
		return f.blocksOf(f.Lines(file, string(text)), words)
	}
	var changes []Block
	for _, file := range files {
		tree = append(tree, read(file, words)...)
	}
	if version != "" {
		changes = read(version+".overlay", append(overlayWords, words...))
	}
	if err != nil {
		return nil, "", err
	}
	return f.merged(tree, changes), hex.EncodeToString(sum.Sum(nil))[:12], nil
}

// blocksOf are the blocks of a file, which begin with some words.
func (f *Faults) blocksOf(lines []Line, words []string) []Block {
	blocks, rest := f.blocks(lines, 0, 0)
	for _, l := range rest {
		f.Fail(l, l.Tokens[0], "indented, but under nothing")
	}
	for _, b := range blocks {
		if !slices.Contains(words, b.Word()) {
			f.Fail(b.Head, b.Head.Tokens[0], "a line without an indent begins with "+strings.Join(words, ", "))
		}
	}
	return blocks
}

// blocks takes the lines at one indent, each with what stands deeper under it.
func (f *Faults) blocks(lines []Line, indent, depth int) ([]Block, []Line) {
	var blocks []Block
	for len(lines) > 0 && lines[0].indent >= indent {
		if lines[0].indent > indent {
			if len(blocks) == 0 {
				return nil, lines
			}
			f.Fail(lines[0], lines[0].Tokens[0], "indented otherwise than the lines of its block")
			lines = lines[1:]
			continue
		}
		b := Block{Head: lines[0]}
		lines = lines[1:]
		if len(lines) > 0 && lines[0].indent > indent {
			if depth == maxNesting {
				f.Fail(lines[0], lines[0].Tokens[0], fmt.Sprintf("nested deeper than %d blocks", maxNesting))
				return blocks, nil
			}
			b.Body, lines = f.blocks(lines, lines[0].indent, depth+1)
		}
		blocks = append(blocks, b)
	}
	return blocks, lines
}
