package gateway_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	samply "github.com/samply/golang-fhir-models/fhir-models/fhir"

	"cpagateway/gateway"
	"cpagateway/gateway/search"
	"cpagateway/profiles/fhir"
)

// promised are the types of the surface, written down a second time.
var promised = []string{"CarePlan", "CareTeam", "Communication", "EpisodeOfCare", "Flag", "Goal", "Organization", "Patient", "Practitioner", "PractitionerRole", "RiskAssessment", "Task", "Subscription", "StructureMap"}

func capabilities(t *testing.T, s *stand) samply.CapabilityStatement {
	t.Helper()
	a := s.get("", "/metadata")
	if a.status != http.StatusOK || a.header.Get("Content-Type") != "application/fhir+json; charset=utf-8" {
		t.Fatalf("metadata answered %d as %s", a.status, a.header.Get("Content-Type"))
	}
	value, err := fhir.ParseResource([]byte(a.body))
	must(t, err)
	for _, required := range []string{"status", "date", "kind", "fhirVersion", "format"} {
		if !value.Get(required).Exists() {
			t.Errorf("the CapabilityStatement has no %s", required)
		}
	}
	if bare := regexp.MustCompile(`null|\{\}|\[\]|""`).FindString(a.body); bare != "" {
		t.Errorf("the CapabilityStatement holds %s", bare)
	}
	statement, err := samply.UnmarshalCapabilityStatement([]byte(a.body))
	must(t, err)
	return statement
}

func TestTheCapabilityStatementIsTheAllowList(t *testing.T) {
	s := openStand(t)
	statement := capabilities(t, s)
	if len(statement.Rest) != 1 {
		t.Fatalf("%d rest sections", len(statement.Rest))
	}
	var types []string
	for _, r := range statement.Rest[0].Resource {
		typ := r.Type.Code()
		types = append(types, typ)
		if typ == "StructureMap" {
			if len(r.Operation) != 1 || r.Operation[0].Name != "transform" || len(r.Interaction)+len(r.SearchParam) > 0 {
				t.Errorf("of maps %+v", r)
			}
			continue
		}
		var interactions, params, wanted []string
		for _, i := range r.Interaction {
			interactions = append(interactions, i.Code.Code())
		}
		want := []string{"read", "vread", "history-instance", "search-type", "create", "update", "patch", "delete"}
		if slices.Contains([]string{"Patient", "Communication"}, typ) {
			want = want[:4]
		}
		if typ == "Task" {
			want = append(want[:4:4], "update", "patch")
		}
		if typ == "Subscription" {
			want = []string{"read", "search-type", "create", "update", "delete"}
			if len(r.Operation) != 2 || r.Operation[0].Name != "status" || r.Operation[1].Name != "events" {
				t.Errorf("operations %v", r.Operation)
			}
		}
		if conditional := r.ConditionalCreate != nil && *r.ConditionalCreate; conditional != (slices.Contains(want, "patch") && slices.Contains(want, "create")) {
			t.Errorf("%s: conditional create is told as %t", typ, conditional)
		}
		if !slices.Equal(interactions, want) {
			t.Errorf("%s: %v", typ, interactions)
		}
		if !slices.Equal(r.SearchInclude, search.Includes(typ)) || typ == "CarePlan" && !slices.Contains(r.SearchInclude, "CarePlan:subject") {
			t.Errorf("%s includes %v", typ, r.SearchInclude)
		}
		for _, p := range r.SearchParam {
			params = append(params, p.Name)
			served(t, s, typ, p)
		}
		if typ == "Subscription" {
			wanted = []string{"criteria", "status", "type", "url"}
		}
		for _, p := range search.Definitions(typ) {
			wanted = append(wanted, p.Name)
		}
		if len(params) == 0 || !slices.Equal(params, wanted) {
			t.Errorf("%s: the statement names %v, the table %v", typ, params, wanted)
		}
	}
	if !slices.Equal(types, promised) {
		t.Errorf("types %v", types)
	}
	var whole []string
	for _, i := range statement.Rest[0].Interaction {
		whole = append(whole, i.Code.Code())
	}
	if !slices.Equal(whole, []string{"batch", "transaction"}) || !slices.Equal(statement.PatchFormat, []string{"application/json-patch+json"}) {
		t.Errorf("of the whole it names %v, and patches as %v", whole, statement.PatchFormat)
	}
}

// served fails where a parameter of the statement is not known to a search.
func served(t *testing.T, s *stand, typ string, p samply.CapabilityStatementRestResourceSearchParam) {
	t.Helper()
	value := map[string]string{"date": "2026-01-01", "string": "http://example.org/p", "reference": "Patient/x", "token": "x"}[p.Type.Code()]
	a := s.get("gp", "/"+typ+"?"+url.Values{p.Name: {value}}.Encode())
	if strings.Contains(a.body, "is not known here") {
		t.Errorf("%s?%s is in the statement and not served", typ, p.Name)
	}
}

func TestWhatIsNotOnTheListIsNotServed(t *testing.T) {
	s := openStand(t)
	unlisted := []string{"Consent", "Condition", "Encounter", "Bundle", "Basic", "AuditEvent", "OperationOutcome", "careplan", "CarePlan2", "metadata"}
	for _, typ := range unlisted {
		for _, path := range []string{"/" + typ + "/x", "/" + typ + "/x/_history/1", "/" + typ + "?" + about(ann)} {
			if a := s.get("cmht", path); a.status != http.StatusNotFound && !(typ == "metadata" && a.status == http.StatusOK) {
				t.Errorf("GET %s answered %d", path, a.status)
			}
		}
	}
	for _, typ := range promised {
		for _, path := range []string{"/" + typ + "/_history", "/" + typ + "/x/$everything", "/" + typ + "/$validate", "/" + typ + "/x/", "/" + typ + "/"} {
			if a := s.get("cmht", path); a.status != http.StatusNotFound {
				t.Errorf("GET %s answered %d", path, a.status)
			}
		}
		for _, method := range []string{http.MethodOptions, "TRACE", "BREW"} {
			if a := s.do("cmht", method, gateway.Prefix+"/"+typ+"/x", ""); a.status != http.StatusMethodNotAllowed && a.status != http.StatusNotFound {
				t.Errorf("%s %s/x answered %d", method, typ, a.status)
			}
		}
		if a := s.do("cmht", http.MethodPost, gateway.Prefix+"/"+typ, "{}", "Content-Type", "application/fhir+json"); a.status < 400 {
			t.Errorf("POST %s answered %d", typ, a.status)
		}
	}
	for _, path := range []string{"", "/", "/_history", "/_search?_type=Patient"} {
		if a := s.get("cmht", path); a.status != http.StatusNotFound && !(len(path) < 2 && a.status == http.StatusMethodNotAllowed) {
			t.Errorf("GET %q answered %d", path, a.status)
		}
	}
}

func TestTheSmartConfigurationSaysWhereTokensComeFrom(t *testing.T) {
	s := openStand(t)
	a := s.get("", "/.well-known/smart-configuration")
	if a.status != http.StatusOK || a.header.Get("Content-Type") != "application/json" {
		t.Fatalf("answered %d as %s", a.status, a.header.Get("Content-Type"))
	}
	var doc struct {
		Issuer       string
		Token        string   `json:"token_endpoint"`
		Keys         string   `json:"jwks_uri"`
		AuthMethods  []string `json:"token_endpoint_auth_methods_supported"`
		Algorithms   []string `json:"token_endpoint_auth_signing_alg_values_supported"`
		Grants       []string `json:"grant_types_supported"`
		Scopes       []string `json:"scopes_supported"`
		Capabilities []string
	}
	must(t, json.Unmarshal([]byte(a.body), &doc))
	if doc.Issuer == "" || doc.Token == "" || doc.Keys == "" {
		t.Errorf("an endpoint is missing: %s", a.body)
	}
	if !slices.Equal(doc.AuthMethods, []string{"private_key_jwt"}) || !slices.Equal(doc.Grants, []string{"client_credentials"}) {
		t.Errorf("methods %v, grants %v", doc.AuthMethods, doc.Grants)
	}
	if len(doc.Scopes) != 2*len(promised) || len(doc.Capabilities) == 0 || len(doc.Algorithms) == 0 {
		t.Errorf("scopes %v, capabilities %v, algorithms %v", doc.Scopes, doc.Capabilities, doc.Algorithms)
	}
	for _, never := range []string{"none", "HS256"} {
		if slices.Contains(doc.Algorithms, never) {
			t.Errorf("%s is offered", never)
		}
	}
	if keys, err := http.Get(doc.Keys); err != nil || keys.StatusCode != http.StatusOK {
		t.Errorf("the keys are not where the document says: %v", err)
	} else {
		keys.Body.Close()
	}
}
