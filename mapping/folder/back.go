package folder

import (
	"bytes"
	"encoding/csv"
	"maps"
	"slices"

	"cpagateway/mapping"
	"cpagateway/profiles/fhir"
)

// Back makes files of resources: SOURCE.csv where the maps name its columns, and
// SOURCE.json otherwise. What no record can hold the account says.
func (f *Format) Back(env mapping.Env, resources []fhir.Value) (map[string][]byte, *mapping.Back) {
	back := f.program.Back(env, resources)
	back.ProveWith(f.program)
	bySource := map[string][]*mapping.Returned{}
	for _, r := range back.Records {
		bySource[r.Source] = append(bySource[r.Source], r)
	}
	files := map[string][]byte{}
	for source, records := range bySource {
		if columns := f.program.Columns(source); len(columns) > 0 {
			files[source+".csv"] = writeCSV(columns, records)
		} else {
			files[source+".json"] = writeJSON(records)
		}
	}
	return files, back
}

func writeJSON(records []*mapping.Returned) []byte {
	text := []byte("[")
	for i, r := range records {
		if i > 0 {
			text = append(text, ",\n "...)
		}
		text = append(text, r.JSON()...)
	}
	return append(text, "]\n"...)
}

// writeCSV writes the columns in their order, then fields that have none.
func writeCSV(columns []mapping.Column, records []*mapping.Returned) []byte {
	known, more := map[string]bool{}, map[string]bool{}
	for _, c := range columns {
		known[c.Field] = true
	}
	for _, r := range records {
		for _, name := range r.Fields() {
			more[name] = !known[name]
		}
	}
	for _, name := range slices.Sorted(maps.Keys(more)) {
		if more[name] {
			columns = append(slices.Clip(columns), mapping.Column{Field: name, Header: name})
		}
	}
	var text bytes.Buffer
	w := csv.NewWriter(&text)
	line := make([]string, len(columns))
	for i, c := range columns {
		line[i] = c.Header
	}
	_ = w.Write(line) // a buffer takes everything
	for _, r := range records {
		for i, c := range columns {
			line[i], _ = r.Field(c.Field)
		}
		_ = w.Write(line)
	}
	w.Flush()
	return text.Bytes()
}
