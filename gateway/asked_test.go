package gateway_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"cpagateway/gateway/subscriptions"
	"cpagateway/profiles"
)

// one is one of several.
func one[T any](x *worlds, of ...T) T { return of[x.chance.IntN(len(of))] }

// anything is what a request may be about: what the council sees, what it does not, and
// what is not.
func (x *worlds) anything() string {
	switch x.chance.IntN(6) {
	case 0, 1:
		return one(x, x.ids...)
	case 2:
		return one(x, append(x.own, "CarePlan/"+x.id)...)
	}
	return "CarePlan/" + x.id
}

func (x *worlds) reads() {
	path := "/" + x.anything()
	switch x.chance.IntN(6) {
	case 0:
		path += "/_history"
	case 1:
		path += "/_history/" + one(x, append(x.versions, "1", "never")...)
	case 2, 3:
		path = "/" + one(x, "CarePlan", "Goal", "CareTeam", "EpisodeOfCare", "Flag", "RiskAssessment", "Communication") + "?" + about(one(x, ann, ann, elin, nobody)) +
			one(x, "", "&_sort=-_lastUpdated", "&_count=1", "&_total=accurate", "&_summary=count", "&_lastUpdated=gt2026-07-31T09:00:00Z")
	case 4:
		path = "/CarePlan?" + about(ann) + one(x, "&goal=", "&_id=") + one(x, x.ids...)
	}
	got := x.ask(one(x, "social-care", "council-keeper"), http.MethodGet, path, "")
	if path == "/CarePlan/"+x.id {
		x.last = got
	}
}

// anEdit is a change of the plan as the council has it, its own to make or not.
func (x *worlds) anEdit() string {
	words := fmt.Sprintf("Ours %d", x.next)
	plan := func(change func(plan map[string]any)) string {
		var plan map[string]any
		must(x.t, json.Unmarshal([]byte(x.last.body), &plan))
		change(plan)
		text, err := json.Marshal(plan)
		must(x.t, err)
		return string(text)
	}
	activities := activitiesOf(x.t, x.last.body)
	at := x.chance.IntN(len(activities))
	switch x.chance.IntN(9) {
	case 0:
		return withActivity(x.t, x.last.body, "finance", one(x, words, "Budgeting help (Glan Taf Council, every other Thursday)", "Hidden 1"))
	case 1:
		return plan(func(plan map[string]any) { plan["activity"] = slices.Delete(activities, at, at+1) })
	case 2:
		return plan(func(plan map[string]any) {
			plan["activity"].([]any)[at].(map[string]any)["detail"].(map[string]any)["description"] = words
		})
	case 3:
		return plan(func(plan map[string]any) {
			plan[one(x, "title", "description", "created", "status")] = one[any](x, words, "active", "2026-01-01", 7)
		})
	case 4:
		return plan(func(plan map[string]any) {
			goals, _ := plan["goal"].([]any)
			plan["goal"] = append(goals, map[string]any{"reference": one(x, append(x.ids, "Goal/"+x.id)...)})
		})
	case 5:
		body := withActivity(x.t, x.last.body, "accommodation", words)
		return edited(x.t, body, `"description":"`+words+`"`, `"description":"`+words+`","goal":[{"reference":"`+one(x, x.ids...)+`"}]`)
	case 6:
		return x.last.body
	}
	body := x.last.body
	for n := range one(x, 1, 1, 1, 1, 25, 60) {
		body = withActivity(x.t, body, one(x, "accommodation", "work"), fmt.Sprint(words, " ", n))
	}
	return body
}

// headers are a version, or none, and how the answer is to be.
func (x *worlds) headers() (headers []string) {
	if x.chance.IntN(4) > 0 {
		version := x.last.version()
		if x.chance.IntN(4) == 0 {
			version = one(x, append(x.versions, "1")...)
		}
		headers = append(headers, "If-Match", `W/"`+version+`"`)
	}
	return append(headers, one(x, nil, []string{"Prefer", "merge"}, []string{"Prefer", "merge"}, []string{"Prefer", "return=minimal"})...)
}

const aPart = `{"extension":[{"url":"` + profiles.ExtPlanPart + `","valueCode":"area"},{"url":"` + profiles.ExtArea + `","valueCode":"work"}],"detail":{"status":"scheduled","description":"A job"}}`

func (x *worlds) aPatch() string {
	n := x.chance.IntN(60)
	return one(x, `[{"op":"add","path":"/activity/-","value":`+aPart+`}]`, fmt.Sprintf(`[{"op":"remove","path":"/activity/%d"}]`, n),
		fmt.Sprintf(`[{"op":"test","path":"/activity/%d/detail/description","value":"Budgeting help (Glan Taf Council, every other Thursday)"}]`, n),
		fmt.Sprintf(`[{"op":"copy","from":"/activity/%d","path":"/activity/-"}]`, n), `[{"op":"add","path":"/goal/-","value":{"reference":"`+one(x, x.ids...)+`"}}]`,
		`[{"op":"replace","path":"/title","value":"x"}]`, `[{"op":"remove","path":"/addresses"}]`, `[]`, `[{"op":"move"}]`)
}

// writes changes the plan, or tries to change what is hidden.
func (x *worlds) writes() {
	path, as := "/"+x.anything(), one(x, "social-care", "social-care", "social-care", "council-keeper")
	var got answer
	switch x.chance.IntN(8) {
	case 0:
		x.ask(as, http.MethodDelete, path, "", x.headers()...)
	case 1, 2:
		got = x.ask(as, http.MethodPatch, path, x.aPatch(), x.headers()...)
	case 3:
		body := crisisPlanOf(numbered(one(x, ann, elin, nobody)), `,"goal":[{"reference":"`+one(x, x.ids...)+`"}],"id":"`+path[strings.LastIndex(path, "/")+1:]+`"`)
		x.ask(as, http.MethodPut, path, body, x.headers()...)
	default:
		got = x.ask(as, http.MethodPut, "/CarePlan/"+x.id, x.anEdit(), x.headers()...)
	}
	if got.status == http.StatusOK && strings.HasPrefix(got.body, `{"resourceType":"CarePlan","id":"`+x.id) && x.chance.IntN(4) > 0 {
		x.last = got
	}
}

// keeps has the council's own records system create and update, by conditions too, also
// such as lead to what is hidden.
func (x *worlds) keeps() {
	key := one(x, "1", "2", "3")
	of := one(x, ann, ann, ann, elin, nobody)
	body := crisisPlanOf(numbered(of), `,"identifier":[{"system":"urn:x","value":"`+key+`"}],"title":"`+one(x, "One", "Two", "Three")+`"`+
		one(x, "", "", `,"goal":[{"reference":"`+one(x, x.ids...)+`"}]`))
	condition := "identifier=urn:x|" + key + one(x, "", "", "&patient=Patient/"+x.patient, "&goal="+one(x, x.ids...), "&_id="+x.id, "&patient.identifier="+profiles.SystemNHSNumber+"|"+one(x, elin, nobody))
	var got answer
	switch x.chance.IntN(5) {
	case 0:
		got = x.ask("council-keeper", http.MethodPost, "/CarePlan", body)
	case 2:
		if len(x.own) > 0 {
			x.ask("council-keeper", http.MethodDelete, "/"+one(x, x.own...), "", one(x, nil, x.headers())...)
		}
	case 1:
		got = x.ask("council-keeper", http.MethodPost, "/CarePlan", body, "If-None-Exist", condition)
	default:
		got = x.ask(one(x, "council-keeper", "council-keeper", "social-care"), http.MethodPut, "/CarePlan?"+condition, body, one(x, nil, x.headers())...)
	}
	if got.status == http.StatusCreated {
		at := strings.Split(strings.TrimPrefix(got.header.Get("Location"), x.here.road.Base+"/"), "/_history")[0]
		x.own = append(x.own, at)
	}
}

// subscribes has the council subscribe to changes about somebody, and look for it.
func (x *worlds) subscribes() {
	about := one(x, append(x.patients, x.patient, "never")...)
	filter := `,"_criteria":{"extension":[{"url":"http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/backport-filter-criteria","valueString":"CarePlan?patient=Patient/` + about + `"}]}`
	body := subscription(subscriptions.PlanChanged, x.here.endpoint.URL+"/about", one(x, "id-only", "empty"), filter)
	path := one(x, x.subscriptions...)
	switch x.chance.IntN(4) {
	case 0:
		x.ask("social-care", http.MethodGet, path+"/$events?eventsSinceNumber="+one(x, "0", "1", "7"), "")
	case 1:
		if path != x.subscriptions[0] {
			x.ask("social-care", http.MethodDelete, path, "")
			x.subscriptions = slices.DeleteFunc(x.subscriptions, func(one string) bool { return one == path })
		}
	case 2:
		x.ask("social-care", http.MethodPut, path, edited(x.t, body, `{"resourceType"`, `{"id":"`+path[len("/Subscription/"):]+`","resourceType"`))
	default:
		if made := x.ask("social-care", http.MethodPost, "/Subscription", body); made.status == http.StatusCreated {
			x.subscriptions = append(x.subscriptions, "/Subscription/"+made.id(x.t))
		}
	}
}

// bundles has several requests in one.
func (x *worlds) bundles() {
	patch := base64.StdEncoding.EncodeToString([]byte(x.aPatch()))
	var entries []string
	for range 1 + x.chance.IntN(4) {
		match := `,"ifMatch":"W/\"` + x.last.version() + `\""`
		entries = append(entries, one(x,
			entryOf("GET", x.anything(), "", ""), entryOf("GET", "CarePlan?"+about(one(x, ann, nobody)), "", ""),
			entryOf("PUT", "CarePlan/"+x.id, x.anEdit(), match), entryOf("PATCH", "CarePlan/"+x.id, `{"resourceType":"Binary","contentType":"application/json-patch+json","data":"`+patch+`"}`, match),
			entryOf("DELETE", one(x, x.ids...), "", ""),
			entryOf("POST", "CarePlan", crisisPlanOf(numbered(one(x, ann, nobody)), `,"goal":[{"reference":"`+one(x, x.ids...)+`"}]`), `,"ifNoneExist":"goal=`+one(x, x.ids...)+`"`)))
	}
	x.ask(one(x, "social-care", "council-keeper"), http.MethodPost, "", bundleFor(one(x, "batch", "transaction"), entries...), one(x, nil, []string{"Prefer", "merge"})...)
}
