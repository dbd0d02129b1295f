package mhsds_test

import (
	"bytes"
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"testing"
	"testing/fstest"

	"cpagateway/mapping"
)

// sink is an Output that counts.
type sink struct{ bytes int }

func (s *sink) Take(resources []mapping.Resource) error {
	for _, r := range resources {
		s.bytes += len(r.Body)
	}
	return nil
}

func (s *sink) SetAside([]mapping.Fault, []mapping.Resource) error { return nil }

const people = 5000

// many is an extract of people with one CPA episode and one review each.
func many(people int) fstest.MapFS {
	var person, episode, review bytes.Buffer
	person.WriteString("LocalPatientID,OrgIDLocalPatientID,PersonBirthDate\n")
	episode.WriteString("CPAEpisodeID,LocalPatientID,StartDateCPA,EndDateCPA\n")
	review.WriteString("CPAEpisodeID,CPAReviewDate,CareProfLocalID\n")
	for i := range people {
		fmt.Fprintf(&person, "P%d,7A4,1970-01-01\n", i)
		fmt.Fprintf(&episode, "E%d,P%d,2020-02-03,\n", i, i)
		fmt.Fprintf(&review, "E%d,2026-06-04,\n", i)
	}
	return fstest.MapFS{
		"MHS000.csv": {Data: []byte(headerCSV)}, "MHS001.csv": {Data: person.Bytes()},
		"MHS701.csv": {Data: episode.Bytes()}, "MHS702.csv": {Data: review.Bytes()},
	}
}

// BenchmarkRead is everything: reading, rules, joins, maps. Compare with
// BenchmarkEncodingCSV, which only cuts the same files into fields.
func BenchmarkRead(b *testing.B) {
	f, fsys := format(b), many(people)
	env := mapping.Env{Source: "mhsds-v6", Custodian: "7A4", ID: func(_, key string) string { return key }}
	b.ReportAllocs()
	for b.Loop() {
		out := &sink{}
		report, err := f.Read(context.Background(), fsys, env, out)
		if err != nil || report.Taken != 3*people+1 {
			b.Fatalf("%v, %d taken", err, report.Taken)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/(3*people), "ns/row")
}

func BenchmarkEncodingCSV(b *testing.B) {
	fsys := many(people)
	b.ReportAllocs()
	for b.Loop() {
		for _, file := range fsys {
			r := csv.NewReader(bytes.NewReader(file.Data))
			for {
				if _, err := r.Read(); err == io.EOF {
					break
				} else if err != nil {
					b.Fatal(err)
				}
			}
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/(3*people), "ns/row")
}
