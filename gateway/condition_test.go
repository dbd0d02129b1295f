package gateway_test

import (
	"net/http"
	"strings"
	"testing"

	"cpagateway/profiles"
)

// A condition about somebody else was passed over, and what it should have found was
// created once more; of the other person it tells nothing, known or not.
func TestAConditionAboutSomebodyElseIsNoCondition(t *testing.T) {
	s := openStand(t)
	kind := "category=" + profiles.SystemSNOMED + "|" + profiles.CodeCrisisPlan
	body := crisisPlanOf(numbered(ann), `,"identifier":[{"system":"urn:x","value":"1"}]`)
	patient := s.get("cmht", "/Patient?identifier="+profiles.SystemNHSNumber+"|"+ann).ids(t)[0]
	other := s.get("cmht", "/Patient?identifier="+profiles.SystemNHSNumber+"|"+bryn).ids(t)[0]
	var refusals []string
	for _, condition := range []string{"patient=Patient/" + other, "patient=Patient/none", "patient.identifier=" + profiles.SystemNHSNumber + "|" + nobody} {
		got := s.send("cmht", http.MethodPost, "/CarePlan", body, "If-None-Exist", "identifier=urn:x|1&"+condition)
		if got.status != http.StatusUnprocessableEntity {
			t.Errorf("%s: %d %s", condition, got.status, got.body)
		}
		refusals = append(refusals, got.text(t))
	}
	if refusals[0] != refusals[1] || refusals[1] != refusals[2] {
		t.Errorf("the refusals differ: %q", refusals)
	}
	first := s.send("cmht", http.MethodPost, "/CarePlan", body, "If-None-Exist", "identifier=urn:x|1&patient=Patient/"+patient)
	again := s.send("cmht", http.MethodPost, "/CarePlan", body, "If-None-Exist", "identifier=urn:x|1&"+kind+"&patient="+s.server.URL+"/fhir/R4/Patient/"+patient)
	if first.status != http.StatusCreated || again.status != http.StatusOK || again.body != first.body {
		t.Errorf("%d, then %d %s", first.status, again.status, again.body)
	}
}

// Of two entries under one name the last one won: a reference could lead to the wrong one.
func TestTwoEntriesUnderOneNameAreRefused(t *testing.T) {
	s := openStand(t)
	const name = `"fullUrl":"urn:uuid:2d0f5a4e-6c1b-4b57-9a3e-8f5d1c7e4b61",`
	entry := `{` + name + `"resource":` + crisisPlanOf(numbered(ann), "") + `,"request":{"method":"POST","url":"CarePlan"}}`
	got := s.send("cmht", http.MethodPost, "", `{"resourceType":"Bundle","type":"transaction","entry":[`+entry+`,`+entry+`]}`)
	if got.status != http.StatusBadRequest {
		t.Errorf("%d %s", got.status, got.body)
	}
	if got := s.send("cmht", http.MethodPost, "", `{"resourceType":"Bundle","type":"transaction","entry":[`+entry+`,`+strings.Replace(entry, name, "", 1)+`]}`); got.status != http.StatusOK {
		t.Errorf("without the second name: %d %s", got.status, got.body)
	}
}

// A subject at the gateway's own address was somebody whom nobody knows.
func TestASubjectAtTheGatewaysOwnAddress(t *testing.T) {
	s := openStand(t)
	patient := "Patient/" + s.get("cmht", "/Patient?identifier="+profiles.SystemNHSNumber+"|"+ann).ids(t)[0]
	got := s.send("cmht", http.MethodPost, "/CarePlan", crisisPlanOf(`{"reference":"`+s.server.URL+`/fhir/R4/`+patient+`"}`, ""))
	if got.status != http.StatusCreated || !strings.Contains(got.body, `"subject":{"reference":"`+patient+`"}`) {
		t.Fatalf("%d %s", got.status, got.body)
	}
	if got := s.send("cmht", http.MethodPost, "/CarePlan", crisisPlanOf(`{"reference":"https://elsewhere.example/fhir/R4/`+patient+`"}`, "")); got.status != http.StatusUnprocessableEntity {
		t.Errorf("at another address: %d %s", got.status, got.body)
	}
}
