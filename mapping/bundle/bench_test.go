package bundle_test

import (
	"context"
	"fmt"
	"strings"
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

// BenchmarkRead is one bundle of many plans, each with a reference that leads
// nowhere: the time per record must not grow with the bundle.
func BenchmarkRead(b *testing.B) {
	for _, plans := range []int{1_000, 30_000} {
		b.Run(fmt.Sprint(plans), func(b *testing.B) {
			var s strings.Builder
			s.WriteString(`{"resourceType":"Bundle","type":"transaction","entry":[{"fullUrl":"urn:uuid:p","resource":{"resourceType":"Patient","id":"p"}}`)
			for i := range plans {
				fmt.Fprintf(&s, `,{"fullUrl":"urn:uuid:c%d","resource":{"resourceType":"CarePlan","id":"c%d","subject":{"reference":"urn:uuid:p"},"author":{"reference":"Practitioner?identifier=s|%d"}}}`, i, i, i)
			}
			s.WriteString(`]}`)
			fsys := fstest.MapFS{"bundle.json": {Data: []byte(s.String())}}
			b.SetBytes(int64(s.Len()))
			b.ReportAllocs()
			for b.Loop() {
				report, err := format.Read(context.Background(), fsys, env, &sink{})
				if err != nil || report.Taken != plans+1 {
					b.Fatalf("%v, %d taken", err, report.Taken)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(plans), "ns/record")
		})
	}
}
