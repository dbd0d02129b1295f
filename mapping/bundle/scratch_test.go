package bundle_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"testing/fstest"

	"cpagateway/mapping/scratch"
	"cpagateway/profiles"
)

var errDisk = errors.New("the disk is full")

// fullDisk is a file that fails from its n-th use on.
type fullDisk struct {
	scratch.File
	left *int
}

func (d fullDisk) ReadAt(p []byte, at int64) (int, error) {
	if *d.left--; *d.left < 0 {
		return 0, errDisk
	}
	return d.File.ReadAt(p, at)
}

func (d fullDisk) WriteAt(p []byte, at int64) (int, error) {
	if *d.left--; *d.left < 0 {
		return 0, errDisk
	}
	return d.File.WriteAt(p, at)
}

// What a run can no longer remember ends it: a Patient who was in doubt, or a plan that
// came before, must not pass for one that was never met. What was given until then is
// what a whole disk gives.
func TestARunEndsWhereItCanRememberNoMore(t *testing.T) {
	var lines bytes.Buffer
	const people = 12_000
	for i := range people {
		fmt.Fprintf(&lines, `{"resourceType":"Patient","id":"p%d","identifier":[{"system":%q,"value":"k%d"},{"system":"urn:own","value":"o%d"}]}`+"\n", i%(people-50), profiles.Base+"/Id/local", i, i)
	}
	for i := range 300 {
		fmt.Fprintf(&lines, `{"resourceType":"CarePlan","id":"c%d","status":"active","intent":"plan","subject":{"identifier":{"system":"urn:own","value":"o%d"}}}`+"\n", i, i*20)
	}
	extract := fstest.MapFS{"extract.ndjson": {Data: lines.Bytes()}}
	whole, _ := read(t, extract)
	if len(whole.taken) < people/2 || len(whole.refused()) == 0 {
		t.Fatalf("%d taken, %d refused: the test looks at too little", len(whole.taken), len(whole.refused()))
	}
	for _, left := range []int{0, 1, 100, 5000, 10_000, 20_000} {
		uses, folder, n := left, t.TempDir(), 0
		broken := env
		broken.Scratch = func() (scratch.File, error) {
			n++
			f, err := os.Create(filepath.Join(folder, fmt.Sprint(n)))
			t.Cleanup(func() { _ = f.Close() })
			return fullDisk{f, &uses}, err
		}
		b := &book{}
		_, err := format.Read(context.Background(), extract, broken, b)
		if !errors.Is(err, errDisk) {
			t.Fatalf("after %d uses of the disk: %v, %d left", left, err, uses)
		}
		for i, r := range b.taken {
			if w := whole.taken[i]; r.Type != w.Type || r.Key != w.Key || r.Person != w.Person || !bytes.Equal(r.Body, w.Body) {
				t.Fatalf("after %d uses of the disk: record %d is not what a whole disk gives", left, i)
			}
		}
		for i, f := range b.aside {
			if w := whole.aside[i]; f.Rule != w.Rule || f.At != w.At {
				t.Fatalf("after %d uses of the disk: %s is set aside otherwise", left, f.At.File)
			}
		}
	}
}
