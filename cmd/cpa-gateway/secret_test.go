package main

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// inUse is a data folder that an import was brought into, with a configuration of it.
func inUse(t *testing.T) *served {
	t.Helper()
	s := settle(t)
	s.dir = filepath.Join(s.dir, "data")
	if err := os.Mkdir(filepath.Join(s.dir, "agreements"), 0o700); err != nil { // for the commands with --data
		t.Fatal(err)
	}
	return s
}

// starts are the commands that open a store, as they are typed.
func (s *served) starts(t *testing.T) map[string][]string {
	t.Helper()
	extract := write(t, filepath.Join(t.TempDir(), "b.json"), twoPatients)
	return map[string][]string{
		"serve":             {"serve", "--config", s.config},
		"import":            {"import", "--data", s.dir, "--source", "fhir-bundle", extract},
		"import, dry":       {"import", "--data", s.dir, "--source", "fhir-bundle", "--dry-run", extract},
		"import by config":  {"import", "--config", s.config, "--source", "paris", extract},
		"demo":              {"demo", "--addr", free(t), "--data", s.dir},
		"quarantine list":   {"quarantine", "list", "--data", s.dir},
		"quarantine show":   {"quarantine", "show", "x", "--config", s.config},
		"quarantine retry":  {"quarantine", "retry", "x", "--data", s.dir},
		"consent explain":   {"consent", "explain", "--data", s.dir, "--person", "9990000018", "--caller", "gp"},
		"explain by config": {"consent", "explain", "--config", s.config, "--person", "9990000018", "--caller", "demo-gp"},
	}
}

// contents is every file below a folder, by name.
func contents(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := filepath.WalkDir(dir, func(name string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			files[name] = "folder"
			return err
		}
		text, err := os.ReadFile(name)
		files[name] = fmt.Sprintf("%x", sha256.Sum256(text))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// A folder whose secret was lost once got a new one at the next start, so that
// every id changed and an import kept every record a second time.
func TestNoStartAndNoNewSecretWhereTheSecretIsLost(t *testing.T) {
	for name, lose := range map[string]struct {
		do   func(secret string) error
		says string
	}{
		"missing":   {os.Remove, "is missing"},
		"empty":     {func(secret string) error { return os.WriteFile(secret, nil, 0o600) }, "has 0 bytes"},
		"too short": {func(secret string) error { return os.Truncate(secret, secretSize-1) }, "has 31 bytes"},
		"too long":  {func(secret string) error { return os.WriteFile(secret, make([]byte, secretSize+1), 0o600) }, "has 33 bytes"},
	} {
		t.Run(name, func(t *testing.T) {
			s := inUse(t)
			secret := filepath.Join(s.dir, secretFile)
			if err := lose.do(secret); err != nil {
				t.Fatal(err)
			}
			before := contents(t, s.dir)
			for command, args := range s.starts(t) {
				p := cli(args...).must(t, exitUsage)
				if !strings.Contains(p.errs, secret+" "+lose.says) || !strings.Contains(p.errs, "backup") || p.out != "" {
					t.Errorf("%s says %q, prints %q", command, p.errs, p.out)
				}
			}
			if after := contents(t, s.dir); !maps.Equal(before, after) {
				t.Errorf("what was refused changed the folder: %v", slices.Sorted(maps.Keys(after)))
			}
		})
	}
}

// Each file that a start leaves behind shows by itself that the folder is in use.
func TestEachFileShowsThatTheFolderIsInUse(t *testing.T) {
	for _, name := range []string{"records.db", "records.db-wal", "audit.key", "audit.pub", "audit.checkpoint"} {
		dir := t.TempDir()
		write(t, filepath.Join(dir, name), "")
		extract := write(t, filepath.Join(t.TempDir(), "b.json"), twoPatients)
		if p := cli("import", "--data", dir, "--source", "fhir-bundle", extract).must(t, exitUsage); !strings.Contains(p.errs, name) {
			t.Errorf("%s is not named: %q", name, p.errs)
		}
		if left := contents(t, dir); len(left) != 2 {
			t.Errorf("beside %s: %v", name, left)
		}
	}
}

// A folder that holds only what an operator put there, or that is not there yet, is new.
func TestANewFolderGetsASecret(t *testing.T) {
	extract := write(t, filepath.Join(t.TempDir(), "b.json"), twoPatients)
	prepared := t.TempDir()
	for _, name := range []string{"agreements", "lost+found"} {
		if err := os.Mkdir(filepath.Join(prepared, name), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	for _, dir := range []string{prepared, t.TempDir(), filepath.Join(t.TempDir(), "none")} {
		for range 2 {
			cli("import", "--data", dir, "--source", "fhir-bundle", extract).must(t, exitRefused)
		}
		info, err := os.Stat(filepath.Join(dir, secretFile))
		if err != nil || info.Size() != secretSize || info.Mode().Perm() != 0o600 {
			t.Errorf("the secret: %v, %v", info, err)
		}
	}
}

// The secret of another folder once opened this one, and kept every record a
// second time.
func TestTheSecretOfAnotherFolderIsRefused(t *testing.T) {
	s := inUse(t)
	secret := filepath.Join(s.dir, secretFile)
	own, err := os.ReadFile(secret)
	if err != nil {
		t.Fatal(err)
	}
	write(t, secret, strings.Repeat("another ", secretSize/8))
	for command, args := range s.starts(t) {
		if p := cli(args...).must(t, exitUsage); !strings.Contains(p.errs, secret+" is not the secret") || p.out != "" {
			t.Errorf("%s says %q, prints %q", command, p.errs, p.out)
		}
	}
	cli("audit", "verify", "--config", s.config).must(t, exitDone) // whoever verifies has no need of the secret
	write(t, secret, string(own))
	cli("quarantine", "list", "--config", s.config).must(t, exitDone)
}

// Two processes that started on one folder once each made a secret, and the ids
// of one of them were lost with it.
func TestTwoStartsAgreeOnTheSecret(t *testing.T) {
	for range 50 {
		dir := t.TempDir()
		var secrets [2][]byte
		var errs [2]error
		var both sync.WaitGroup
		start := make(chan struct{})
		for i := range secrets {
			both.Go(func() {
				<-start
				secrets[i], errs[i] = secretIn(dir)
			})
		}
		close(start)
		both.Wait()
		if errs[0] != nil || errs[1] != nil || !bytes.Equal(secrets[0], secrets[1]) || len(secrets[0]) != secretSize {
			t.Fatalf("they differ: %v, %v", errs[0], errs[1])
		}
		kept, err := os.ReadFile(filepath.Join(dir, secretFile))
		if err != nil || !bytes.Equal(kept, secrets[0]) {
			t.Fatalf("another one is kept: %v", err)
		}
		if left, err := os.ReadDir(dir); err != nil || len(left) != 1 {
			t.Fatalf("%d files left: %v", len(left), err)
		}
	}
}

// Two whole starts on a new folder agree as well: neither takes what the other
// has just made for a folder whose secret is lost.
func TestTwoStartsOnANewFolder(t *testing.T) {
	for range 5 {
		dir := t.TempDir()
		var both sync.WaitGroup
		for range 2 {
			both.Go(func() {
				w := world{ctx: t.Context(), out: &lockedBuffer{}, err: &lockedBuffer{}, clock: time.Now}
				s, err := openFolder(w, dir)
				if err != nil {
					t.Errorf("refused: %v", err)
					return
				}
				if err := s.Close(); err != nil {
					t.Error(err)
				}
			})
		}
		both.Wait()
	}
}
