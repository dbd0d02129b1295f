package workbench_test

import (
	"context"
	"encoding/csv"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"pgregory.net/rapid"

	"cpagateway/mapping"
	"cpagateway/mapping/codes"
	"cpagateway/mapping/folder"
	"cpagateway/mapping/workbench"
)

func clientLevelData(t rapid.TB, release folder.Release) *folder.Format {
	t.Helper()
	f, err := folder.ClientLevelData(release)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestClientLevelDataCases(t *testing.T) {
	for release, files := range map[folder.Release]string{folder.Release2: "", folder.Release1: "r1"} {
		cases, err := workbench.Cases(os.DirFS("../folder/cld"), files)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range cases {
			for _, differs := range c.Run(clientLevelData(t, release)) {
				t.Errorf("%s: %s", c.Title(), differs)
			}
		}
	}
}

// TestClientLevelDataLosesNothing: every column of release 2 returns, where the event is of
// the kind that it is for.
func TestClientLevelDataLosesNothing(t *testing.T) {
	fields := clientLevelData(t, folder.Release2).Program().Check().Fields
	for _, f := range fields {
		if f.Verdict == mapping.Lost {
			t.Errorf("%s: %s", f.Field, workbench.Says(f))
		}
		for _, when := range f.When {
			if !strings.HasPrefix(when, `Event_Type = "`) || strings.Contains(when, " and ") {
				t.Errorf("%s returns when %s", f.Field, when)
			}
		}
	}
	if len(fields) != 50 {
		t.Errorf("%d columns", len(fields))
	}
}

// TestTheColumnsOfClientLevelData are those that DHSC's scripts name.
func TestTheColumnsOfClientLevelData(t *testing.T) {
	const name = "../../../shared/samples/cld/cld_fields.csv"
	file, err := os.Open(filepath.FromSlash(name))
	if err != nil {
		t.Skip(name + " is not here: the columns were not held to the published ones")
	}
	defer file.Close()
	published, err := csv.NewReader(file).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	columns := clientLevelData(t, folder.Release2).Program().Columns("Event")
	for i, row := range published[1:] {
		if i >= len(columns) || columns[i].Header != row[2] || columns[i].Field != row[3] {
			t.Errorf("column %d is %q, here %+v", i+1, row[2:4], columns[min(i, len(columns)-1)])
		}
	}
}

// TestAPersonOfTwoRowsStandsOnceInTheBundle: the importer of FHIR bundles set aside the second
// of each that came twice, though both said the same.
func TestAPersonOfTwoRowsStandsOnceInTheBundle(t *testing.T) {
	rows := "LA Code,LA Person Unique Identifier,Gender,Event Type,Event Start Date\n" +
		"E06000019,P17,Male,Request,01/04/2026\nE06000019,P17,Male,Review,02/04/2026\nE06000019,P17,Female,Review,03/04/2026\n"
	made, err := workbench.Forward(t.Context(), clientLevelData(t, folder.Release2), fstest.MapFS{"Event.csv": {Data: []byte(rows)}}, workbench.Env("s", "7A4"))
	if err != nil || len(made.Faults) > 0 {
		t.Fatalf("%v %+v", err, made)
	}
	resources, err := workbench.Resources(made.Bundle())
	if err != nil {
		t.Fatal(err)
	}
	var people []string
	for _, r := range resources {
		if r.Type() == "Patient" {
			people = append(people, r.Get("gender").Text())
		}
	}
	if len(resources) != 5 || !slices.Equal(people, []string{"male", "female"}) {
		t.Errorf("%d resources, people %v", len(resources), people)
	}
}

// TestWhatReleaseOneLoses: the page says of the lists what their tables say.
func TestWhatReleaseOneLoses(t *testing.T) {
	page, err := os.ReadFile("../../docs/cld.md")
	if err != nil {
		t.Fatal(err)
	}
	_, facts, _ := strings.Cut(string(page), "```facts\n")
	facts, _, _ = strings.Cut(facts, "```")
	check := clientLevelData(t, folder.Release1).Program().Check()
	check.Fields, check.Tables = nil, slices.DeleteFunc(check.Tables, func(table codes.Check) bool { return table.Source == table.Target || table.Name == "Gender" })
	var said strings.Builder
	if err := workbench.Print(&said, check); err != nil {
		t.Fatal(err)
	}
	if got, _, _ := strings.Cut(said.String(), "0 fields"); got != facts {
		t.Errorf("the tables say\n%s\nand the page\n%s", got, facts)
	}
}

// drawEvent draws a row: any kind of event, and its columns blank or not.
func drawEvent(rt *rapid.T, f *folder.Format, i int) []string {
	one := func(texts ...string) string { return rapid.SampledFrom(texts).Draw(rt, "one") }
	kind := one("Request", "Assessment", "Service", "Review")
	of := map[string]string{}
	for _, field := range f.Program().Check().Fields {
		for _, when := range field.When {
			if len(field.When) == 1 {
				of[field.Field] = when // of one kind of event alone
			}
		}
	}
	fixed := map[string]string{
		"LA_Code": "E06000019", "LA_Person_Unique_Identifier": fmt.Sprint("P|", i), "Event_Type": kind, "NHS_Number": one("9990000018", ""),
		"Event_Start_Date": one("01/04/2026", "29/02/2024"), "Event_End_Date": one("", "30/06/2026"), "Reporting_Period_Start_Date": one("", "01/04/2026"),
		"Reporting_Period_End_Date": "30/06/2026", "Date_of_Birth": one("", "02/04/1971"), "Date_of_Death": one("", "02/04/2026"), "Postcode": one("", "HR1 1AA"),
		"Unit_Cost": one("", "21.50", "0"), "Planned_units_per_week": one("", "7", "0.5"), "Gender": one("", "Male", "Female", "Unknown", "Non-binary"),
		"Client_Type": one("", "Service user", "Unpaid carer"), "Event_Outcome": one("", "NFA: Other", "Admitted to hospital"),
		"Service_Type": one("", "Long term support: Community", "Another"), "Delivery_Mechanism": one("", "Direct Payment", "Barter"),
	}
	var row []string
	for _, c := range f.Program().Columns("Event") {
		text, known := fixed[c.Field]
		if !known {
			text = strings.TrimSpace(rapid.OneOf(rapid.Just(""), words).Draw(rt, c.Field))
		}
		if of[c.Field] != "" && of[c.Field] != fmt.Sprintf("Event_Type = %q", kind) {
			text = "" // it would be dropped, and is not asked for here
		}
		row = append(row, text)
	}
	return row
}

// TestClientLevelDataRoundTrip holds the two laws for rows that are drawn by chance.
func TestClientLevelDataRoundTrip(t *testing.T) {
	f := clientLevelData(t, folder.Release2)
	var headers []string
	for _, c := range f.Program().Columns("Event") {
		headers = append(headers, c.Header)
	}
	rapid.Check(t, func(rt *rapid.T) {
		table := [][]string{headers}
		for i := range rapid.IntRange(1, 3).Draw(rt, "rows") {
			table = append(table, drawEvent(rt, f, i))
		}
		var text strings.Builder
		if err := csv.NewWriter(&text).WriteAll(table); err != nil {
			rt.Fatal(err)
		}
		got, err := csv.NewReader(strings.NewReader(string(roundTrip(rt, f, "Event.csv", text.String())["Event.csv"]))).ReadAll()
		if err != nil || !reflect.DeepEqual(got, table) {
			rt.Fatalf("%v came back as\n%q\nwant\n%q", err, got, table)
		}
	})
}

// TestReleaseOneBecomesReleaseTwo: rows of release 1 become rows of release 2, and a code
// that release 2 does not have is dropped and counted, never made into another.
func TestReleaseOneBecomesReleaseTwo(t *testing.T) {
	const head = "LA Code,LA Person Unique Identifier,Client Type,Event Type,Event Start Date,Event Outcome\n"
	given := head + "E1,1,Carer,Review,01/04/2026,Progress to assessment\nE1,2,Service User,Review,01/04/2026,Provision of service\n"
	made, err := workbench.Forward(context.Background(), clientLevelData(t, folder.Release1), fstest.MapFS{"Event.csv": {Data: []byte(given)}}, workbench.Env("s", "E1"))
	if err != nil || mapping.Refused(made.Faults) || len(made.Faults) != 1 || !strings.Contains(made.Faults[0].Reason, "no equivalent in table EventOutcome") {
		t.Fatalf("%v %+v", err, made.Faults)
	}
	resources, err := workbench.Resources(made.Bundle())
	if err != nil {
		t.Fatal(err)
	}
	files, back := clientLevelData(t, folder.Release2).Back(workbench.Env("s", "E1"), resources)
	rows, err := csv.NewReader(strings.NewReader(string(files["Event.csv"]))).ReadAll()
	if err != nil || len(rows) != 3 || back.Refused > 0 || back.Dropped["Encounter.extension.valueCoding.code"] != 1 {
		t.Fatalf("%v %q %+v", err, rows, back)
	}
	cell := func(row int, header string) string {
		for i, h := range rows[0] {
			if h == header {
				return rows[row][i]
			}
		}
		return "no such column"
	}
	for row, want := range map[int][2]string{1: {"Unpaid carer", "Progress to assessment, review or reassessment"}, 2: {"Service user", ""}} {
		if got := [2]string{cell(row, "Client Type"), cell(row, "Event Outcome")}; got != want {
			t.Errorf("row %d: %q, want %q", row, got, want)
		}
	}
}

// TestWhatIsOfAnotherKindOfEventIsLeftBehind: a column that only the map of another kind of
// event reads is in no resource, and is counted.
func TestWhatIsOfAnotherKindOfEventIsLeftBehind(t *testing.T) {
	text := "LA Code,LA Person Unique Identifier,Event Type,Event Start Date,Review Reason,Unit Cost\n" +
		"E06000019,P1,Service,12/04/2026,Annual,9.50\nE06000019,P2,Review,12/04/2026,Annual,9.50\n"
	made, err := workbench.Forward(context.Background(), clientLevelData(t, folder.Release2), fstest.MapFS{"Event.csv": {Data: []byte(text)}}, workbench.Env("s", "E06000019"))
	if err != nil || made.Report.Taken != 2 || !reflect.DeepEqual(made.Report.LeftBehind, map[string]int{"Review_Reason": 1, "Unit_Cost": 1}) {
		t.Errorf("%v, %+v", err, made.Report)
	}
}
