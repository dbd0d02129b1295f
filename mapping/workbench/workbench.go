// Package workbench is what an integrator does with a folder of maps before it is
// brought into use: run them over a file, test them by cases, draft one from a
// sample, and show a colleague what they do. It opens no store.
package workbench

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io/fs"
	"regexp"
	"strconv"

	"cpagateway/mapping"
	"cpagateway/profiles"
	"cpagateway/profiles/fhir"
)

// Format is a format whose maps are worked on.
type Format interface {
	Program() *mapping.Program
	Read(ctx context.Context, fsys fs.FS, env mapping.Env, out mapping.Output) (mapping.Report, error)
	Back(env mapping.Env, resources []fhir.Value) (map[string][]byte, *mapping.Back)
}

// Env is the environment of a run on the bench. Ids are the keys themselves where
// these can be ids, so that a person can follow them; a gateway's ids are not.
func Env(source, custodian string) mapping.Env {
	return mapping.Env{Source: source, Custodian: custodian, ID: func(_, key string) string { return id(key) }}
}

// Explain tells of one record of a run: FILE:ROW where it stands forward, TYPE/ID or
// its position backward (mapping.Env.Explain).
func Explain(record string, tell func(line, step string)) func(at mapping.Position, line, step string) {
	return func(at mapping.Position, line, step string) {
		if record == at.File || record == strconv.Itoa(at.Row) || record == at.File+":"+strconv.Itoa(at.Row) {
			tell(line, step)
		}
	}
}

var plainID = regexp.MustCompile(`^[A-Za-z0-9.-]{1,64}$`)

var notID = regexp.MustCompile(`[^A-Za-z0-9.]+`)

// id is the key, or what can be an id of it and a checksum that keeps two apart.
func id(key string) string {
	if plainID.MatchString(key) {
		return key
	}
	sum := sha256.Sum256([]byte(key))
	plain := notID.ReplaceAllString(key, "-")
	return plain[:min(len(plain), 55)] + "-" + hex.EncodeToString(sum[:4])
}

// Made is what a run forward made.
type Made struct {
	Resources []mapping.Resource
	Faults    []mapping.Fault
	Report    mapping.Report
	Invalid   map[string]int // what no import takes, as it is no FHIR: place and reason
}

// Take implements mapping.Output.
func (m *Made) Take(resources []mapping.Resource) error {
	m.Resources = append(m.Resources, resources...)
	for _, r := range resources {
		value, err := fhir.ParseResource(r.Body)
		if err != nil {
			return err
		}
		for _, issue := range profiles.Check(value) {
			if issue.Fatal() {
				m.Invalid[index.ReplaceAllString(issue.Path, "")+": "+issue.Text]++
			}
		}
	}
	return nil
}

// index is that of an element in a path.
var index = regexp.MustCompile(`\[[0-9]+\]`)

// SetAside implements mapping.Output.
func (m *Made) SetAside(faults []mapping.Fault, _ []mapping.Resource) error {
	m.Faults = append(m.Faults, faults...)
	return nil
}

// Forward runs a format over files.
func Forward(ctx context.Context, f Format, files fs.FS, env mapping.Env) (*Made, error) {
	made := &Made{Invalid: map[string]int{}}
	var err error
	made.Report, err = f.Read(ctx, files, env, made)
	return made, err
}

// Bundle is what was made as a FHIR collection. What several records say alike, such as
// their person, stands in it once.
func (m *Made) Bundle() []byte {
	var bodies [][]byte
	held := map[[sha256.Size]byte]bool{}
	for _, r := range m.Resources {
		if sum := sha256.Sum256(r.Body); !held[sum] {
			held[sum] = true
			bodies = append(bodies, r.Body)
		}
	}
	return append(Collection(bodies), '\n')
}

// Collection is a Bundle of resources.
func Collection(resources [][]byte) []byte {
	w := fhir.NewWriter(nil)
	w.Object(func() {
		w.Member("resourceType", "Bundle")
		w.Member("type", "collection")
		if len(resources) > 0 {
			w.Name("entry").Array(func() {
				for _, r := range resources {
					w.Object(func() { w.Name("resource").Raw(r) })
				}
			})
		}
	})
	return w.Bytes()
}

// Resources are those of a Bundle, of an array, of lines, or one by itself.
func Resources(content []byte) ([]fhir.Value, error) {
	var found []fhir.Value
	documents, err := documents(content)
	if err != nil {
		return nil, err
	}
	for _, v := range flat(documents) {
		if v.Type() != "Bundle" {
			found = append(found, v)
			continue
		}
		for entry := range v.Get("entry").Each() {
			if r := entry.Get("resource"); r.Exists() {
				found = append(found, r)
			}
		}
	}
	return found, nil
}
