package road

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"cpagateway/consent/disclosure"
	"cpagateway/profiles/fhir"
)

func patchedBy(t *testing.T, patch string) (string, error) {
	t.Helper()
	content, err := fhir.Parse([]byte(`{"status":"active","note":[{"text":"` + strings.Repeat("n", 1<<10) + `"}]}`))
	if err != nil {
		t.Fatal(err)
	}
	mine, err := patched("CarePlan", "c", content, []byte(patch))
	return string(mine.Raw()), err
}

// labels are those of every copy of a plan.
var labels = `{"security":` + string(disclosure.SecurityOf("CarePlan")) + `}`

// A patch is applied to the copy with its type, id and labels, and leaves the first two.
func TestWhatAPatchMakes(t *testing.T) {
	got, err := patchedBy(t, `[{"op":"test","path":"/id","value":"c"},{"op":"remove","path":"/note"},{"op":"replace","path":"/status","value":"completed"}]`)
	if want := `{"resourceType":"CarePlan","id":"c","meta":` + labels + `,"status":"completed"}`; err != nil || got != want {
		t.Errorf("%s, %v", got, err)
	}
	for name, patch := range map[string]string{
		"no patch":            `{}`,
		"another type":        `[{"op":"replace","path":"/resourceType","value":"Goal"}]`,
		"another id":          `[{"op":"replace","path":"/id","value":"d"}]`,
		"no object":           `[{"op":"replace","path":"","value":[]}]`,
		"a test that fails":   `[{"op":"test","path":"/status","value":"draft"}]`,
		"what is not there":   `[{"op":"remove","path":"/title"}]`,
		"counted from behind": `[{"op":"remove","path":"/note/-1"}]`,
		"too many copies":     `[` + strings.Repeat(`{"op":"copy","from":"/note","path":"/note/-"},`, 40) + `{"op":"test","path":"/id","value":"c"}]`,
	} {
		if got, err := patchedBy(t, patch); !errors.Is(err, errPatch) {
			t.Errorf("%s: %.100s, %v", name, got, err)
		}
	}
}

// A patch may have so many operations, and make so much: no more.
func TestTheLimitsOfAPatch(t *testing.T) {
	operations := func(n int) string {
		return `[` + strings.TrimSuffix(strings.Repeat(`{"op":"test","path":"/id","value":"c"},`, n), ",") + `]`
	}
	value := func(bytes int) string {
		rest := bytes - len(labels) - len(`{"id":"c","meta":,"note":[{"text":""}],"resourceType":"CarePlan","status":"active","title":""}`) - 1<<10
		return fmt.Sprintf(`[{"op":"add","path":"/title","value":%q}]`, strings.Repeat("t", rest))
	}
	for name, x := range map[string]struct {
		patch string
		fits  bool
	}{
		"operations": {operations(maxOperations), true}, "one more operation": {operations(maxOperations + 1), false},
		"bytes": {value(maxPatched), true}, "one more byte": {value(maxPatched + 1), false},
	} {
		if got, err := patchedBy(t, x.patch); (err == nil) != x.fits {
			t.Errorf("%s: %d bytes, %v", name, len(got), err)
		}
	}
}
