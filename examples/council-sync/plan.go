package main

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
)

const (
	extPart = "https://fhir.cpa-gateway.example/StructureDefinition/Extension-CPAWales-PlanPart"
	extArea = "https://fhir.cpa-gateway.example/StructureDefinition/Extension-CPAWales-Area"
)

// plan is a CarePlan of which only the activities are looked into: everything else goes
// back to the gateway as it came.
type plan struct {
	members    map[string]json.RawMessage
	activities []json.RawMessage
}

func parsePlan(body []byte) (p plan, err error) {
	if err = json.Unmarshal(body, &p.members); err == nil && p.members["activity"] != nil {
		err = json.Unmarshal(p.members["activity"], &p.activities)
	}
	return p, err
}

// with is the plan with some activities in place of its own.
func (p plan) with(activities []json.RawMessage) ([]byte, error) {
	members := maps.Clone(p.members)
	delete(members, "activity")
	if len(activities) > 0 {
		list, err := json.Marshal(activities)
		if err != nil {
			return nil, err
		}
		members["activity"] = list
	}
	return json.Marshal(members)
}

// words are what each activity says; of one that is of no area, nothing.
func (p plan) words() []words {
	said := make([]words, len(p.activities))
	for i, raw := range p.activities {
		said[i] = wordsOf(raw)
	}
	return said
}

func wordsOf(raw json.RawMessage) words {
	var a struct {
		Extension []struct{ URL, ValueCode string }
		Detail    struct{ Description, Status string }
	}
	if json.Unmarshal(raw, &a) != nil {
		return words{}
	}
	for _, e := range a.Extension {
		if e.URL == extArea {
			return words{e.ValueCode, a.Detail.Description, a.Detail.Status}
		}
	}
	return words{}
}

// edit is the plan with one part as it is to be: in place of what was sent of it, or new,
// or no more.
func (p plan) edit(was, is *words) ([]byte, error) {
	list := slices.Clone(p.activities)
	at := -1
	if was != nil {
		at = slices.Index(p.words(), *was)
	}
	switch {
	case is == nil && at >= 0:
		list = slices.Delete(list, at, at+1)
	case is == nil:
	case at >= 0:
		made, err := activity(list[at], *is)
		if err != nil {
			return nil, err
		}
		list[at] = made
	default:
		made, err := activity(json.RawMessage("{}"), *is)
		if err != nil {
			return nil, err
		}
		list = append(list, made)
	}
	return p.with(list)
}

// activity says words in place of what an activity said; what else it holds stays.
func activity(from json.RawMessage, w words) (json.RawMessage, error) {
	var a map[string]any
	decoder := json.NewDecoder(bytes.NewReader(from))
	decoder.UseNumber()
	if err := decoder.Decode(&a); err != nil {
		return nil, err
	}
	detail, _ := a["detail"].(map[string]any)
	if detail == nil {
		detail = map[string]any{}
	}
	detail["description"], detail["status"] = w.Text, w.Status
	a["detail"] = detail
	extensions, _ := a["extension"].([]any)
	extensions = slices.DeleteFunc(extensions, func(e any) bool {
		m, _ := e.(map[string]any)
		return m["url"] == extArea || m["url"] == extPart
	})
	a["extension"] = append(extensions, map[string]any{"url": extArea, "valueCode": w.Area}, map[string]any{"url": extPart, "valueCode": "area"})
	return json.Marshal(a)
}
