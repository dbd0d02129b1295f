package mhsds_test

import (
	"context"
	"encoding/csv"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"pgregory.net/rapid"

	"cpagateway/mapping"
	"cpagateway/mapping/mhsds"
	"cpagateway/profiles/fhir"
)

func parsed(t testing.TB, bodies ...string) []fhir.Value {
	t.Helper()
	values := make([]fhir.Value, len(bodies))
	for i, body := range bodies {
		v, err := fhir.ParseResource([]byte(body))
		if err != nil {
			t.Fatal(err)
		}
		values[i] = v
	}
	return values
}

func bodies(made []mapping.Resource) []string {
	all := make([]string, len(made))
	for i, r := range made {
		all[i] = string(r.Body)
	}
	return all
}

// TestBack shows what the sound extract becomes on its way back.
func TestBack(t *testing.T) {
	book, _ := read(t, os.DirFS("testdata/sound"))
	files, back := format(t).Back(env, parsed(t, bodies(book.taken)...))
	var s strings.Builder
	for _, f := range back.Faults {
		fmt.Fprintf(&s, "refused %s %d %s: %s\n", f.At.File, f.At.Row, f.At.Field, f.Reason)
	}
	for _, path := range slices.Sorted(maps.Keys(back.Dropped)) {
		fmt.Fprintf(&s, "dropped %s %d\n", path, back.Dropped[path])
	}
	for _, path := range slices.Sorted(maps.Keys(back.Added)) {
		fmt.Fprintf(&s, "added %s %d\n", path, back.Added[path])
	}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		fmt.Fprintf(&s, "== %s\n%s", name, files[name])
	}
	if *update {
		if err := os.WriteFile("testdata/back.golden", []byte(s.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile("testdata/back.golden")
	if err != nil {
		t.Fatal(err)
	}
	if s.String() != string(want) {
		t.Errorf("got\n%s", s.String())
	}
}

// What FHIR says and a row cannot is told, and no row says something else.
func TestWhatARowCannotSay(t *testing.T) {
	book, _ := read(t, os.DirFS("testdata/sound"))
	for name, c := range map[string]struct{ typ, from, to, gone, reason string }{
		"a plan that is revoked":              {"CarePlan", `"status":"active"`, `"status":"revoked"`, "CP1", "status: no map"},
		"an episode on hold":                  {"EpisodeOfCare", `"status":"active"`, `"status":"onhold"`, "E2", "status: no map"},
		"an active episode that has ended":    {"EpisodeOfCare", `"status":"active"`, `"status":"finished"`, "E2", "status: the record cannot say this"},
		"an episode that ends before it does": {"EpisodeOfCare", `"start":"2012-04-01"`, `"start":"2026-06-15"`, "E1", "EndDateCPA: the record that it came from would be refused: EndDateCPA is before StartDateCPA"},
		"a plan of another provider":          {"CarePlan", `mhsds-care-plan/7A4`, `mhsds-care-plan/7B1`, "CP1", "identifier[0]"},
		"two codes that disagree":             {"CarePlan", `PlanTypeMHSDS","code":"10"`, `PlanTypeMHSDS","code":"12"`, "CP1", "category[0]"},
		"staff without a local code":          {"Practitioner", `"value":"S2"`, `"use":"usual"`, "S2", "key cannot be told"},
	} {
		t.Run(name, func(t *testing.T) {
			changed := bodies(book.taken)
			i := slices.IndexFunc(book.taken, func(r mapping.Resource) bool { return r.Type == c.typ && strings.Contains(string(r.Body), c.from) })
			if i < 0 {
				t.Fatalf("no %s has %s", c.typ, c.from)
			}
			changed[i] = strings.Replace(changed[i], c.from, c.to, 1)
			files, back := format(t).Back(env, parsed(t, changed...))
			told := slices.ContainsFunc(back.Faults, func(f mapping.Fault) bool {
				return f.At.Row == i+1 && strings.Contains(f.At.Field+": "+f.Reason, c.reason)
			})
			if !told {
				t.Errorf("faults %+v, want one of resource %d with %q", back.Faults, i+1, c.reason)
			}
			for name, text := range files {
				for _, line := range strings.Split(string(text), "\n") {
					if strings.HasPrefix(line, c.gone+",") || strings.HasPrefix(line, "P1,"+c.gone+",") {
						t.Errorf("%s holds %s", name, line)
					}
				}
			}
			if len(files["MHS001MPI.csv"]) == 0 {
				t.Error("nothing else was written")
			}
		})
	}
}

// TestAPersonWhoseStatedGenderDiffersReturns: what a line writes that says because is not
// held against the record, which came back without the field that it was made of.
func TestAPersonWhoseStatedGenderDiffersReturns(t *testing.T) {
	people, err := os.ReadFile("testdata/sound/MHS001MPI.csv")
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range []string{",2,Y,1,M,A,,cy,", ",3,N,1,M,A,,Q4,", ",,,2,M,A,,QU,"} {
		book, _ := read(t, folder(map[string]string{
			"MHS001.csv": strings.Replace(string(people), ",2,Y,2,M,A,,cy,", row, 1),
			"MHS008.csv": "CarePlanID,LocalPatientID,CarePlanTypeMH,CarePlanCreatDate\nCP1,P1,10,2026-06-02\n",
		}))
		files, back := format(t).Back(env, parsed(t, bodies(book.taken)...))
		if len(back.Faults) > 0 || back.Dropped["Patient.gender"] != 1 {
			t.Errorf("%s: %+v, dropped %v", row, back.Faults, back.Dropped)
		}
		language := strings.Split(strings.TrimSuffix(row, ","), ",")
		if got := string(files["MHS001MPI.csv"]); !strings.HasSuffix(got, ","+strings.Replace(language[len(language)-1], "QU", "qu", 1)+"\n") || len(files["MHS008CarePlanType.csv"]) == 0 {
			t.Errorf("%s came back as %s", row, got)
		}
	}
}

// TestCoordinatorsWhomOnlyTheirTeamTellsApartReturn: the column of the team is left behind.
func TestCoordinatorsWhomOnlyTheirTeamTellsApartReturn(t *testing.T) {
	book, _ := read(t, folder(map[string]string{
		"MHS006.csv": "LocalPatientID,StartDateAssCareCoord,CareProfLocalID,CareProfServOrTeamTypeAssoc\nP1,2026-06-10,S2,A06\nP1,2026-06-10,S2,A02\n",
		"MHS008.csv": "CarePlanID,LocalPatientID,CarePlanTypeMH,CarePlanCreatDate\nCP1,P1,10,2026-06-02\n",
	}))
	files, back := format(t).Back(env, parsed(t, bodies(book.taken)...))
	if got := string(files["MHS006MHCareCoord.csv"]); len(back.Faults) > 0 || strings.Count(got, "P1,2026-06-10,S2") != 2 || len(files["MHS008CarePlanType.csv"]) == 0 {
		t.Errorf("%+v: %s", back.Faults, got)
	}
}

// TestAPersonWithoutCoordinatorReturns: the team of whoever has referrals alone is made of
// rows that do not return, and the person did not return either, nor plans and episodes.
func TestAPersonWithoutCoordinatorReturns(t *testing.T) {
	book, _ := read(t, folder(map[string]string{
		"MHS101.csv": "ServiceRequestID,LocalPatientID,OrgIDComm,CareProfTeamLocalID,ReferralRequestReceivedDate\nR1,P1,7A4BS,T1,2026-06-10\n",
		"MHS008.csv": "CarePlanID,LocalPatientID,CarePlanTypeMH,CarePlanCreatDate\nCP1,P1,10,2026-06-02\n",
	}))
	files, back := format(t).Back(env, parsed(t, bodies(book.taken)...))
	if len(back.Faults) > 0 || len(back.Added) > 0 || len(files["MHS001MPI.csv"]) == 0 || len(files["MHS008CarePlanType.csv"]) == 0 {
		t.Errorf("%+v, added %v: %s", back.Faults, back.Added, files)
	}
}

// What comes from elsewhere has no key of the provider: one is made that a local
// identifier can be, the same in each run, and what refers to it has it too.
func TestKeysAreMinted(t *testing.T) {
	book, _ := read(t, os.DirFS("testdata/sound"))
	foreign := bodies(book.taken)
	for i, r := range book.taken {
		if r.Type == "Patient" || r.Type == "CarePlan" || r.Type == "EpisodeOfCare" {
			for _, local := range []string{"mhsds-patient", "mhsds-care-plan", "mhsds-cpa-episode"} {
				foreign[i] = strings.Replace(foreign[i], "/Id/"+local+"/7A4", "/elsewhere", 1)
			}
		}
	}
	files, back := format(t).Back(env, parsed(t, foreign...))
	if len(back.Faults) > 0 {
		t.Fatalf("not representable: %+v", back.Faults)
	}
	if want := (map[string]int{"MHS001MPI.LocalPatientID": 1, "MHS008CarePlanType.CarePlanID": 2, "MHS701CPACareEpisode.CPAEpisodeID": 2}); !maps.Equal(back.Minted, want) {
		t.Errorf("minted %v, want %v", back.Minted, want)
	}
	key := func(file string, row, column int) string {
		return strings.Split(strings.Split(string(files[file]), "\n")[row], ",")[column]
	}
	person, episode := key("MHS001MPI.csv", 1, 0), key("MHS701CPACareEpisode.csv", 1, 0)
	if len(person) != 20 || person == episode || key("MHS001MPI.csv", 1, 1) != "7A4" || key("MHS006MHCareCoord.csv", 1, 0) != person ||
		key("MHS008CarePlanType.csv", 2, 1) != person || key("MHS701CPACareEpisode.csv", 1, 1) != person || key("MHS702CPAReview.csv", 1, 0) != episode {
		t.Errorf("wrote %s", files)
	}
	again, _ := format(t).Back(env, parsed(t, foreign...))
	if string(again["MHS008CarePlanType.csv"]) != string(files["MHS008CarePlanType.csv"]) {
		t.Error("another run minted other keys")
	}
	elsewhere := env
	elsewhere.Source = "another"
	if other, _ := format(t).Back(elsewhere, parsed(t, foreign...)); strings.Contains(string(other["MHS001MPI.csv"]), person) {
		t.Error("another system has the same key")
	}
}

// columns that return, and how their normal form comes about.
var columns = map[string][]string{
	"MHS001MPI.csv": {"LocalPatientID", "OrgIDLocalPatientID", "NHSNumber", "NHSNumberStatus", "PersonBirthDate", "PersDeathDate", "Postcode",
		"GenderIDCode", "MaritalStatus", "EthnicCategory", "LanguageCodePreferred"},
	"MHS006MHCareCoord.csv":       {"LocalPatientID", "StartDateAssCareCoord", "CareProfLocalID", "EndDateAssCareCoord"},
	"MHS008CarePlanType.csv":      {"CarePlanID", "LocalPatientID", "CarePlanTypeMH", "CarePlanCreatDate", "CarePlanCreationTime", "CarePlanLastUpdateDate", "CarePlanImplementDate"},
	"MHS009CarePlanAgreement.csv": {"CarePlanID", "FamilyCarePlanIndicator", "NoFamilyCarePlanReason", "CarePlanContentAgreedBy", "CarePlanContentAgreedDate", "CarePlanContentAgreedTime"},
	"MHS701CPACareEpisode.csv":    {"CPAEpisodeID", "LocalPatientID", "StartDateCPA", "EndDateCPA"},
	"MHS702CPAReview.csv":         {"CPAEpisodeID", "CPAReviewDate", "CareProfLocalID"},
	"MHS901StaffDetails.csv":      {"CareProfLocalID", "OrgIDCareProfLocalID", "ProfRegBodyCode", "ProfRegEntryID", "CareProfStaffGpMH", "MainSpecCodeMH"},
}

// some draws one of the texts, "" among them where a blank is allowed.
func some(rt *rapid.T, texts ...string) string { return rapid.SampledFrom(texts).Draw(rt, "text") }

func day(rt *rapid.T, from, to int) string {
	return fmt.Sprintf("2026-06-%02d", rapid.IntRange(from, to).Draw(rt, "day"))
}

// extract draws rows that break no rule.
func extract(rt *rapid.T) map[string][][]string {
	rows := map[string][][]string{}
	add := func(file string, cells ...string) { rows[file] = append(rows[file], cells) }
	for i := range rapid.IntRange(1, 3).Draw(rt, "staff") {
		body := some(rt, "", "03", "05", "08", "09", "18")
		entry := some(rt, "12345", "A|B%C")
		if body == "" {
			entry = ""
		}
		add("MHS901StaffDetails.csv", fmt.Sprint("S|", i), some(rt, "7A4", "7B1"), body, entry, some(rt, "02", "09", "98"), some(rt, "", "710"))
	}
	for i := range rapid.IntRange(1, 3).Draw(rt, "people") {
		person := fmt.Sprint("P%", i)
		add("MHS001MPI.csv", person, some(rt, "7A4", "7B1"), []string{"9990000018", "9990000026", "9990000034"}[i], some(rt, "01", "02"), "1961-03-04", "",
			some(rt, "", "CF10 1AA", "cf10 1ab"), some(rt, "", "1", "4", "Z"), some(rt, "", "M", "8"), some(rt, "A", "99"), some(rt, "", "cy", "q4"))
		for j := range rapid.IntRange(0, 2).Draw(rt, "coordinators") {
			end := some(rt, "", "2026-06-20")
			add("MHS006MHCareCoord.csv", person, day(rt, 1+5*j, 5+5*j), "S|0", end)
		}
		for j := range rapid.IntRange(0, 2).Draw(rt, "plans") {
			plan := fmt.Sprint("CP", i, "/", j)
			add("MHS008CarePlanType.csv", plan, person, some(rt, "10", "11", "12", "14"), day(rt, 1, 5), some(rt, "", "10:30:00", "23:59:59"), some(rt, "", "2026-06-20"), some(rt, "", "2026-06-06"))
			for range rapid.IntRange(0, 2).Draw(rt, "agreements") {
				add("MHS009CarePlanAgreement.csv", plan, some(rt, "", "N", "Y"), some(rt, "", "02"), some(rt, "10", "13", "16"), day(rt, 6, 9), some(rt, "", "09:00:00"))
			}
		}
		for j := range rapid.IntRange(0, 2).Draw(rt, "episodes") {
			episode := fmt.Sprint("E", i, j)
			add("MHS701CPACareEpisode.csv", episode, person, day(rt, 1, 5), some(rt, "", "2026-06-29"))
			for k := range rapid.IntRange(0, 2).Draw(rt, "reviews") {
				add("MHS702CPAReview.csv", episode, fmt.Sprintf("2026-06-%02d", 10+k), some(rt, "", "S|0", "S-gone"))
			}
		}
	}
	return rows
}

// TestRoundTrip holds the two laws for rows that break no rule: what returns is
// what was there, in its normal form, and the resources are made again from it.
func TestRoundTrip(t *testing.T) {
	roundTrips(t, format(t), inV6(t).Data, func(header string) string { return header })
}

// TestRoundTripInV5 holds them for the layout of v5.0, where staff are the provider's own.
func TestRoundTripInV5(t *testing.T) {
	header := strings.Replace(string(inV6(t).Data), "6.0,", "5.0,", 1)
	roundTrips(t, v5(t), []byte(header), v5Headers.Replace)
}

func roundTrips(t *testing.T, f *mhsds.Format, header []byte, called func(string) string) {
	t.Helper()
	layout := map[string][]string{}
	for file, names := range columns {
		for _, name := range names {
			layout[file] = append(layout[file], strings.TrimSuffix(called(name+","), ","))
		}
	}
	rapid.Check(t, func(rt *rapid.T) {
		rows := extract(rt)
		fsys := fstest.MapFS{"MHS000Header.csv": {Data: header}}
		for file, lines := range rows {
			if i := slices.Index(columns[file], "OrgIDCareProfLocalID"); i >= 0 && layout[file][0] == "CareProfLocalId" {
				for _, line := range lines {
					line[i] = "" // v5.0 has no such column
				}
			}
			var s strings.Builder
			w := csv.NewWriter(&s)
			if err := w.WriteAll(append([][]string{layout[file]}, lines...)); err != nil {
				rt.Fatal(err)
			}
			fsys[file] = &fstest.MapFile{Data: []byte(s.String())}
		}
		b := &book{}
		if report, err := f.Read(context.Background(), fsys, env, b); err != nil || report.Refused > 0 {
			rt.Fatalf("%v %+v %+v", err, report, b.aside)
		}
		files, back := f.Back(env, parsed(t, bodies(b.taken)...))
		if len(back.Faults) > 0 {
			rt.Fatalf("not representable: %+v", back.Faults)
		}
		if len(back.Dropped) > 0 || len(back.Added) > 0 {
			rt.Fatalf("dropped %v, added %v", back.Dropped, back.Added)
		}
		for file, lines := range rows {
			if got, want := returned(rt, layout[file], files[file]), normal(file, lines); !slices.Equal(got, want) {
				rt.Fatalf("%s came back as\n%s\nwant\n%s", file, strings.Join(got, "\n"), strings.Join(want, "\n"))
			}
		}
	})
}

// returned are the rows of a file that came back, in the order of columns, sorted.
func returned(rt *rapid.T, columns []string, text []byte) []string {
	lines, err := csv.NewReader(strings.NewReader(string(text))).ReadAll()
	if err != nil || len(lines) == 0 {
		rt.Fatalf("%s: %v, %d lines", columns[0], err, len(lines))
	}
	var rows []string
	for _, line := range lines[1:] {
		cells := make([]string, len(columns))
		for i, column := range columns {
			if j := slices.Index(lines[0], column); j >= 0 {
				cells[i] = line[j]
			}
		}
		rows = append(rows, strings.Join(cells, ","))
	}
	slices.Sort(rows)
	return rows
}

func normal(file string, lines [][]string) []string {
	var rows []string
	for _, line := range lines {
		cells := slices.Clone(line)
		if file == "MHS001MPI.csv" {
			cells[slices.Index(columns[file], "Postcode")] = strings.ToUpper(cells[slices.Index(columns[file], "Postcode")])
		}
		rows = append(rows, strings.Join(cells, ","))
	}
	slices.Sort(rows)
	return rows
}
