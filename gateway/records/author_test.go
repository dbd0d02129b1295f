package records_test

import (
	"fmt"
	"strings"
	"testing"

	"cpagateway/gateway/records"
	"cpagateway/profiles"
	"cpagateway/profiles/fhir"
)

// Who wrote a part is who first stored the words as they stand; of words that several
// organisations wrote, the custodian.
func TestWhoWroteAPart(t *testing.T) {
	const part = `{"reference":"Goal/1"}`
	type stored struct {
		by    profiles.OrgCode
		times int // that the version has the part
	}
	for name, c := range map[string]struct {
		versions []stored // the newest first
		want     profiles.OrgCode
	}{
		"nobody":                              {[]stored{{"LA9A1", 0}}, ""},
		"the custodian":                       {[]stored{{"LA9A1", 1}, {"7A4", 1}}, "7A4"},
		"a partner":                           {[]stored{{"7A4", 1}, {"LA9A1", 1}, {"7A4", 0}}, "LA9A1"},
		"a partner, after it was taken away":  {[]stored{{"LA9A1", 1}, {"7A4", 0}, {"7A4", 1}}, "LA9A1"},
		"a partner, twice":                    {[]stored{{"LA9A1", 2}, {"LA9A1", 1}, {"7A4", 0}}, "LA9A1"},
		"a partner and the custodian":         {[]stored{{"LA9A1", 2}, {"7A4", 1}}, "7A4"},
		"two partners":                        {[]stored{{"W99001", 2}, {"LA9A1", 1}, {"7A4", 0}}, "7A4"},
		"the custodian, in its first version": {[]stored{{"7A4", 2}}, "7A4"},
	} {
		var history []records.Version
		for _, v := range c.versions {
			body := fmt.Sprintf(`{"resourceType":"CarePlan","goal":[%s]}`, strings.TrimSuffix(strings.Repeat(part+",", v.times), ","))
			version := records.Version{Custodian: "7A4", Source: "the client of the board", Body: []byte(body)}
			if v.by != version.Custodian {
				version.Source = records.Written(v.by)
			}
			history = append(history, version)
		}
		wanted, err := fhir.Parse([]byte(part))
		if err != nil {
			t.Fatal(err)
		}
		if got := records.PastOf(history).Author("goal", wanted); got != c.want {
			t.Errorf("%s: %q", name, got)
		}
	}
}
