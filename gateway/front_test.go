package gateway_test

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/text/language"

	"cpagateway/gateway"
	"cpagateway/gateway/demo"
	"cpagateway/gateway/store"
	"cpagateway/gateway/texts"
	"cpagateway/profiles"
)

// number is how a search writes an NHS number.
func number(n string) string { return url.QueryEscape(profiles.SystemNHSNumber + "|" + n) }

func TestRequestsThatAreRefusedForTheirOwnSake(t *testing.T) {
	s := openStand(t)
	long := strings.Repeat("x", 9<<10)
	cases := []struct {
		name, method, path, form string
		headers                  []string
		status                   int
		says                     string
	}{
		{name: "an unknown parameter", path: "/CarePlan?" + about(ann) + "&colour=red", status: 400, says: "colour"},
		{name: "a parameter of another type", path: "/CarePlan?" + about(ann) + "&lifecycle-status=active", status: 400, says: "lifecycle-status"},
		{name: "an unknown modifier", path: "/CarePlan?" + about(ann) + "&status:above=active", status: 400, says: "status"},
		{name: "a bad date", path: "/CarePlan?" + about(ann) + "&date=yesterday", status: 400, says: "date"},
		{name: "a bad sort", path: "/CarePlan?" + about(ann) + "&_sort=colour", status: 400, says: "_sort"},
		{name: "an include that is none", path: "/CarePlan?" + about(ann) + "&_include=CarePlan:author", status: 400, says: "CarePlan:subject"},
		{name: "everything included", path: "/CarePlan?" + about(ann) + "&_include=*", status: 400, says: "_include"},
		{name: "an include of another type", path: "/CarePlan?" + about(ann) + "&_include=Goal:subject", status: 400, says: "_include"},
		{name: "an include that goes on", path: "/CarePlan?" + about(ann) + "&_include:iterate=CarePlan:subject", status: 400, says: "_include"},
		{name: "a reverse include", path: "/CarePlan?" + about(ann) + "&_revinclude=Goal:subject", status: 400, says: "_revinclude"},
		{name: "a summary that is none", path: "/CarePlan?" + about(ann) + "&_summary=short", status: 400, says: "text"},
		{name: "an element that is none", path: "/CarePlan?" + about(ann) + "&_elements=colour", status: 400, says: "activity"},
		{name: "a summary of elements", path: "/CarePlan?" + about(ann) + "&_summary=true&_elements=status", status: 400},
		{name: "a total that is none", path: "/CarePlan?" + about(ann) + "&_total=roughly", status: 400, says: "accurate"},
		{name: "a negative count", path: "/CarePlan?" + about(ann) + "&_count=-1", status: 400, says: "0-100"},
		{name: "a count of a read", path: "/CarePlan/x?_summary=count", status: 400, says: "_summary"},
		{name: "a read twice shaped", path: "/CarePlan/x?_summary=data&_summary=data", status: 400},
		{name: "a count of words", path: "/CarePlan?" + about(ann) + "&_count=all", status: 400, says: "_count"},
		{name: "two persons", path: "/CarePlan?patient.identifier=" + number(ann) + "&subject.identifier=" + number(bryn), status: 400},
		{name: "one person twice", path: "/CarePlan?" + about(ann) + "&" + about(ann), status: 400},
		{name: "two persons in one parameter", path: "/CarePlan?patient.identifier=" + number(ann) + "," + number(bryn), status: 400, says: "one person"},
		{name: "a number without its system", path: "/CarePlan?patient.identifier=" + ann, status: 400, says: "patient.identifier"},
		{name: "a number with an empty system", path: "/CarePlan?subject.identifier=%7C" + ann, status: 400, says: "https://fhir.nhs.uk/Id/nhs-number|"},
		{name: "a system without a number", path: "/CarePlan?patient.identifier=" + number(""), status: 400, says: "patient.identifier"},
		{name: "a number under a system that nobody has", path: "/Patient?identifier=NHS%7C" + ann, status: 400, says: "identifier"},
		{name: "a number of another register", path: "/Patient?identifier=" + url.QueryEscape("https://elsewhere.example/Id/person|"+ann), status: 400, says: "identifier"},
		{name: "a number whose check digit fails", path: "/CarePlan?patient.identifier=" + number("9990000019"), status: 400, says: "no NHS number"},
		{name: "one digit ten times, whose check digit is right", path: "/CarePlan?patient.identifier=" + number("9999999999"), status: 400, says: "not all alike"},
		{name: "a number of nine digits", path: "/CarePlan?patient:identifier=" + number("999000001"), status: 400, says: "no NHS number"},
		{name: "a number of words", path: "/Patient?identifier=" + number("Ann Evans"), status: 400, says: "no NHS number"},
		{name: "no person", path: "/CarePlan?status=active", status: 400, says: "one person"},
		{name: "nothing at all", path: "/CarePlan", status: 400, says: "one person"},
		{name: "a cursor with a filter", path: "/CarePlan?_cursor=abc&status=active", status: 400},
		{name: "a cursor that is none", path: "/CarePlan?_cursor=abc", status: 400, says: "no longer available"},
		{name: "a directory without an id", path: "/Practitioner", status: 400, says: "_id"},
		{name: "a directory with a count alone", path: "/Organization?_count=100", status: 400, says: "_id"},
		{name: "too many parameters", path: "/CarePlan?" + about(ann) + strings.Repeat("&status=active", 60), status: 400},
		{name: "a name that is none", path: "/CarePlan?" + about(ann) + "&%00=1", status: 400},
		{name: "a broken escape", path: "/CarePlan?status=%zz", status: 400},
		{name: "a read with a query", path: "/CarePlan/x?status=active", status: 400, says: "_elements, _format, _pretty, _summary"},
		{name: "XML by Accept", path: "/CarePlan?" + about(ann), headers: []string{"Accept", "application/fhir+xml"}, status: 406},
		{name: "XML by _format", path: "/CarePlan?" + about(ann) + "&_format=xml", status: 406},
		{name: "_format before Accept", path: "/CarePlan?" + about(ann) + "&_format=xml", headers: []string{"Accept", "application/fhir+json"}, status: 406},
		{name: "an escaped slash", path: "/CarePlan%2Fx", status: 404},
		{name: "an escaped slash in an id", path: "/CarePlan/x%2F_history%2F1", status: 404},
		{name: "an escaped letter", path: "/CarePl%61n/x", status: 404},
		{name: "two slashes", path: "//CarePlan/x", status: 404},
		{name: "two slashes before the id", path: "/CarePlan//x", status: 404},
		{name: "dots", path: "/CarePlan/../metadata", status: 404},
		{name: "an id that is none", path: "/CarePlan/a_b", status: 404, says: "Nothing was found"},
		{name: "an id too long", path: "/CarePlan/" + strings.Repeat("a", 65), status: 404, says: "Nothing was found"},
		{name: "a method override", path: "/CarePlan/x", headers: []string{"X-HTTP-Method-Override", "DELETE"}, status: 400},
		{name: "another override", path: "/CarePlan/x", headers: []string{"X-Method-Override", "PUT"}, status: 400},
		{name: "a long address", path: "/CarePlan?status=" + long, status: 414, says: "8192"},
		{name: "a long form", method: http.MethodPost, path: "/CarePlan/_search", form: "status=" + strings.Repeat("x", 65<<10), status: 413},
		{name: "a huge form", method: http.MethodPost, path: "/CarePlan/_search", form: "status=" + strings.Repeat("x", 2<<20), status: 413},
		{name: "a form as JSON", method: http.MethodPost, path: "/CarePlan/_search", form: "{}", headers: []string{"Content-Type", "application/fhir+json"}, status: 415},
		{name: "a form without its type", method: http.MethodPost, path: "/CarePlan/_search", form: "a=b", headers: []string{"Content-Type", ""}, status: 415},
		{name: "a post to a read", method: http.MethodPost, path: "/CarePlan/x", form: "a=b", status: 405},
	}
	for i, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if c.method == "" {
				c.method = http.MethodGet
			}
			name := requestName[:32] + strconv.FormatInt(int64(0xa000+i), 16)
			a := s.do("cmht", c.method, gateway.Prefix+c.path, c.form, append(c.headers, "X-Request-Id", name)...)
			if a.status != c.status {
				t.Fatalf("answered %d, want %d: %.300s", a.status, c.status, a.body)
			}
			if text := a.text(t); !strings.Contains(text, c.says) {
				t.Errorf("says %q, want %q in it", text, c.says)
			}
			if strings.Contains(a.body, ann) || strings.Contains(a.body, "red") && c.says == "colour" {
				t.Errorf("the answer repeats a value: %s", a.body)
			}
			if rows := s.recorded(name); len(rows) != 1 || rows[0].Outcome != "refused" || rows[0].Client != "demo-cmht" {
				t.Errorf("on record: %+v", rows)
			}
		})
	}
}

func TestLenientIgnoresTheUnknownAndShowsWhatWasUsed(t *testing.T) {
	s := openStand(t)
	path := "/CarePlan?" + about(ann) + "&colour=red&status=active&_count=500&_format=json"
	a := s.get("cmht", path, "Prefer", "return=minimal, handling=lenient", "X-Request-Id", requestName)
	if a.status != http.StatusOK || len(a.ids(t)) == 0 {
		t.Fatalf("answered %d: %.300s", a.status, a.body)
	}
	shown, err := url.Parse(a.bundle(t).link("self"))
	must(t, err)
	if got := shown.RawQuery; got != "_count=100&status=active" {
		t.Errorf("the self link shows %q", got)
	}
	if rows := s.recorded(requestName); len(rows) != 1 || slices.Contains(rows[0].Params, "colour") || !slices.Contains(rows[0].Params, "status") {
		t.Errorf("on record: %+v", rows)
	}
	if a := s.get("cmht", path, "Prefer", "handling=strict"); a.status != http.StatusBadRequest {
		t.Errorf("strict answered %d", a.status)
	}
	if a := s.get("cmht", "/CarePlan?"+about(ann)+"&status:above=active", "Prefer", "handling=lenient"); a.status != http.StatusBadRequest {
		t.Errorf("a filter that cannot be applied was left out: %d", a.status)
	}
}

func TestTheUnauthenticatedLearnNothingOfTheRequest(t *testing.T) {
	s := openStand(t)
	first := s.get("", "/CarePlan/unknown", "X-Request-Id", requestName)
	if first.status != http.StatusUnauthorized || first.header.Get("WWW-Authenticate") == "" {
		t.Fatalf("answered %d, challenge %q", first.status, first.header.Get("WWW-Authenticate"))
	}
	for _, path := range []string{crisisPath(), "/Nonsense/x", "/CarePlan?colour=red", "/CarePlan%2Fx", "/CarePlan?status=" + strings.Repeat("x", 9<<10)} {
		if a := s.get("", path, "X-Request-Id", requestName); a.status != first.status || a.body != first.body {
			t.Errorf("%.40s: %d %s", path, a.status, a.body)
		}
	}
}

// HAPI's client can send a search by GET to the address of one by POST. It was answered as
// a read of something that is not there, in the words in which no plan is answered.
func TestASearchByGetToTheAddressOfOneByPost(t *testing.T) {
	s := openStand(t)
	for _, person := range []string{ann, elin, nobody} {
		want := s.get("ooh", "/CarePlan?"+about(person))
		if got := s.get("ooh", "/CarePlan/_search?"+about(person)); got.status != want.status || got.body != want.body {
			t.Errorf("%d %.300s\nwant\n%d %.300s", got.status, got.body, want.status, want.body)
		}
	}
}

func TestHeadIsGetWithoutTheBody(t *testing.T) {
	s := openStand(t)
	team := s.get("gp", "/CareTeam?"+about(ann)).ids(t)[0]
	get := s.get("gp", "/CareTeam/"+team)
	head := s.do("gp", http.MethodHead, gateway.Prefix+"/CareTeam/"+team, "", "X-Request-Id", requestName)
	if head.status != http.StatusOK || head.body != "" || head.header.Get("ETag") != get.header.Get("ETag") || get.header.Get("ETag") == "" {
		t.Errorf("HEAD answered %d, ETag %q: %q", head.status, head.header.Get("ETag"), head.body)
	}
	if rows := s.recorded(requestName); len(rows) != 1 || rows[0].Outcome != "permit" {
		t.Errorf("on record: %+v", rows)
	}
	if hidden := s.do("ooh-unlisted", http.MethodHead, gateway.Prefix+"/CareTeam/"+team, ""); hidden.status != http.StatusNotFound || hidden.header.Get("ETag") != "" {
		t.Errorf("HEAD told of a hidden team: %d", hidden.status)
	}
}

// Without its length an answer leaves in pieces, the last of which says that it was the last.
func TestAnAnswerSaysItsLength(t *testing.T) {
	s := openStand(t)
	for path, least := range map[string]int{crisisPath(): 4096, "/CarePlan?" + about(nobody): 1, "/CarePlan/unknown": 1, "/metadata": 4096} {
		a := s.get("ooh", path)
		if length := a.header.Get("Content-Length"); length != strconv.Itoa(len(a.body)) || len(a.body) < least {
			t.Errorf("%s says %q, and has %d", path, length, len(a.body))
		}
	}
}

func TestAnswersAreNeverKeptAndNeverSniffed(t *testing.T) {
	s := openStand(t)
	for _, path := range []string{"/metadata", crisisPath(), "/CarePlan/unknown", "/CarePlan?colour=red", "/Nonsense"} {
		a := s.get("gp", path, "Accept-Language", "cy", "Accept-Encoding", "gzip, br")
		if a.header.Get("Content-Encoding") != "" {
			t.Errorf("%.30s is compressed", path)
		}
		if a.header.Get("Cache-Control") != "no-store" || a.header.Get("X-Content-Type-Options") != "nosniff" || a.header.Get("Content-Language") != "cy" {
			t.Errorf("%.30s: %v", path, a.header)
		}
		if len(a.header.Get("X-Request-Id")) != 36 {
			t.Errorf("%.30s has no request id", path)
		}
	}
}

// One search by id was answered with everything of that person's type.
func TestASearchByIdFindsThatResourceAlone(t *testing.T) {
	s := openStand(t)
	for _, typ := range []string{"CarePlan", "Goal"} {
		all := s.get("cmht", "/"+typ+"?"+about(ann)).ids(t)
		if len(all) < 2 {
			t.Fatalf("Ann has %d of type %s: the test could not fail", len(all), typ)
		}
		if got := s.get("cmht", "/"+typ+"?_id="+all[1]).ids(t); !slices.Equal(got, all[1:2]) {
			t.Errorf("%s?_id=%s found %v", typ, all[1], got)
		}
	}
}

// A directory could be listed whole by any filter that all of it matches.
func TestADirectoryIsNotListedByAFilterThatMatchesAll(t *testing.T) {
	s := openStand(t)
	for _, typ := range []string{"Practitioner", "PractitionerRole", "Organization"} {
		for _, query := range []string{"_lastUpdated=gt1900-01-01", "_security=R", "_tag=R", "_profile=" + url.QueryEscape(profiles.Base+"/StructureDefinition/Profile-CPAWales-"+typ), "identifier=" + url.QueryEscape(profiles.SystemODS+"|")} {
			if a := s.get("cmht", "/"+typ+"?"+query); a.status != http.StatusBadRequest {
				t.Errorf("%s?%s answered %d with %d matches", typ, query, a.status, len(a.ids(t)))
			}
		}
	}
}

// The last of several _sort was used and all were shown.
func TestAParameterThatShapesTheAnswerComesOnce(t *testing.T) {
	s := openStand(t)
	for _, twice := range []string{"_sort=date&_sort=-date", "_count=1&_count=2", "_cursor=a&_cursor=b"} {
		if a := s.get("cmht", "/CarePlan?"+about(ann)+"&"+twice); a.status != http.StatusBadRequest {
			t.Errorf("%s answered %d, self %s", twice, a.status, a.bundle(t).link("self"))
		}
	}
}

// metadata was answered in JSON to callers that take XML alone.
func TestMetadataInXMLIsNotAcceptable(t *testing.T) {
	s := openStand(t)
	if a := s.get("", "/metadata", "Accept", "application/fhir+xml"); a.status != http.StatusNotAcceptable {
		t.Errorf("Accept: answered %d", a.status)
	}
	if a := s.get("", "/metadata?_format=xml"); a.status != http.StatusNotAcceptable {
		t.Errorf("_format: answered %d", a.status)
	}
}

// Clients ask for JSON in every form that R4 names, for a page that people can
// read, and by the gateway's own addresses.
func TestTheFormOfAnAnswer(t *testing.T) {
	s := openStand(t)
	plain := s.get("gp", "/CarePlan?"+about(ann))
	id := plain.ids(t)[0]
	patient := plain.bundle(t).Entry[0].Resource["subject"].(map[string]any)["reference"].(string)
	for _, path := range []string{"/CarePlan?" + about(ann) + "&", "/CarePlan/" + id + "?", "/metadata?"} {
		for _, form := range []string{
			"_format=json", "_format=application/json", "_format=application/fhir%2Bjson", "_format=application/fhir+json", "_format=text/json",
			"_format=application/fhir%2Bjson;fhirVersion=4.0", "_format=JSON", "_pretty=false",
		} {
			if a := s.get("gp", path+form, "Accept", "application/xml"); a.status != http.StatusOK && form != "_pretty=false" {
				t.Errorf("%s%s: %d %.200s", path, form, a.status, a.body)
			}
		}
		pretty := s.get("gp", path+"_pretty=true")
		var compact bytes.Buffer
		if err := json.Compact(&compact, []byte(pretty.body)); err != nil || pretty.status != http.StatusOK || !strings.Contains(pretty.body, "\n  \"") {
			t.Errorf("%s_pretty=true: %d %.200s", path, pretty.status, pretty.body)
		} else if a := s.get("gp", path); a.body != compact.String() {
			t.Errorf("%s_pretty=true says something else", path)
		}
		for _, form := range []string{"_format=xml", "_format=application/fhir%2Bxml", "_format=html"} {
			if a := s.get("gp", path+form); a.status != http.StatusNotAcceptable {
				t.Errorf("%s%s: %d", path, form, a.status)
			}
		}
		for _, form := range []string{"_pretty=yes", "_format=json&_format=json", "_pretty=true&_pretty=true"} {
			if a := s.get("gp", path+form); a.status != http.StatusBadRequest {
				t.Errorf("%s%s: %d", path, form, a.status)
			}
		}
		head := s.do("gp", http.MethodHead, strings.TrimSuffix(gateway.Prefix+path, "&"), "")
		if head.status != http.StatusOK || head.body != "" || head.header.Get("Content-Type") == "" {
			t.Errorf("HEAD %s: %d %q", path, head.status, head.body)
		}
	}
	for _, ref := range []string{patient, s.server.URL + gateway.Prefix + "/" + patient} {
		if a := s.get("gp", "/CarePlan?patient="+url.QueryEscape(ref)); a.status != http.StatusOK || len(a.ids(t)) != len(plain.ids(t)) {
			t.Errorf("patient=%s: %d", ref, a.status)
		}
	}
	if a := s.get("gp", "/CarePlan?patient="+url.QueryEscape("https://elsewhere.example/fhir/R4/"+patient)); a.status != http.StatusBadRequest {
		t.Errorf("a reference to another server answered %d", a.status)
	}
	form := s.do("gp", http.MethodPost, gateway.Prefix+"/CarePlan/_search", about(ann)+"&_format=application/fhir%2Bjson&_pretty=true", "Accept", "text/html")
	if form.status != http.StatusOK || !strings.Contains(form.body, "\n") {
		t.Errorf("the form's own _format: %d %.200s", form.status, form.body)
	}
	if a := s.get("gp", "/CarePlan?"+about(ann)+"&colour=red"); !strings.Contains(a.body, "_count") || !strings.Contains(a.body, "_format") || !strings.Contains(a.body, "_sort") {
		t.Errorf("the known parameters are not all named: %s", a.body)
	}
}

// A number under the register's older address, or written with blanks, found
// nobody, and the empty answer read as "no plan".
func TestEveryWayToWriteAnNHSNumberFindsThePerson(t *testing.T) {
	s := openStand(t)
	want := s.get("gp", "/CarePlan?"+about(ann)).ids(t)
	for _, system := range []string{profiles.SystemNHSNumber, "http://fhir.nhs.net/Id/nhs-number", "http://fhir.nhs.uk/Id/nhs-number", " " + profiles.SystemNHSNumber + " "} {
		for _, value := range []string{ann, " 999 000 0018 ", "999-000-0018"} {
			a := s.get("gp", "/CarePlan?patient.identifier="+url.QueryEscape(system+"|"+value))
			if a.status != http.StatusOK || !slices.Equal(a.ids(t), want) {
				t.Errorf("%q|%q: %d, %d plans", system, value, a.status, len(a.ids(t)))
			}
		}
	}
}

// Only plan searches carried the entry: an emergency team that looked for the
// person first was given an empty list and nothing else.
func TestEverySearchInAnEmergencyCarriesTheEntry(t *testing.T) {
	s := openStand(t)
	for _, typ := range []string{"Patient", "CarePlan", "CareTeam", "EpisodeOfCare", "Goal"} {
		for _, number := range []string{nobody, elin, bryn} {
			query := about(number)
			if typ == "Patient" {
				query = strings.Replace(query, "patient.identifier", "identifier", 1)
			}
			a := s.get("ooh", "/"+typ+"?"+query)
			if a.status != http.StatusOK || !strings.Contains(a.body, demo.DutyLine) {
				t.Errorf("%s: %d without the duty team's number", typ, a.status)
			}
			if b := s.get("ooh-unlisted", "/"+typ+"?"+query); !strings.Contains(b.body, demo.DutyLine) {
				t.Errorf("%s: a team that no agreement names is not told the duty team's number", typ)
			}
		}
	}
	if a := s.get("ooh", "/Organization?_id=unknown"); a.status != http.StatusOK || len(a.bundle(t).Entry) != 0 {
		t.Errorf("a search about nobody: %d %s", a.status, a.body)
	}
}

// whomToCall is what a refusal says to a team in an emergency, behind what it says to anybody.
func whomToCall(t *testing.T, lang language.Tag, a answer, refusal texts.Key, more ...any) {
	t.Helper()
	want := refusal.In(lang, more...) + " " + texts.CrisisRead.In(lang, demo.DutyLine)
	if got := a.text(t); got != want {
		t.Errorf("%d %q, want %q", a.status, got, want)
	}
}

// A team in an emergency that reads one plan was told that there is nothing, and not whom to
// call: what is hidden, deleted and unknown says it alike.
func TestAReadOfNothingInAnEmergencySaysWhomToCall(t *testing.T) {
	s := openStand(t)
	deleted, hidden := s.planOf("ooh", ann, profiles.CodeCrisisPlan), s.planOf("cmht", elin, profiles.CodeCrisisPlan)
	if a := s.send("keeper", http.MethodDelete, "/CarePlan/"+deleted, "", "If-Match", s.get("keeper", "/CarePlan/"+deleted).header.Get("ETag")); a.status != http.StatusNoContent {
		t.Fatalf("%d %s", a.status, a.body)
	}
	for _, lang := range []language.Tag{texts.English, texts.Welsh} {
		headers := []string{"Accept-Language", lang.String(), "X-Request-Id", requestName}
		unknown := s.get("ooh", "/CarePlan/unknown", headers...)
		whomToCall(t, lang, unknown, texts.Nothing)
		for _, id := range []string{deleted, hidden, "unknown"} {
			for _, path := range []string{id, id + "/_history", id + "/_history/1"} {
				if a := s.get("ooh", "/CarePlan/"+path, headers...); a.status != http.StatusNotFound || a.body != unknown.body {
					t.Errorf("%s: %d %s", path, a.status, a.body)
				}
			}
		}
		if a := s.get("gp", "/CarePlan/unknown", headers...); a.text(t) != texts.Nothing.In(lang) {
			t.Errorf("in no emergency: %s", a.body)
		}
	}
	batch := s.send("ooh", http.MethodPost, "", bundleFor("batch", entryOf("GET", "CarePlan/"+hidden, "", "")))
	if strings.Count(batch.body, demo.DutyLine) != 1 {
		t.Errorf("in a batch: %s", batch.body)
	}
	if a := s.get("ooh", "/Practitioner/unknown"); a.text(t) != texts.Nothing.In(texts.English) {
		t.Errorf("a read about nobody: %s", a.body)
	}
}

// Who gets no answer in an emergency is told whom to call, whatever failed.
func TestAFailureInAnEmergencySaysWhomToCall(t *testing.T) {
	s := openStand(t)
	search := "/CarePlan?" + about(ann)
	broken := func(err error) func(context.Context, string) error {
		return func(context.Context, string) error { return err }
	}
	for _, as := range []string{"ooh", "cmht"} {
		says := func(a answer, refusal texts.Key, more ...any) {
			t.Helper()
			if as == "ooh" {
				whomToCall(t, texts.English, a, refusal, more...)
			} else if got := a.text(t); got != refusal.In(texts.English, more...) {
				t.Errorf("in no emergency: %s", got)
			}
		}
		s.writes.breaks(errBroken, nil)
		says(s.get(as, search), texts.Broken)
		s.writes.breaks(nil, nil)
		for err, refusal := range map[error]texts.Key{errBroken: texts.Broken, context.DeadlineExceeded: texts.Timeout, store.ErrAway: texts.Busy} {
			s.memory.Clear()
			s.reader.before = broken(err)
			says(s.get(as, search), refusal)
			s.reader.before = nil
		}
		shared := s.road.Shared
		s.road.Shared = &rations{State: shared}
		slow := s.get(as, search)
		says(slow, texts.TooMany, 1)
		s.road.Shared = shared
		if slow.status != http.StatusTooManyRequests {
			t.Errorf("%d %s", slow.status, slow.body)
		}
	}
	if a := s.get("ooh", "/CarePlan?colour=red"); strings.Contains(a.body, demo.DutyLine) {
		t.Errorf("what the caller has to mend: %s", a.body)
	}
}
