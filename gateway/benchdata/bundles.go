package benchdata

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"regexp"
	"strings"

	"cpagateway/mapping"
	"cpagateway/mapping/ctp"
)

// Bundles is the same people as FHIR: a collection Bundle of each on a line.
func (p People) Bundles() (fs.FS, error) {
	text, err := bundleText()
	if err != nil {
		return nil, err
	}
	return generated{"people.ndjson": lines(p.rows(text))}, nil
}

// standIns stand for the gaps of the plan while it is mapped: the map takes only
// what has the form of a key, a date or a number.
var standIns = []string{
	"{{plan}}", "PLANKEY", "{{key}}", "PERSONKEY", "{{number}}", "9434765919", "{{family}}", "FAMILYNAME", "{{given}}", "GIVENNAME",
	"{{word}}", "WHOEVER", "{{month}}", "THEMONTH", "{{gender}}", "other", "{{born}}", "1901-02-03", "{{reviewed}}", "2026-01-23",
	"{{house}}", "HOUSENUMBER", "{{staff}}", "STAFFKEY",
}

// bundleText is the plan as the Welsh map makes it, once and with its gaps.
func bundleText() (string, error) {
	format, err := ctp.New()
	if err != nil {
		return "", fmt.Errorf("opening the Welsh format: %w", err)
	}
	var made collected
	env := mapping.Env{Source: "bench", Custodian: "7A4", ID: sourceID}
	_, err = format.Reread(context.Background(), []byte(strings.NewReplacer(standIns...).Replace(planText)), env, &made)
	if err == nil && len(made.faults) > 0 {
		err = fmt.Errorf("%s: %s", made.faults[0].Rule, made.faults[0].Reason)
	}
	if err != nil {
		return "", fmt.Errorf("mapping the people of the bench: %w", err)
	}
	var back []string
	for i := 0; i < len(standIns); i += 2 {
		back = append(back, standIns[i+1], standIns[i])
	}
	entries := `{"resource":` + string(bytes.Join(made.bodies, []byte(`},{"resource":`))) + `}`
	return strings.NewReplacer(back...).Replace(`{"resourceType":"Bundle","type":"collection","entry":[` + entries + `]}`), nil
}

var noLetters = regexp.MustCompile(`[^A-Za-z0-9]+`)

// sourceID gives a resource the id that the source has for it.
func sourceID(typ, key string) string { return typ + "-" + noLetters.ReplaceAllString(key, "-") }

// collected is what a format made.
type collected struct {
	bodies [][]byte
	faults []mapping.Fault
}

// Take implements mapping.Output.
func (c *collected) Take(resources []mapping.Resource) error {
	for _, r := range resources {
		c.bodies = append(c.bodies, r.Body)
	}
	return nil
}

// SetAside implements mapping.Output.
func (c *collected) SetAside(faults []mapping.Fault, _ []mapping.Resource) error {
	c.faults = append(c.faults, faults...)
	return nil
}
