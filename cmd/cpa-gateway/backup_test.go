package main

import (
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// folderInUse is a data folder with records in it, and the extract that they came in.
func folderInUse(t *testing.T) (dir, extract string) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "data")
	extract = write(t, filepath.Join(t.TempDir(), "b.json"), twoPatients)
	cli("import", "--data", dir, "--source", "fhir-bundle", extract).must(t, exitRefused)
	return dir, extract
}

func TestWhatIsRestoredGoesOnWhereTheBackupWasMade(t *testing.T) {
	dir, extract := folderInUse(t)
	agreement, err := os.ReadFile("../../gateway/demo/cast/agreements/isp-cpa-0001.yaml")
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "agreements", "isp.yaml"), string(agreement))
	to, restored := filepath.Join(t.TempDir(), "backup"), filepath.Join(t.TempDir(), "restored")
	cli("backup", "--data", dir, to).must(t, exitDone)
	cli("restore", to, "--data", restored).must(t, exitDone)
	cli("audit", "verify", "--data", restored).must(t, exitDone)

	again := cli("import", "--data", restored, "--source", "fhir-bundle", "--json", extract).must(t, exitRefused).object(t)
	first := cli("import", "--data", dir, "--source", "fhir-bundle", "--json", extract).must(t, exitRefused).object(t)
	if again["stored"].(float64) != 0 || again["unchanged"] != first["unchanged"] {
		t.Errorf("an import after the restoring stored %v: ids changed", again["stored"])
	}
	for _, name := range []string{"agreements/isp.yaml", "sources/fhir-bundle.yaml"} {
		if _, err := os.Stat(filepath.Join(restored, name)); err != nil {
			t.Error(err)
		}
	}
	if left, _ := filepath.Glob(restored + ".*"); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestABackupOfAServingGatewayIsWhole(t *testing.T) {
	s := inUse(t)
	s.openIssuer()
	s.start()
	s.await("/readyz", 200)
	token := s.token("gp")
	asked := make(chan struct{})
	go func() {
		defer close(asked)
		for range 50 {
			s.ask(token)
		}
	}()
	for i := range 3 {
		to := filepath.Join(t.TempDir(), "backup")
		cli("backup", "--config", s.config, to).must(t, exitDone)
		if p := cli("restore", to, "--data", filepath.Join(t.TempDir(), "restored")).must(t, exitDone); !strings.Contains(p.out, "verified") {
			t.Errorf("backup %d: %q", i, p.out)
		}
	}
	<-asked
}

func TestABackupThatIsNotWholeIsRefused(t *testing.T) {
	dir, _ := folderInUse(t)
	for name, spoil := range map[string]func(to string) error{
		"no list":         func(to string) error { return os.Remove(filepath.Join(to, manifestFile)) },
		"a lost secret":   func(to string) error { return os.Remove(filepath.Join(to, secretFile)) },
		"a lost key":      func(to string) error { return os.Remove(filepath.Join(to, "audit.pub")) },
		"records cut off": func(to string) error { return os.Truncate(filepath.Join(to, "records.db"), 4096) },
		"another secret": func(to string) error {
			return os.WriteFile(filepath.Join(to, secretFile), make([]byte, secretSize), 0o600)
		},
		"a changed list": func(to string) error { return os.WriteFile(filepath.Join(to, manifestFile), []byte("{}}"), 0o600) },
		"a file elsewhere": func(to string) error {
			return os.WriteFile(filepath.Join(to, manifestFile), []byte(`{"files":{"../x":""}}`), 0o600)
		},
	} {
		t.Run(name, func(t *testing.T) {
			to, restored := filepath.Join(t.TempDir(), "backup"), filepath.Join(t.TempDir(), "restored")
			cli("backup", "--data", dir, to).must(t, exitDone)
			if err := spoil(to); err != nil {
				t.Fatal(err)
			}
			cli("restore", to, "--data", restored).must(t, exitUsage)
			if found, _ := filepath.Glob(restored + "*/*"); len(found) != 0 {
				t.Errorf("left behind: %v", found)
			}
		})
	}
}

func TestNothingIsWrittenOver(t *testing.T) {
	dir, _ := folderInUse(t)
	to := filepath.Join(t.TempDir(), "backup")
	cli("backup", "--data", dir, to).must(t, exitDone)
	before := contents(t, to)
	cli("backup", "--data", dir, to).must(t, exitUsage)
	cli("restore", to, "--data", dir).must(t, exitUsage)
	cli("restore", to, "--data", to).must(t, exitUsage)
	if !maps.Equal(before, contents(t, to)) {
		t.Error("a second backup changed the first")
	}
	for _, args := range [][]string{{"backup", "--data", dir}, {"backup", to}, {"restore", to}, {"restore", "--data", dir}, {"restore", to, "x", "--data", dir}, {"backup", "--data", filepath.Join(dir, "none"), to}} {
		cli(args...).must(t, exitUsage)
	}
}

func TestAFolderWithoutItsSecretIsNotBackedUp(t *testing.T) {
	dir, _ := folderInUse(t)
	if err := os.Remove(filepath.Join(dir, secretFile)); err != nil {
		t.Fatal(err)
	}
	cli("backup", "--data", dir, filepath.Join(t.TempDir(), "backup")).must(t, exitUsage)
}
