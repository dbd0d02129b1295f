package workbench

import (
	"context"
	"encoding/base64"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
	"testing/fstest"

	"cpagateway/mapping"
	"cpagateway/profiles/fhir"
)

// Content is what somebody gives to be mapped: files of a foreign format by their
// names, or FHIR resources.
type Content struct {
	Files     map[string][]byte
	Resources []fhir.Value
}

// Transform runs shipped maps over what is given, and over nothing else. The answer is
// a FHIR Parameters: return is a Bundle of the resources, or of a Binary for each file;
// outcome is an OperationOutcome that names every loss, without a value.
func (w Way) Transform(ctx context.Context, custodian string, given Content) ([]byte, error) {
	f, err := w.open()
	if err != nil {
		return nil, err
	}
	env := Env(w.Name, custodian)
	if w.Back == FromFHIR {
		files, back := f.Back(env, given.Resources)
		return parameters(binaries(files), toldBack(back)), ctx.Err()
	}
	files := fstest.MapFS{}
	for name, data := range given.Files {
		files[name] = &fstest.MapFile{Data: data}
	}
	made, err := Forward(ctx, f, files, env)
	if err != nil {
		return nil, err
	}
	return parameters(made.Bundle(), told(made)), nil
}

// issue is one that an OperationOutcome tells.
type issue struct{ severity, code, text string }

func told(made *Made) []issue {
	issues := faultIssues(made.Faults)
	for _, passed := range made.Report.NotRead {
		issues = append(issues, issue{"error", "not-supported", "not read: " + passed.File + ": " + passed.Reason})
	}
	issues = append(issues, counted("warning", "incomplete", "left behind", made.Report.LeftBehind)...)
	issues = append(issues, counted("warning", "invalid", NotFHIR, made.Invalid)...)
	issues = append(issues, counted("information", "informational", "defaulted", made.Report.Defaulted)...)
	return append(issues, issue{"information", "informational", fmt.Sprintf("%d records read, %d taken, %d refused", made.Report.Read, made.Report.Taken, made.Report.Refused)})
}

func toldBack(back *mapping.Back) []issue {
	issues := faultIssues(back.Faults)
	issues = append(issues, counted("warning", "incomplete", "dropped", back.Dropped)...)
	issues = append(issues, counted("information", "informational", "minted", back.Minted)...)
	issues = append(issues, counted("warning", "incomplete", "added", back.Added)...)
	return append(issues, issue{"information", "informational", fmt.Sprintf("%d resources read, %d not representable", back.Read, back.Refused)})
}

// faultIssues tell faults without their values.
func faultIssues(faults []mapping.Fault) []issue {
	var issues []issue
	for _, f := range faults {
		severity := "error"
		if f.Warning {
			severity = "warning"
		}
		issues = append(issues, issue{severity, "processing", fmt.Sprintf("%s: %s: %s", f.At, f.Rule, f.Reason)})
	}
	return issues
}

// NotFHIR stands before what Made.Invalid counts.
const NotFHIR = "not valid FHIR, and set aside by an import"

func counted(severity, code, what string, counts map[string]int) []issue {
	var issues []issue
	for _, name := range slices.Sorted(maps.Keys(counts)) {
		issues = append(issues, issue{severity, code, fmt.Sprintf("%s: %s %d", what, name, counts[name])})
	}
	return issues
}

func parameters(result []byte, issues []issue) []byte {
	w := fhir.NewWriter(nil)
	one := func(name string, resource []byte) {
		w.Object(func() {
			w.Member("name", name)
			w.Name("resource").Raw(resource)
		})
	}
	w.Object(func() {
		w.Member("resourceType", "Parameters")
		w.Name("parameter").Array(func() {
			one("return", result)
			one("outcome", outcome(issues))
		})
	})
	return w.Bytes()
}

func outcome(issues []issue) []byte {
	w := fhir.NewWriter(nil)
	w.Object(func() {
		w.Member("resourceType", "OperationOutcome")
		w.Name("issue").Array(func() {
			for _, i := range issues {
				w.Object(func() {
					w.Member("severity", i.severity)
					w.Member("code", i.code)
					w.Name("details").Object(func() { w.Member("text", i.text) })
				})
			}
		})
	})
	return w.Bytes()
}

// binaries are files as a Bundle: each a Binary whose id is its name.
func binaries(files map[string][]byte) []byte {
	var all [][]byte
	for _, name := range slices.Sorted(maps.Keys(files)) {
		w := fhir.NewWriter(nil)
		w.Object(func() {
			w.Member("resourceType", "Binary")
			w.Member("id", name)
			w.Member("contentType", mediaType(name))
			w.Member("data", base64.StdEncoding.EncodeToString(files[name]))
		})
		all = append(all, w.Bytes())
	}
	return Collection(all)
}

func mediaType(name string) string {
	switch strings.ToLower(path.Ext(name)) {
	case ".csv":
		return "text/csv"
	case ".json":
		return "application/json"
	}
	return "text/plain"
}
