package mhsds_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"

	"cpagateway/mapping"
	"cpagateway/profiles/fhir"
)

func reread(t testing.TB, raw []byte) (*book, mapping.Report) {
	t.Helper()
	b := &book{}
	report, err := format(t).Reread(context.Background(), raw, env, b)
	if err != nil {
		t.Fatalf("rereading: %v\n%s", err, raw)
	}
	holds(t, b, report)
	return b, report
}

// An unfixed fragment is set aside again, by the same rule: feeding it in twice is no way round.
func TestUnfixedFragmentIsRefusedAgain(t *testing.T) {
	b, _ := read(t, os.DirFS("testdata/faulty"))
	tried := 0
	for _, f := range b.aside {
		if f.Warning {
			continue
		}
		tried++
		again, _ := reread(t, f.Raw)
		found := false
		for _, g := range again.aside {
			found = found || g.Rule == f.Rule && g.At.Field == f.At.Field && !g.Warning
		}
		if !found {
			t.Errorf("%s of %s:%d was taken unfixed\n%s", f.Rule, f.At.File, f.At.Row, f.Raw)
		}
	}
	if tried < 40 {
		t.Errorf("tried only %d", tried)
	}
}

// Nothing of a row that was set aside is lost: every cell stands in its fragment.
func TestFragmentHoldsTheWholeRow(t *testing.T) {
	b, _ := read(t, os.DirFS("testdata/faulty"))
	for file, cells := range map[string][]string{
		"MHS701CPACareEpisode.csv:3":  {"2026-06-10", "E3", "A3", "2026-06-12"},
		"MHS701CPACareEpisode.csv:11": {"E10", "A9", "2026-06-01", ",extra"},
		"MHS701CPACareEpisode.csv:12": {",E11"},
		"MHS701CPACareEpisode.csv:13": {`,E12,A9,20\"26-06-01`},
		"MHS702CPAReview.csv:6":       {"RTEsMjAyNi0wNi0xMyxT/w=="},
		"MHS702CPAReview.csv:7":       {`E1,2026-06-13,S\u00001`},
		"MHS001MPI.CSV:9":             {`\"1988-08-08,CF10 1AA`},
		"MHS001MPI.CSV:2":             {"31/02/1980", "9990000034", "E4", "C3"},
	} {
		found := false
		for _, f := range b.aside {
			if name, row, _ := strings.Cut(file, ":"); f.At.File == name && row == strconv.Itoa(f.At.Row) && !f.Warning {
				found = true
				for _, cell := range cells {
					if !bytes.Contains(f.Raw, []byte(cell)) {
						t.Errorf("%s: %s is not in\n%s", file, cell, f.Raw)
					}
				}
			}
		}
		if !found {
			t.Errorf("%s was not set aside", file)
		}
	}
}

// A fixed fragment makes what the fixed extract would have made, byte for byte,
// and the rest of the person as it was.
func TestFixedFragmentMakesTheWholePerson(t *testing.T) {
	files := fstest.MapFS{}
	for _, name := range soundFiles(t) {
		text, err := os.ReadFile("testdata/sound/" + name)
		if err != nil {
			t.Fatal(err)
		}
		files[name] = &fstest.MapFile{Data: text}
	}
	good, _ := read(t, files)
	for file, fault := range map[string][2]string{
		"MHS001MPI.csv":              {"1961-03-04", "1961-02-31"},
		"MHS006MHCareCoord.csv":      {"2026-06-09", "2019-06-09"},
		"MHS008CarePlanType.csv":     {"2026-06-05", "2026-06-01"},
		"MHS102OtherServiceType.csv": {"2026-06-28", "2026-05-28"},
		"MHS701CPACareEpisode.csv":   {"2012-04-01", ""},
		"MHS702CPAReview.csv":        {"E2,2026-06-25", "E2,2026-06-31"},
	} {
		t.Run(file, func(t *testing.T) {
			text := string(files[file].Data)
			bad := strings.Replace(text, fault[0], fault[1], 1)
			faulty := fstest.MapFS{file: {Data: []byte(bad)}}
			for name, f := range files {
				if name != file {
					faulty[name] = f
				}
			}
			b, report := read(t, faulty)
			if report.Refused == 0 {
				t.Fatal("nothing was refused")
			}
			raw := firstRaw(b)
			fixed := fix(t, raw, file, fault)
			again, report := reread(t, fixed)
			if report.Refused != 0 {
				t.Fatalf("refused %d of the fixed fragment: %+v", report.Refused, again.aside)
			}
			person := 0
			for _, r := range again.taken {
				if !holdsResource(good.taken, r) {
					t.Errorf("%s %s is not what the sound extract makes\n%s", r.Type, r.Key, r.Body)
				}
				if r.Person != "" {
					person++
				}
			}
			if want := 10; person != want {
				t.Errorf("the fragment made %d resources of the person, want %d", person, want)
			}
		})
	}
}

func firstRaw(b *book) []byte {
	for _, f := range b.aside {
		if !f.Warning {
			return f.Raw
		}
	}
	return nil
}

// fix puts the right text back, as a person at the quarantine would.
func fix(t *testing.T, raw []byte, file string, fault [2]string) []byte {
	t.Helper()
	if fault[1] == "" { // a field that was blank has no member yet
		return bytes.Replace(raw, []byte(`"CPAEpisodeID":"E1","LocalPatientID"`), []byte(`"CPAEpisodeID":"E1","StartDateCPA":"`+fault[0]+`","LocalPatientID"`), 1)
	}
	wrong, right := fault[1], fault[0]
	if _, after, ok := strings.Cut(wrong, ","); ok {
		_, right, _ = strings.Cut(right, ",")
		wrong = after
	}
	table := []byte(strings.TrimSuffix(file, ".csv"))
	i := bytes.Index(raw, table)
	if i < 0 {
		t.Fatalf("%s is not in the fragment", table)
	}
	return append(bytes.Clone(raw[:i]), bytes.Replace(raw[i:], []byte(wrong), []byte(right), 1)...)
}

func holdsResource(taken []mapping.Resource, want mapping.Resource) bool {
	for _, r := range taken {
		if r.Type == want.Type && r.ID == want.ID && bytes.Equal(r.Body, want.Body) {
			return true
		}
	}
	return false
}

func soundFiles(t *testing.T) []string {
	t.Helper()
	entries, err := os.ReadDir("testdata/sound")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

// A broken line of a person's brings the person's group along, so that a fixed line finds it.
func TestFixedLineFindsItsPerson(t *testing.T) {
	b, _ := read(t, os.DirFS("testdata/faulty"))
	var raw []byte
	for _, f := range b.aside {
		if f.At.File == "MHS701CPACareEpisode.csv" && f.At.Row == 13 {
			raw = f.Raw
		}
	}
	v, err := fhir.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	line := `"_line":",E12,A9,20\"26-06-01",`
	if !bytes.Contains(v.Raw(), []byte(line)) {
		t.Fatalf("the fragment does not hold %s\n%s", line, raw)
	}
	fixed := bytes.Replace(raw, []byte(line), []byte(`"StartDateCPA":"2026-06-01",`), 1)
	again, _ := reread(t, fixed)
	for _, r := range again.taken {
		if r.Type == "EpisodeOfCare" && r.Key == "7A4|E12" {
			return
		}
	}
	t.Errorf("E12 was not taken: %+v", again.aside)
}

func TestRereadRefusesWhatIsNoFragment(t *testing.T) {
	for _, raw := range []string{"", "null", "[]", `{"MHS999":[]}`, `{"MHS701":[],"MHS701":[]}`, `{"MHS000":`} {
		if _, err := format(t).Reread(context.Background(), []byte(raw), env, &book{}); !errors.Is(err, mapping.ErrFragment) {
			t.Errorf("%q was taken", raw)
		}
	}
	b, report := reread(t, []byte(`{"MHS000Header":[7,{"x":{"y":1}}],"MHS701":{"CPAEpisodeID":"E"}}`))
	if report.Taken != 0 || len(b.aside) == 0 {
		t.Errorf("took %d rows of nonsense", report.Taken)
	}
}
