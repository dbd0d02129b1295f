package folder

import (
	"cpagateway/mapping"
	"cpagateway/profiles/fhir"
)

// Back makes files of resources: SOURCE.csv where the maps name its columns, and
// SOURCE.json otherwise. What no record can hold the account says.
func (f *Format) Back(env mapping.Env, resources []fhir.Value) (map[string][]byte, *mapping.Back) {
	back := f.program.Back(env, resources)
	back.ProveWith(f.program)
	unsound := map[*mapping.Returned]string{}
	for _, r := range back.Records {
		f.typed(r)
		if faults := f.unsound(r.Source, r.JSON()); len(faults) > 0 {
			unsound[r] = "the document that it would be is not in its form: " + faults[0].At.Field + ": " + faults[0].Reason
		}
	}
	back.Strike(unsound)
	bySource := map[string][]*mapping.Returned{}
	for _, r := range back.Records {
		bySource[r.Source] = append(bySource[r.Source], r)
	}
	files := map[string][]byte{}
	for source, records := range bySource {
		columns := f.program.Columns(source)
		if len(columns) == 0 {
			files[source+".json"] = writeJSON(records)
			continue
		}
		files[source+".csv"] = mapping.CSV(columns, records)
		for _, table := range f.program.Joined(source) {
			files[table+".csv"] = mapping.CSV(f.program.Columns(table), apart(records, table, f.program.Join(table).By))
		}
	}
	return files, back
}

// typed gives fields the types that the schema asks of them: FHIR holds as text what stands
// in an identifier, and what the maps write nowhere as a number.
func (f *Format) typed(r *mapping.Returned) {
	if f.schemas[r.Source] == nil {
		return
	}
	for _, found := range f.schemas[r.Source].Check(r.JSON()) {
		for _, typ := range found.Want {
			r.Unquote(found.Path, typ)
		}
	}
}

// joinedCells is a record of a group that has a file of its own: it says which record it
// belongs to.
type joinedCells struct {
	*mapping.Returned
	home *mapping.Returned
	by   string
}

// Field is that of the home where the two find together by it.
func (j joinedCells) Field(f *mapping.Field) (string, bool) {
	if f.Name == j.by {
		return j.home.Field(f)
	}
	return j.Returned.Field(f)
}

// apart is the records of a group of each.
func apart(records []*mapping.Returned, group, by string) []joinedCells {
	var all []joinedCells
	for _, home := range records {
		for _, r := range home.Each(group) {
			all = append(all, joinedCells{r, home, by})
		}
	}
	return all
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
