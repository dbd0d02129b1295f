package fhir

import (
	"encoding/json"
	"strings"
	"testing"

	models "github.com/samply/golang-fhir-models/fhir-models/fhir"
)

func TestView(t *testing.T) {
	plan, err := View[models.CarePlan](must(t, `{"resourceType":"CarePlan","status":"active","intent":"plan",
		"subject":{"reference":"Patient/p"},"unknown":{"kept":"in the bytes"},"_status":{"id":"x"},
		"category":[{"coding":[{"code":"736253002"}]}],"activity":[{"detail":{"status":"stopped"}}]}`))
	if err != nil {
		t.Fatal(err)
	}
	if plan.Status != models.RequestStatusActive || *plan.Subject.Reference != "Patient/p" ||
		*plan.Category[0].Coding[0].Code != "736253002" || plan.Activity[0].Detail.Status != models.CarePlanActivityStatusStopped {
		t.Errorf("%+v", plan)
	}
}

func TestViewRefuses(t *testing.T) {
	const whole = `{"resourceType":"Patient","gender":"male","name":[{"family":"Llewelyn"}]}`
	if _, err := View[models.Patient](must(t, whole)); err != nil {
		t.Fatal(err)
	}
	for src, want := range map[string]string{
		`{"resourceType":"Person","name":[{"family":"Llewelyn"}]}`:                                            "another resourceType",
		`{"name":[{"family":"Llewelyn"}]}`:                                                                    "another resourceType",
		`["Llewelyn"]`:                                                                                        "another resourceType",
		`{"resourceType":"Patient","gender":"Llewelyn"}`:                                                      "a code or number",
		`{"resourceType":"Patient","multipleBirthInteger":99900000182222222222}`:                              "multipleBirthInteger is not of its JSON type",
		`{"resourceType":"Patient","name":"Llewelyn"}`:                                                        "name is not of its JSON type",
		`{"resourceType":"Patient","Gender":"male"}`:                                                          "Patient.gender: written in other capitals",
		`{"resourceType":"Patient","gender":"male","GENDER":"female"}`:                                        "Patient.gender: written in other capitals",
		`{"resourceType":"Patient","name":[{},{"\u0046amily":"Llewelyn"}]}`:                                   "Patient.name[1].family: written in other capitals",
		`{"resourceType":"Patient","communication":[{"\u017fanguage":1,"\u212aey":1,"preferre\u0044":true}]}`: "preferred: written in other capitals",
		`{"resourceType":"Patient","link":[{"other":{}}]}`:                                                    "Patient.link[0].type: a required code is absent",
	} {
		_, err := View[models.Patient](must(t, src))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", src, err, want)
		} else if strings.Contains(err.Error(), "ewelyn") || strings.Contains(err.Error(), "99900") {
			t.Errorf("%s: the error repeats it: %v", src, err)
		}
	}
	if _, err := View[models.Patient](Value{}); err == nil {
		t.Error("Absent has a view")
	}
	if _, err := View[map[string]any](must(t, whole)); err == nil {
		t.Error("a map is a view")
	}
}

// samply alone reads a Consent without a status as a draft; a view does not.
func TestViewInventsNoStatus(t *testing.T) {
	const consent = `{"resourceType":"Consent","scope":{},"category":[]}`
	var invented models.Consent
	if err := json.Unmarshal([]byte(consent), &invented); err != nil || invented.Status != models.ConsentStateDraft {
		t.Fatalf("samply has changed: %v %v", invented.Status, err)
	}
	for _, src := range []string{consent, `{"resourceType":"Consent","status":null}`, `{"resourceType":"Consent","_status":{"id":"x"}}`} {
		if _, err := View[models.Consent](must(t, src)); err == nil {
			t.Errorf("%s has a view", src)
		}
	}
}

// Get and a view read the same, or there is no view: otherwise one part of the
// gateway could decide on "active" and another act on "entered-in-error".
func TestViewAgreesWithGet(t *testing.T) {
	for _, name := range []string{"status", "Status", "STATUS", "\\u0073tatus", "\\u017ftatus", "ſtatus"} {
		v := must(t, `{"resourceType":"CarePlan","intent":"plan","subject":{},"status":"active","`+name+`x":1}`)
		if _, err := View[models.CarePlan](v); err != nil {
			t.Errorf("%s: an unknown member hinders: %v", name, err)
		}
		v = must(t, `{"resourceType":"CarePlan","intent":"plan","subject":{},"`+name+`":"active"}`)
		plan, err := View[models.CarePlan](v)
		if err == nil && v.Get("status").Text() != plan.Status.Code() {
			t.Errorf("%s: Get says %q, the view %q", name, v.Get("status").Text(), plan.Status.Code())
		}
	}
}
