package mhsds_test

import (
	"os"
	"strings"
	"testing"
	"testing/fstest"
)

// A header that named another organisation than the source's custodian only warned,
// and where no custodian was configured it named it.
func TestAnExtractOfAnotherCustodianIsRefusedWhole(t *testing.T) {
	sound := os.DirFS("testdata/sound")
	_, all := read(t, sound)
	other := env
	other.Custodian = "RX4"
	b := &book{}
	report, err := format(t).Read(t.Context(), sound, other, b)
	if err != nil || report.Read != all.Read || report.Refused != report.Read || len(b.taken) != 0 {
		t.Fatalf("%+v, %d resources, %v", report, len(b.taken), err)
	}
	if f := b.aside[0]; len(b.aside) != report.Read || f.Rule != "MHS00030" || f.Reason != "OrgIDProvider is not the custodian of this source" {
		t.Errorf("%+v", b.aside)
	}
	if _, err := format(t).Reread(t.Context(), b.aside[0].Raw, env, b); err != nil || len(b.taken) == 0 {
		t.Errorf("the header's fragment under its own custodian: %d resources, %v", len(b.taken), err)
	}
}

// A column that was called as what is worked out of the header took its place: an extract said
// itself whose it had to be.
func TestAnExtractDoesNotSayWhichCustodianIsItsOwn(t *testing.T) {
	head, row, _ := strings.Cut(headerCSV, "\n")
	named := head + ",Custodian\n" + strings.TrimSpace(row) + ",7A4\n"
	other := env
	other.Custodian = "RX4"
	b := &book{}
	if _, err := format(t).Read(t.Context(), fstest.MapFS{"MHS000.csv": {Data: []byte(named)}}, other, b); err != nil {
		t.Fatal(err)
	}
	if len(b.aside) != 1 || b.aside[0].Rule != "MHS00030" {
		t.Errorf("set aside: %+v", b.aside)
	}
}
