package layering

import (
	"flag"
	"fmt"
	"html"
	"os"
	"regexp"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "draw the figure of the rooms again")

const figure = "docs/rooms.svg"

// room is a row of README's import law.
type room struct {
	number   string
	packages []string
	idea     string
}

var roomRow = regexp.MustCompile(`(?m)^\| (\d+) \| ([a-z0-9/, -]+) \| ([^|]+) \|$`)

func roomsOf(readme string) []room {
	_, section, _ := strings.Cut(readme, "## The import law")
	section, _, _ = strings.Cut(section, "\n## ")
	var rooms []room
	for _, m := range roomRow.FindAllStringSubmatch(section, -1) {
		rooms = append(rooms, room{m[1], strings.Split(m[2], ", "), m[3]})
	}
	return rooms
}

// colours are those of the ideas that the top-level folders stand for, and of who stands outside.
var colours = map[string]string{"cmd": "#475569", "gateway": "#1d4ed8", "mapping": "#047857", "consent": "#7e22ce", "profiles": "#b45309", "examples": "#be185d"}

// Sizes of the figure, in its own units.
const (
	rowHeight  = 40
	boxHeight  = 26
	letter     = 7.3 // of the box's type
	wordLetter = 7.2 // of what is written beside it
	left       = 64
	top        = 20
)

// draw puts each number of the law on a band of its own, the highest on top: a
// room imports only what stands on a band below its own.
func draw(rooms []room) string {
	var body strings.Builder
	width, y, band := 0.0, float64(top), 0
	for i := 0; i < len(rooms); band++ {
		from := i
		for i < len(rooms) && rooms[i].number == rooms[from].number {
			i++
		}
		height := float64((i - from) * rowHeight)
		if band%2 == 0 {
			fmt.Fprintf(&body, "<rect x=\"0\" y=\"%g\" width=\"100%%\" height=\"%g\" fill=\"#f1f5f9\"/>\n", y, height)
		}
		fmt.Fprintf(&body, "<text x=\"44\" y=\"%g\" class=\"number\">%s</text>\n", y+height/2+5, rooms[from].number)
		for _, r := range rooms[from:i] {
			width = max(width, drawRoom(&body, r, y))
			y += rowHeight
		}
	}
	var svg strings.Builder
	fmt.Fprintf(&svg, "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %.0f %.0f\" role=\"img\" aria-label=\"The rooms and the import law\">\n", width+20, y+top)
	svg.WriteString("<style>text{font:13px system-ui,sans-serif;fill:#334155}.box{font:12px ui-monospace,monospace}.number{text-anchor:end;font-weight:600}</style>\n")
	svg.WriteString("<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n")
	svg.WriteString(body.String())
	fmt.Fprintf(&svg, "<path d=\"M14 %d V%.0f M9 %.0f L14 %.0f L19 %.0f\" stroke=\"#94a3b8\" stroke-width=\"1.5\" fill=\"none\"/>\n", top, y-2, y-10, y-2, y-10)
	svg.WriteString("</svg>\n")
	return svg.String()
}

// drawRoom gives the right end of what it drew.
func drawRoom(out *strings.Builder, r room, y float64) float64 {
	x := float64(left)
	for _, name := range r.packages {
		colour := colours[strings.Split(name, "/")[0]]
		w := float64(len(name))*letter + 18
		fmt.Fprintf(out, "<rect x=\"%.1f\" y=\"%g\" width=\"%.1f\" height=\"%d\" rx=\"5\" fill=\"#ffffff\" stroke=\"%s\" stroke-width=\"1.5\"/>\n",
			x, y+(rowHeight-boxHeight)/2, w, boxHeight, colour)
		fmt.Fprintf(out, "<text x=\"%.1f\" y=\"%g\" class=\"box\" style=\"fill:%s\">%s</text>\n", x+9, y+rowHeight/2+4, colour, html.EscapeString(name))
		x += w + 8
	}
	fmt.Fprintf(out, "<text x=\"%.1f\" y=\"%g\">%s</text>\n", x+6, y+rowHeight/2+4, html.EscapeString(r.idea))
	return x + 6 + float64(len(r.idea))*wordLetter
}

// TestTheFigureOfTheRooms holds docs/rooms.svg to the table of README.md.
func TestTheFigureOfTheRooms(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	rooms := roomsOf(string(readme))
	if len(rooms) < 15 {
		t.Fatalf("only %d rooms found", len(rooms))
	}
	for _, r := range rooms {
		for _, name := range r.packages {
			if colours[strings.Split(name, "/")[0]] == "" {
				t.Errorf("%s belongs to no idea", name)
			}
		}
	}
	want := draw(rooms)
	if *update {
		if err := os.WriteFile(figure, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := os.ReadFile(figure); err != nil || string(got) != want {
		t.Errorf("%s is not of this table: go test . -run TestTheFigureOfTheRooms -update (%v)", figure, err)
	}
}
