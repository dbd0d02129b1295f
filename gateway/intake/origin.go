package intake

import (
	"encoding/json"
	"fmt"
	"strconv"

	"cpagateway/mapping"
)

// Origin is what of a source a version was made of, and by what. It is kept with the
// version, as JSON.
type Origin struct {
	// Record is where the source's record stood: its file within the extract, and its
	// row, line or entry.
	Record string `json:"record,omitempty"`
	// Maps is the version of the maps that made it; empty where the source says FHIR.
	Maps string `json:"maps,omitempty"`
	// Defaulted are the places where a default stands for what the source did not say.
	Defaulted []string `json:"defaulted,omitempty"`
}

func originOf(m mapping.Resource) Origin {
	o := Origin{Record: m.From.File, Maps: m.Maps, Defaulted: m.Defaulted}
	if m.From.Row > 0 {
		o.Record += ":" + strconv.Itoa(m.From.Row)
	}
	return o
}

func (o Origin) text() string {
	text, _ := json.Marshal(o) // texts alone
	return string(text)
}

// ReadOrigin reads what is kept with a version; of one that no source brought in it is
// the zero Origin.
func ReadOrigin(text string) (o Origin, err error) {
	if text == "" {
		return o, nil
	}
	if err := json.Unmarshal([]byte(text), &o); err != nil {
		return o, fmt.Errorf("reading where a version comes from: %w", err)
	}
	return o, nil
}
