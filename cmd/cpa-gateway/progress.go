package main

import (
	"fmt"
	"io"
	"io/fs"
	"os"
	"sync"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"cpagateway/mapping/extracts"
)

// progress is a line on the terminal that rewrites itself: how many records were brought
// in, of how many, how many a second, and the time that is left. Where the format does not
// know how many there are before it has read them, that is reckoned from how much of the
// files was read. Nothing is written where nobody watches.
type progress struct {
	bar *progressbar.ProgressBar

	mu       sync.Mutex
	size     int64            // bytes of all extracts
	read     map[string]int64 // file of the extract at work -> how far it was read
	bytes    int64            // that were read of all
	before   int              // records of earlier extracts
	brought  int              // and of the one at work
	expected int              // records of it, where they are known
	percent  int64            // told while nothing is brought in
}

func progressOn(out io.Writer, named extracts.List) *progress {
	file, isFile := out.(*os.File)
	p := &progress{read: map[string]int64{}, bar: progressbar.NewOptions(-1, progressbar.OptionSetWriter(out), progressbar.OptionSetVisibility(isFile && term.IsTerminal(int(file.Fd()))),
		progressbar.OptionShowCount(), progressbar.OptionShowIts(), progressbar.OptionSetItsString("records"), progressbar.OptionSetDescription("reading"),
		progressbar.OptionThrottle(100*time.Millisecond), progressbar.OptionClearOnFinish())}
	for _, e := range named {
		p.size += sizeOf(e.Files)
	}
	return p
}

// sizeOf is the bytes of all files; what cannot be looked at has none.
func sizeOf(files fs.FS) (size int64) {
	if files == nil {
		return 0
	}
	_ = fs.WalkDir(files, ".", func(_ string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return nil
		}
		if info, err := d.Info(); err == nil {
			size += info.Size()
		}
		return nil
	})
	return size
}

// expect is told how many records the extract at work has.
func (p *progress) expect(records int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.expected = records
}

// tell is told how many of its records were brought in.
func (p *progress) tell(records int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	done, of := p.before+records, 0
	switch p.brought = records; {
	case p.expected > 0:
		of = p.before + p.expected
	case p.bytes > 0:
		of = int(float64(done) * float64(p.size) / float64(p.bytes))
	}
	p.bar.Describe("records brought in")
	p.bar.ChangeMax(max(of, done+1)) // a bar that is full ends
	_ = p.bar.Set(done)              // a line that cannot be drawn is not missed
}

// next begins another extract.
func (p *progress) next() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.before, p.brought, p.expected = p.before+p.brought, 0, 0
	clear(p.read)
}

// done takes the line away.
func (p *progress) done() { _ = p.bar.Finish() }

// reading is the files, of which is noted how far they are read.
func (p *progress) reading(files fs.FS) fs.FS { return watched{files, p} }

// was notes how far a file was read. Some are read twice.
func (p *progress) was(name string, to int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if before := p.read[name]; to > before {
		p.read[name], p.bytes = to, p.bytes+to-before
	}
	if percent := 100 * p.bytes / max(p.size, 1); p.before+p.brought == 0 && percent != p.percent {
		p.percent = percent
		p.bar.Describe(fmt.Sprintf("reading, %d %%", percent))
	}
}

// watched is files that are watched while they are read.
type watched struct {
	fs.FS
	progress *progress
}

// Open implements fs.FS.
func (w watched) Open(name string) (fs.File, error) {
	file, err := w.FS.Open(name)
	if err != nil {
		return nil, err
	}
	return &watchedFile{File: file, name: name, progress: w.progress}, nil
}

// ReadDir lists a folder.
func (w watched) ReadDir(name string) ([]fs.DirEntry, error) { return fs.ReadDir(w.FS, name) }

// Stat looks at a file.
func (w watched) Stat(name string) (fs.FileInfo, error) { return fs.Stat(w.FS, name) }

type watchedFile struct {
	fs.File
	name     string
	to       int64
	progress *progress
}

// Read implements fs.File.
func (f *watchedFile) Read(b []byte) (int, error) {
	n, err := f.File.Read(b)
	f.to += int64(n)
	f.progress.was(f.name, f.to)
	return n, err
}
