package intake_test

import (
	"context"
	"io"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"cpagateway/gateway/intake"
	"cpagateway/mapping"
	"cpagateway/mapping/bundle"
	"cpagateway/mapping/ctp"
	ownmaps "cpagateway/mapping/folder"
	"cpagateway/mapping/mhsds"
)

// endless is a folder of one file, which begins with a text and then says the same
// for ever. It counts what is read of it.
type endless struct {
	name, begin, repeat string
	read                int
}

func (e *endless) Open(name string) (fs.File, error) {
	if name == e.name {
		return &endlessFile{of: e, next: e.begin}, nil
	}
	return fstest.MapFS{e.name: {}}.Open(name)
}

type endlessFile struct {
	of   *endless
	next string
}

func (f *endlessFile) Read(p []byte) (n int, err error) {
	for n < len(p) {
		if f.next == "" {
			f.next = f.of.repeat
		}
		k := copy(p[n:], f.next)
		n, f.next = n+k, f.next[k:]
	}
	if f.of.read += n; f.of.read > 1<<30 {
		return 0, io.ErrNoProgress // or a failing test would take the machine with it
	}
	return n, nil
}

func (f *endlessFile) Close() error               { return nil }
func (f *endlessFile) Stat() (fs.FileInfo, error) { return f, nil }
func (f *endlessFile) Name() string               { return f.of.name }
func (f *endlessFile) Size() int64                { return 1 << 40 }
func (f *endlessFile) Mode() fs.FileMode          { return 0o600 }
func (f *endlessFile) ModTime() time.Time         { return time.Time{} }
func (f *endlessFile) IsDir() bool                { return false }
func (f *endlessFile) Sys() any                   { return nil }

// TestWhatNeverEndsIsRefusedAtALimit: lines, documents and elements once were read
// whole, whatever their length.
func TestWhatNeverEndsIsRefusedAtALimit(t *testing.T) {
	fhirBundles := &bundle.Format{}
	plans, err := ctp.New()
	must(t, err)
	tables, err := mhsds.New(mhsds.V6)
	must(t, err)
	own, err := ownmaps.New(fstest.MapFS{"m.map": {Data: []byte("map Row <-> Practitioner\n  key ref\n  in identifier[]\n    \"https://s\" -> system\n    ref <-> value\n")}}, "")
	must(t, err)
	whole := patient("p1", ann) + "\n"
	for name, c := range map[string]struct {
		format intake.Format
		file   endless
		where  string
		taken  int
	}{
		"a line":                          {fhirBundles, endless{name: "a.ndjson", begin: whole + "x", repeat: "xxxxxxxx"}, "line 2 ", 1},
		"a string of a line":              {fhirBundles, endless{name: "a.ndjson", begin: whole + whole + `{"resourceType":"Patient","id":"`, repeat: "abcdefgh"}, "line 3 ", 2},
		"blanks of a line":                {fhirBundles, endless{name: "a.ndjson", repeat: "        "}, "line 1 ", 0},
		"a line of a file by its content": {fhirBundles, endless{name: "a.json", begin: whole + whole + "[", repeat: "0,"}, "line 3 ", 2},
		"a Bundle":                        {fhirBundles, endless{name: "a.json", begin: `{"resourceType":"Bundle","type":"collection","entry":[{}`, repeat: ",{}"}, "it ", 0},
		"a Bundle on many lines":          {fhirBundles, endless{name: "a.json", begin: "{\"resourceType\":\"Bundle\",\"type\":\"collection\",\n\"entry\":[{}", repeat: ",\n{}"}, "it ", 0},
		"brackets":                        {fhirBundles, endless{name: "a.json", repeat: "[[[[[[[["}, "element 1 of its array ", 0},
		"a line of plans":                 {plans, endless{name: "a.jsonl", begin: "\n", repeat: "xxxxxxxx"}, "line 2 ", 0},
		"a plan":                          {plans, endless{name: "a.json", begin: `{"id":"`, repeat: "xxxxxxxx"}, "it ", 0},
		"a plan on many lines":            {plans, endless{name: "a.json", begin: "{\n", repeat: "\"a\":1,\n"}, "it ", 0},
		"a row of one's own":              {own, endless{name: "a.csv", begin: "ref,more\n1,x\n2,\"", repeat: "xxxxxxxx"}, "a row ", 1},
		"rows of one cell of one's own":   {own, endless{name: "a.csv", begin: "ref\n1\n2", repeat: ",,,,"}, "a row ", 1},
		"a document of one's own":         {own, endless{name: "a.json", begin: `[{"ref":"1"},{"ref":"`, repeat: "xxxxxxxx"}, "element 2 ", 1},
		"an element":                      {plans, endless{name: "a.json", begin: `[{},{"id":[0`, repeat: ",0"}, "element 2 of its array ", 0},
	} {
		t.Run(name, func(t *testing.T) {
			d := openDesk(t)
			sum, err := d.Run(context.Background(), intake.Source{Name: "clinic", Format: c.format}, &c.file)
			must(t, err)
			if len(sum.NotRead) != 1 || !strings.HasPrefix(sum.NotRead[0].Reason, c.where) || sum.NotRead[0].File != c.file.name {
				t.Errorf("what was not read: %v", sum.NotRead)
			}
			if sum.Stored+sum.Unchanged != c.taken {
				t.Errorf("%d records taken, want %d", sum.Stored+sum.Unchanged, c.taken)
			}
			if limit := 3 * mapping.MaxDocument; c.file.read > limit {
				t.Errorf("%d bytes were read, and no more than %d should be", c.file.read, limit)
			}
		})
	}
	t.Run("a row of a table", func(t *testing.T) {
		file := endless{name: "MHS001MPI.csv", begin: "LocalPatientId,Gender\n1,1\n", repeat: "1,1,"}
		_, err := openDesk(t).Run(context.Background(), intake.Source{Name: "tables", Format: tables}, &file)
		if err == nil || !strings.Contains(err.Error(), "MHS001MPI.csv: line 3: ") || file.read > 65<<20 {
			t.Errorf("%d bytes were read, and then: %v", file.read, err)
		}
	})
}

// TestADocumentOfMoreThanCanBeHeld: the shorter the values of a document, the more
// memory it takes to read it.
func TestADocumentOfMoreThanCanBeHeld(t *testing.T) {
	d := openDesk(t)
	files := fstest.MapFS{"a.ndjson": {Data: []byte(patient("p1", ann) + "\n" + `{"resourceType":"Basic","a":[0` + strings.Repeat(",0", 5<<20) + "]}\n" + patient("p2", bryn))}}
	sum := d.bring(bundles(t, "clinic"), files)
	if sum.Stored != 2 || sum.Quarantined != 1 || len(sum.SetAside) != 1 || sum.SetAside[0].Row != 2 || !strings.Contains(sum.SetAside[0].Reason, "divide it") {
		t.Errorf("%+v", sum)
	}
}
