package consent

import (
	"regexp"
	"slices"
	"testing"

	"cpagateway/gateway/texts"
)

// Every gate and reason has its Welsh, which cites what the English cites.
func TestEveryReasonSpeaksWelsh(t *testing.T) {
	cited := regexp.MustCompile(`W¶[0-9, ]+`)
	check := func(name, english, welsh string) {
		t.Helper()
		if welsh == "" || welsh == english || !slices.Equal(cited.FindAllString(english, -1), cited.FindAllString(welsh, -1)) {
			t.Errorf("%s: %q is %q", name, english, welsh)
		}
	}
	for g := range gates {
		check(gateIDs[g], wording(g, plainPass, texts.English), wording(g, plainPass, texts.Welsh))
	}
	for r := range reasonCount {
		if r != plainPass {
			check(r.code(), wording(0, r, texts.English), wording(0, r, texts.Welsh))
		}
	}
}

// What an entry of the audit log holds of a decision can be put into the words that
// the decision itself has.
func TestMeaningIsWhatTheDecisionSays(t *testing.T) {
	for r := plainPass + 1; r < reasonCount; r++ {
		outcome := Permit
		if r.outcome() == Fail {
			outcome = Deny
		}
		if got := Meaning("P3", r.code(), outcome.String(), texts.Welsh); got != wording(0, r, texts.Welsh) {
			t.Errorf("%s: %q", r.code(), got)
		}
	}
	if got := Meaning("P1", "", Permit.String(), texts.English); got != gatePasses[gateP1] {
		t.Errorf("a plain pass means %q", got)
	}
	if got := Meaning("", "TOKEN_EXPIRED", "refused", texts.English); got != "" {
		t.Errorf("what is no reason means %q", got)
	}
}
