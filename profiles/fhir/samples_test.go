package fhir

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Published FHIR documents beside the project (../shared), none of them ours.
var published = []string{
	"samples/fhir-hl7-r4-examples", "samples/fhir-synthea-r4", "samples/fhir-synthea-stu3", "samples/fhir-uk", "samples/hl7v2-ms", "fhir/r4core",
}

// shared finds a folder of ../shared, or skips the test by its name.
func shared(t *testing.T, name string) string {
	t.Helper()
	root, err := os.Getwd()
	for ; err == nil; root = filepath.Dir(root) {
		if _, err := os.Stat(filepath.Join(root, "go.mod")); err == nil {
			break
		}
		if root == filepath.Dir(root) {
			t.Fatal("no go.mod above the test")
		}
	}
	folder := filepath.Join(root, "..", "shared", filepath.FromSlash(name))
	if _, err := os.Stat(folder); err != nil {
		t.Skipf("../shared/%s is not there", name)
	}
	return folder
}

// Every published document is accepted, comes back byte for byte, whole and
// spliced, and means what encoding/json reads.
func TestPublishedDocuments(t *testing.T) {
	for _, name := range published {
		t.Run(name, func(t *testing.T) {
			files := 0
			err := filepath.WalkDir(shared(t, name), func(path string, entry fs.DirEntry, err error) error {
				if err != nil || !strings.HasSuffix(path, ".json") || entry.Name() == "package.json" {
					return err
				}
				src, err := os.ReadFile(path)
				if err != nil {
					return err
				}
				files++
				publishedDocument(t, filepath.Base(path), src)
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			if files == 0 {
				t.Fatalf("../shared/%s holds no JSON", name)
			}
			t.Logf("%d documents", files)
		})
	}
}

func publishedDocument(t *testing.T, name string, src []byte) {
	v, err := ParseResource(src)
	if err != nil {
		t.Errorf("%s: %v", name, err)
		return
	}
	if err := roundTrip(v, src); err != nil {
		t.Errorf("%s: %v", name, err)
	}
	for member, value := range v.Members() {
		same, err := SetMember(v, member, value.Raw())
		if err != nil || !bytes.Equal(same, v.Raw()) {
			t.Errorf("%s: setting %s to itself changes something (%v)", name, member, err)
		}
	}
	if v.Path() != v.Type() {
		t.Errorf("%s: the path of a %s begins with %s", name, v.Type(), v.Path())
	}
}
