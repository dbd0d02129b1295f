// Package bundle reads FHIR R4 as other servers and Synthea write it: Bundles of
// any type and bare resources, as JSON or NDJSON. A resource keeps its bytes; only
// its id and what its references point to become the gateway's own.
package bundle

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"io/fs"

	"cpagateway/mapping"
)

// Format is the reader. It needs no maps, holds nothing, and is safe for concurrent use.
type Format struct{}

// Rules are the rule ids of what this package sets aside or warns of.
const (
	RuleJSON           = "FHIR-JSON"            // not JSON as profiles/fhir takes it
	RuleEntry          = "FHIR-ENTRY"           // no Bundle and no resource, or an entry without one
	RuleMethod         = "FHIR-METHOD"          // request.method is DELETE or PATCH
	RuleKey            = "FHIR-KEY"             // nothing names the record
	RuleNobody         = "FHIR-NOBODY"          // a type that is about no person, staff or organisation
	RuleNoSubject      = "FHIR-NO-SUBJECT"      // about a person but names none
	RuleSeveralPersons = "FHIR-SEVERAL-PERSONS" // about more than one person
	RuleDuplicate      = "FHIR-DUPLICATE"       // the same key twice
	RuleReference      = "FHIR-REFERENCE"       // warning: a reference left as it was
	RuleVersion        = "FHIR-VERSION"         // warning: a reference to a version leads to the current one now
)

// Read brings in every *.json, *.ndjson and *.jsonl file under fsys, in the order
// of their names: first all Patients, then the rest, so that a person is known
// before what is about them, wherever it stands. Each entry with a resource, and
// each bare resource, is one record read, and is taken or refused; a file or line
// that cannot be read is one record refused.
//
// In memory is one document (see mapping.Documents): a JSON file, an element of an array,
// or a line of NDJSON. Every record, to know it again, and the identifiers of Patients, staff
// and organisations are remembered in env.Scratch. A file with a document that is
// longer is read up to there, and noted as not read.
func (f *Format) Read(ctx context.Context, fsys fs.FS, env mapping.Env, out mapping.Output) (mapping.Report, error) {
	x := newExtract(env, out)
	for _, pass := range []pass{patients, others} {
		x.pass = pass
		x.report.NotRead = nil // the second pass says it again
		err := mapping.Walk(fsys, &x.report, mapping.DocumentFiles, func(name string, file fs.File) error { return x.readFile(ctx, name, file) })
		if err != nil {
			return x.report, fmt.Errorf("reading the extract: %w", err)
		}
		if x.pass == patients && env.Expect != nil {
			env.Expect(x.report.Read + x.ahead)
		}
	}
	return x.report, nil
}

// Reread brings one fragment in again (Fault.Raw, or its mended form). What still
// cannot be read is set aside again.
func (f *Format) Reread(ctx context.Context, raw []byte, env mapping.Env, out mapping.Output) (mapping.Report, error) {
	x := newExtract(env, out)
	for _, pass := range []pass{patients, others} {
		x.pass = pass
		if err := x.readFragment(ctx, raw); err != nil {
			return x.report, fmt.Errorf("reading a fragment: %w", err)
		}
	}
	return x.report, nil
}

// readFragment reads a document, or lines of them. An array was a line or an element that
// is no document.
func (x *extract) readFragment(ctx context.Context, raw []byte) error {
	const name = "fragment"
	if bytes.HasPrefix(raw, []byte("[")) {
		return x.document(ctx, mapping.Position{File: name}, raw)
	}
	return x.readFile(ctx, name, bytes.NewReader(raw))
}

// readFile reads the documents of one file.
func (x *extract) readFile(ctx context.Context, name string, from io.Reader) error {
	return mapping.Documents(name, from, &x.report, func(row int, text []byte) error {
		if len(text) == 0 {
			x.report.Pass(name, "it is empty")
			return nil
		}
		return x.document(ctx, mapping.Position{File: name, Row: row}, text)
	})
}
