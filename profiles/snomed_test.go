package profiles_test

import (
	"encoding/csv"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// snomedConstants are the codes of codes.go that have the form of an SCTID.
func snomedConstants(t *testing.T) map[string]string {
	t.Helper()
	src, err := os.ReadFile("codes.go")
	if err != nil {
		t.Fatal(err)
	}
	codes := map[string]string{}
	for _, m := range regexp.MustCompile(`(\w+) += "(\d{6,})"`).FindAllSubmatch(src, -1) {
		codes[string(m[1])] = string(m[2])
	}
	if len(codes) < 30 {
		t.Fatalf("only %d SNOMED constants found", len(codes))
	}
	return codes
}

// TestSNOMEDCheckDigits: the last digit of an SCTID is a Verhoeff check digit,
// and the two before it say that it names a concept.
func TestSNOMEDCheckDigits(t *testing.T) {
	for name, code := range snomedConstants(t) {
		if !verhoeff(code) {
			t.Errorf("%s = %s fails the check digit", name, code)
		}
		if kind := code[len(code)-3 : len(code)-1]; kind != "00" && kind != "10" {
			t.Errorf("%s = %s is no concept id: partition %s", name, code, kind)
		}
	}
	if verhoeff("768820030") || verhoeff("736253001") {
		t.Error("the check lets two slips pass")
	}
}

// verhoeff checks a number by the dihedral group of the pentagon: product by
// table, one more application of the permutation for each place from the right.
func verhoeff(number string) bool {
	product := [10][10]int{
		{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, {1, 2, 3, 4, 0, 6, 7, 8, 9, 5}, {2, 3, 4, 0, 1, 7, 8, 9, 5, 6},
		{3, 4, 0, 1, 2, 8, 9, 5, 6, 7}, {4, 0, 1, 2, 3, 9, 5, 6, 7, 8}, {5, 9, 8, 7, 6, 0, 4, 3, 2, 1},
		{6, 5, 9, 8, 7, 1, 0, 4, 3, 2}, {7, 6, 5, 9, 8, 2, 1, 0, 4, 3}, {8, 7, 6, 5, 9, 3, 2, 1, 0, 4},
		{9, 8, 7, 6, 5, 4, 3, 2, 1, 0},
	}
	permutation := [10]int{1, 5, 7, 6, 2, 8, 3, 0, 9, 4}
	check := 0
	for place := range len(number) {
		digit := int(number[len(number)-1-place] - '0')
		for range place % 8 {
			digit = permutation[digit]
		}
		check = product[check][digit]
	}
	return check == 0
}

// TestSNOMEDCodesAreVerified: nobody made a code up.
func TestSNOMEDCodesAreVerified(t *testing.T) {
	f, err := os.Open(filepath.Join(shared(t, "fhir/terminology"), "snomed-codes.csv"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	verified := make(map[string]bool)
	for _, row := range rows {
		verified[row[0]] = strings.HasPrefix(row[4], "yes")
	}
	for name, code := range snomedConstants(t) {
		if !verified[code] {
			t.Errorf("%s = %s is not in the list of verified codes", name, code)
		}
	}
}
