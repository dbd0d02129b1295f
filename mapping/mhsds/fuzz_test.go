package mhsds_test

import (
	"context"
	"os"
	"testing"

	"cpagateway/profiles/fhir"
)

// FuzzExtract: no file makes a run panic, lose count, or make what is no resource;
// and every fragment can be read.
func FuzzExtract(f *testing.F) {
	tables := []string{"MHS701CPACareEpisode.csv", "MHS001MPI.CSV", "MHS702CPAReview.csv", "MHS000.csv"}
	for i, name := range tables[:3] {
		text, err := os.ReadFile("testdata/faulty/" + name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(byte(i), string(text))
	}
	format := format(f)
	f.Fuzz(func(t *testing.T, table byte, text string) {
		b := &book{}
		fsys := folder(map[string]string{tables[int(table)%len(tables)]: text})
		report, err := format.Read(context.Background(), fsys, env, b)
		if err != nil {
			t.Skip("a folder that cannot be read at all")
		}
		holds(t, b, report)
		for _, fault := range b.aside {
			if fault.Raw == nil {
				continue
			}
			if _, err := fhir.Parse(fault.Raw); err != nil {
				t.Errorf("a fragment that is no JSON: %v", err)
			}
			if _, err := format.Reread(context.Background(), fault.Raw, env, &book{}); err != nil {
				t.Errorf("a fragment that cannot be read: %v", err)
			}
		}
	})
}

// FuzzReread: no fragment makes a run panic or lose count.
func FuzzReread(f *testing.F) {
	b, _ := read(f, os.DirFS("testdata/faulty"))
	for _, fault := range b.aside[:20] {
		if fault.Raw != nil {
			f.Add(fault.Raw)
		}
	}
	format := format(f)
	f.Fuzz(func(t *testing.T, raw []byte) {
		b := &book{}
		report, err := format.Reread(context.Background(), raw, env, b)
		if err == nil {
			holds(t, b, report)
		}
	})
}
