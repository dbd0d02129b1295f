package codes_test

import (
	"slices"
	"testing"

	"cpagateway/mapping/codes"
)

// legal is a table of digits that mean something else on the other side.
func legal() *codes.Table {
	t := &codes.Table{Name: "Legal", Source: "urn:england", Target: "urn:wales", Rows: map[string]codes.Coding{
		"02": {System: "urn:wales", Code: "02"},
		"35": {},
		"36": {System: "urn:wales", Code: "34"},
		"37": {System: "urn:wales", Code: "34"},
		"98": {System: "urn:england", Code: "98"},
	}, None: []codes.Coding{{System: "urn:wales", Code: "35"}}}
	t.Turn()
	return t
}

// TestACodeReturnsFromWhatItAloneBecame: of two codes that become one neither comes back.
func TestACodeReturnsFromWhatItAloneBecame(t *testing.T) {
	table := legal()
	for target, want := range map[string]string{"02": "02", "34": "", "35": "", "98": "98", "99": ""} {
		if code, ok := table.Back(target); ok != (want != "") || ok && code != want {
			t.Errorf("%s came from %q, %v", target, code, ok)
		}
	}
	if stay := table.Stay(false); !slices.Equal(stay, []string{"36", "37"}) {
		t.Errorf("%v stay", stay)
	}
}

// TestACheckNamesFalseFriends: 35 is guardianship in England, and a community treatment
// order in Wales.
func TestACheckNamesFalseFriends(t *testing.T) {
	check := legal().Check(nil)
	for what, got := range map[string][2][]string{
		"no equivalent": {check.NoEquivalent, {"35"}},
		"false friends": {check.FalseFriends, {"35"}},
		"no source":     {check.NoSource, {"35"}},
		"merged":        {check.Merged["34"], {"36", "37"}},
	} {
		if !slices.Equal(got[0], got[1]) {
			t.Errorf("%s are %v and not %v", what, got[0], got[1])
		}
	}
}

// TestACodingIsTheSameBeforeItsTableIsTurned: what is rendered beforehand says what would
// be written anew.
func TestACodingIsTheSameBeforeItsTableIsTurned(t *testing.T) {
	for code, to := range legal().Rows {
		if anew := (codes.Coding{System: to.System, Code: to.Code, Display: to.Display}); to.Code != "" && string(to.Append(nil)) != string(anew.Append(nil)) {
			t.Errorf("%s becomes %s", code, to.Append(nil))
		}
	}
}
