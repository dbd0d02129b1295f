package main

import (
	"crypto/ed25519"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"cpagateway/gateway/audit"
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

// After a restore that was killed the next was told of a folder that nobody had named.
func TestWhatIsLeftOfARestoreIsNamed(t *testing.T) {
	dir, _ := folderInUse(t)
	to, restored := filepath.Join(t.TempDir(), "backup"), filepath.Join(t.TempDir(), "restored")
	cli("backup", "--data", dir, to).must(t, exitDone)
	if err := putNew(filepath.Join(restored+".restoring", "records.db"), strings.NewReader("half")); err != nil {
		t.Fatal(err)
	}
	if p := cli("restore", to, "--data", restored).must(t, exitUsage); !strings.Contains(p.errs, restored+".restoring is left of a restore that was stopped: take it away") {
		t.Errorf("says %q", p.errs)
	}
}

func TestAFolderWithoutItsSecretIsNotBackedUp(t *testing.T) {
	dir, _ := folderInUse(t)
	if err := os.Remove(filepath.Join(dir, secretFile)); err != nil {
		t.Fatal(err)
	}
	cli("backup", "--data", dir, filepath.Join(t.TempDir(), "backup")).must(t, exitUsage)
}

// The audit key is changed as docs/running.md has it; what the old one signed still verifies.
func TestTheAuditKeyCanBeChanged(t *testing.T) {
	s := settle(t)
	data := filepath.Join(s.dir, "data")
	_, key, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	private, privateErr := x509.MarshalPKCS8PrivateKey(key)
	public, publicErr := x509.MarshalPKIXPublicKey(key.Public())
	list, listErr := os.OpenFile(filepath.Join(data, audit.PublicFile), os.O_APPEND|os.O_WRONLY, 0)
	if err := errors.Join(privateErr, publicErr, listErr); err != nil {
		t.Fatal(err)
	}
	defer list.Close()
	write(t, filepath.Join(data, audit.KeyFile), string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})))
	if err := pem.Encode(list, &pem.Block{Type: "PUBLIC KEY", Bytes: public}); err != nil {
		t.Fatal(err)
	}
	cli("audit", "show", "--config", s.config, "--person", "9990000018").must(t, exitDone) // is recorded, by the new key
	cli("audit", "verify", "--config", s.config).must(t, exitDone)
}

// Where the disk was full a copy left the beginning of a file, and the next one took it for whole.
func TestWhatCannotBeCopiedWholeIsNotThere(t *testing.T) {
	name := filepath.Join(t.TempDir(), "gateway.secret")
	full := errors.New("no space left on device")
	if err := putNew(name, io.MultiReader(strings.NewReader("half"), iotest.ErrReader(full))); !errors.Is(err, full) {
		t.Errorf("error %v", err)
	}
	if _, err := os.Stat(name); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("what is left of it: %v", err)
	}
}

// What a backup that failed had copied stayed: the next one of the same name was refused for it.
func TestABackupThatFailsLeavesNothing(t *testing.T) {
	dir, _ := folderInUse(t)
	unreadable := filepath.Join(dir, agreementsName, "folder.yaml") // it is copied after the records
	if err := os.MkdirAll(unreadable, 0o700); err != nil {
		t.Fatal(err)
	}
	to := filepath.Join(t.TempDir(), "backup")
	cli("backup", "--data", dir, to).must(t, exitFailed)
	if left, err := os.ReadDir(to); err != nil || len(left) != 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
	if err := os.Remove(unreadable); err != nil {
		t.Fatal(err)
	}
	cli("backup", "--data", dir, to).must(t, exitDone)
}

// A backup that finds a file of its own there fails, and takes nothing of what another one makes in the
// same folder at the same time.
func TestABackupTakesNothingOfAnotherAway(t *testing.T) {
	dir := t.TempDir()
	err := fillFolder(dir, func() error {
		write(t, filepath.Join(dir, secretFile), "another's")
		return putNew(filepath.Join(dir, secretFile), strings.NewReader("its own"))
	})
	if left, _ := os.ReadDir(dir); !errors.Is(err, fs.ErrExist) || len(left) != 1 {
		t.Errorf("error %v, and there is %v", err, left)
	}
}
