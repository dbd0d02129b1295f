package gateway

import (
	"net/url"
	"strings"
	"testing"

	"cpagateway/gateway/road"
	"cpagateway/profiles"
)

// marker stands in every fuzzed value, so that an echo of it is found.
const marker = "9990000018Evans"

// FuzzParseSearch holds the parser of searches to three things: it never
// panics, a refusal never repeats a value, and the self link shows no value of a
// parameter that can name somebody.
func FuzzParseSearch(f *testing.F) {
	for _, seed := range []struct{ name, value string }{
		{"patient.identifier", profiles.SystemNHSNumber + "|"}, {"patient", "Patient/"}, {"_id", "a,"}, {"identifier", "|"}, {"status:not", "active,"},
		{"date", "ge2025-01-01"}, {"_sort", "-date,"}, {"_count", "5"}, {"_cursor", ""}, {"_total", "none"}, {"_format", "json"}, {"_include", "*"},
		{"subject:Patient.identifier", "a|"}, {"category", `a\,b\|`}, {"_profile", "http://x/"}, {"_security", "|R"}, {"", ""}, {"care-team", "CareTeam/"},
	} {
		for i := range allowed {
			f.Add(uint8(i), seed.name, seed.value, true)
		}
	}
	f.Fuzz(func(t *testing.T, typ uint8, name, value string, strictly bool) {
		asked := allowed[int(typ)%len(allowed)].typ
		how := strict
		if !strictly {
			how = lenient
		}
		front := Front{Road: &road.Road{Base: "https://gateway.example/fhir/R4"}}
		ask, _, fault := front.parseSearch(asked, []pair{{name, value + marker}}, how)
		if fault != nil {
			if strings.Contains(fault.Error(), marker) && !strings.Contains(name, marker) {
				t.Errorf("%s?%s: the refusal repeats the value: %v", asked, name, fault)
			}
			if fault.Status < 400 || fault.Status > 499 {
				t.Errorf("%s?%s: a refusal of status %d", asked, name, fault.Status)
			}
			return
		}
		shown, err := url.ParseQuery(ask.Shown)
		if err != nil {
			t.Fatalf("%s?%s: the self link cannot be read: %v", asked, name, err)
		}
		for used := range shown {
			base, _, _ := strings.Cut(used, ":")
			base, _, _ = strings.Cut(base, ".")
			switch base {
			case "patient", "subject", "identifier", "_id", "participant", "practitioner", "_cursor", "care-manager", "care-manager-role":
				t.Errorf("%s: the self link shows %s", asked, used)
			}
		}
		if ask.Count < 1 || ask.Count > maxCount {
			t.Errorf("a page of %d", ask.Count)
		}
	})
}

func FuzzParsePairs(f *testing.F) {
	for _, seed := range []string{"", "a=b&a=c", "a=%zz", "&&=", "a", "%61=b", "a=b;c=d", "a=b%00"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, query string) {
		pairs, ok := parsePairs(query)
		if !ok {
			return
		}
		again := url.Values{}
		for _, p := range pairs {
			if !nameForm.MatchString(p.name) {
				t.Errorf("a name that is none came through")
			}
			again.Add(p.name, p.value)
		}
		want, err := url.ParseQuery(query)
		if err == nil && want.Encode() != again.Encode() {
			t.Errorf("read as %q, url.ParseQuery reads %q", again.Encode(), want.Encode())
		}
	})
}
