package scenario

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"cpagateway/consent/facts"
	"cpagateway/profiles"
	"cpagateway/profiles/fhir"
)

type object = map[string]any

func parseJSON(v any) (fhir.Value, error) {
	src, err := json.Marshal(v)
	if err != nil {
		return fhir.Value{}, err
	}
	return fhir.ParseResource(src)
}

func identifier(system, value string) object {
	return object{"identifier": object{"system": system, "value": value}}
}

// partyRef writes ORGANISATION or ORGANISATION/TEAM as a Reference.
func partyRef(party string) object {
	if org, team, found := strings.Cut(party, "/"); found {
		return identifier(profiles.TeamSystem(org), team)
	}
	return identifier(profiles.SystemODS, party)
}

// personFacts are what a scenario may say about a person: each adds to the
// person's resources. rest is the words after the first.
var personFacts = map[string]func(add func(object), patient object, rest []string) error{
	"born": func(_ func(object), patient object, rest []string) error {
		patient["birthDate"] = rest[0]
		return nil
	},
	"deceased": func(_ func(object), patient object, _ []string) error {
		patient["deceasedBoolean"] = true
		return nil
	},
	"practice": func(_ func(object), patient object, rest []string) error {
		patient["generalPractitioner"] = []any{partyRef(rest[0])}
		return nil
	},
	"merged": func(_ func(object), patient object, rest []string) error {
		patient["link"] = []any{object{"type": "replaces", "other": object{"reference": "Patient/" + rest[0]}}}
		return nil
	},
	"episode": func(add func(object), _ object, rest []string) error {
		add(object{"resourceType": "EpisodeOfCare", "id": "episode", "status": "active", "managingOrganization": partyRef(rest[0])})
		return nil
	},
	"team": func(add func(object), _ object, rest []string) error {
		period, err := readPeriod(rest[1:])
		member := object{"member": partyRef(rest[0]), "period": period}
		add(object{"resourceType": "CareTeam", "id": "team", "status": "active", "participant": []any{member}})
		return err
	},
}

// person states facts, separated by commas.
func (s *underway) person(args []string) error {
	p := s.people[args[0]]
	if p == nil || args[1] == "" {
		p = &person{name: args[0]}
		s.people[args[0]] = p
	}
	add := func(resource object) { p.facts = append(p.facts, fact{holder(args[1]), resource}) }
	patient := object{"resourceType": "Patient", "id": args[0]}
	add(patient)
	for _, said := range strings.Split(args[2], ", ") {
		words := append(strings.Fields(said), "")
		state, known := personFacts[words[0]]
		if !known {
			return fmt.Errorf("%q is no fact about a person", words[0])
		}
		if err := state(add, patient, words[1:max(2, len(words)-1)]); err != nil {
			return err
		}
	}
	return nil
}

// readPeriod reads "[from DATE] [until DATE]".
func readPeriod(words []string) (object, error) {
	period := object{}
	for len(words) >= 2 {
		switch words[0] {
		case "from":
			period["start"] = words[1]
		case "until":
			period["end"] = words[1]
		default:
			return nil, fmt.Errorf("%q is no period", strings.Join(words, " "))
		}
		words = words[2:]
	}
	if len(words) > 0 {
		return nil, fmt.Errorf("%q is no period", words[0])
	}
	return period, nil
}

// newConsent is a Consent with everything but its provision.
func newConsent(id, patient string) object {
	ref := object{"reference": "Patient/" + patient}
	return object{
		"resourceType": "Consent", "id": id, "status": "active",
		"scope":            object{"coding": []any{object{"system": profiles.SystemConsentScope, "code": "patient-privacy"}}},
		"category":         []any{object{"coding": []any{object{"system": "http://loinc.org", "code": "59284-0"}}}},
		"patient":          ref,
		"dateTime":         "2025-06-01",
		"performer":        []any{ref},
		"sourceAttachment": object{"title": "signed form"},
		"policy":           []any{object{"uri": facts.SharingPolicy}},
	}
}

// directive reads "WISH; WISH; ...; QUALIFIER; ..." and keeps it as a FHIR Consent.
func (s *underway) directive(args []string) error {
	p := s.people[args[0]]
	if p == nil {
		return fmt.Errorf("nobody is called %s", args[0])
	}
	c := newConsent(fmt.Sprintf("%s-%d", p.name, len(p.facts)), p.name)
	provision := object{}
	for _, clause := range strings.Split(args[2], ";") {
		word, rest, _ := strings.Cut(strings.TrimSpace(clause), " ")
		if qualify, known := qualifiers[word]; known {
			qualify(c, provision, rest)
			continue
		}
		wish, known := wishes[word]
		if !known {
			return fmt.Errorf("%q is no wish and no qualifier", word)
		}
		nested, err := wish(provision, rest)
		if err != nil {
			return err
		}
		if nested != nil {
			before, _ := provision["provision"].([]any)
			provision["provision"] = append(before, nested)
		}
	}
	c["provision"] = provision
	p.facts = append(p.facts, fact{holder(args[1]), c})
	return nil
}

// wishes are the six templates: each adds what the person wants to the
// provision, and returns its nested provision, if it has one.
var wishes = map[string]func(provision object, rest string) (object, error){
	"share-plan": func(provision object, rest string) (object, error) {
		parties, rest, _ := strings.Cut(strings.TrimPrefix(rest, "to "), " for ")
		words := strings.Fields(rest)
		begins := slices.IndexFunc(words, func(w string) bool { return w == "from" || w == "until" })
		if begins < 0 {
			begins = len(words)
		}
		period, err := readPeriod(words[begins:])
		provision["type"] = "deny"
		return object{"type": "permit", "actor": actors(parties), "purpose": purposeCodings(strings.Join(words[:begins], " ")), "period": period}, err
	},
	"refuse-all": func(provision object, rest string) (object, error) {
		provision["type"] = "deny"
		if purposes, found := strings.CutPrefix(rest, "for "); found {
			provision["purpose"] = purposeCodings(purposes)
		}
		return nil, nil
	},
	"crisis-only": func(provision object, _ string) (object, error) {
		provision["type"] = "deny"
		return object{"type": "permit", "purpose": purposeCodings("ETREAT")}, nil
	},
	"refuse-crisis": func(provision object, _ string) (object, error) {
		provision["type"] = "deny"
		return object{"type": "deny", "purpose": purposeCodings("ETREAT")}, nil
	},
	"carer": func(provision object, rest string) (object, error) {
		related, items, _ := strings.Cut(rest, " sees ")
		provision["type"] = "deny"
		related = "RelatedPerson/" + related
		return object{"type": "permit", "actor": []any{actor(object{"reference": related})}, "securityLabel": itemCodings(items)}, nil
	},
	"exclude": func(provision object, rest string) (object, error) {
		items, parties, some := strings.Cut(rest, " for ")
		provision["type"] = "permit"
		nested := object{"type": "deny", "securityLabel": itemCodings(items)}
		if some {
			nested["actor"] = actors(parties)
		}
		return nested, nil
	},
}

func actor(reference object) object {
	role := object{"coding": []any{object{"system": "http://terminology.hl7.org/CodeSystem/v3-ParticipationType", "code": "IRCP"}}}
	return object{"role": role, "reference": reference}
}

func actors(parties string) []any {
	var list []any
	for _, party := range strings.Split(parties, " and ") {
		list = append(list, actor(partyRef(party)))
	}
	return list
}

func purposeCodings(text string) []any {
	var list []any
	for _, code := range strings.Split(text, " and ") {
		list = append(list, object{"system": profiles.SystemActReason, "code": code})
	}
	return list
}

func itemCodings(text string) []any {
	var list []any
	for _, code := range strings.Split(text, " and ") {
		list = append(list, object{"system": profiles.SystemItem, "code": code})
	}
	return list
}

// qualifiers say how the wish was recorded.
var qualifiers = map[string]func(c, provision object, rest string){
	"id":       func(c, _ object, rest string) { c["id"] = rest },
	"status":   func(c, _ object, rest string) { c["status"] = rest },
	"dated":    func(c, _ object, rest string) { c["dateTime"] = rest },
	"given-by": func(c, _ object, rest string) { c["performer"] = []any{object{"reference": rest}} },
	"leaflet":  func(c, _ object, rest string) { c["policy"] = []any{object{"uri": rest}} },
	"about": func(c, _ object, rest string) {
		c["patient"], c["performer"] = object{"reference": "Patient/" + rest}, []any{object{"reference": "Patient/" + rest}}
	},
	"replaces": func(c, _ object, rest string) {
		delete(c, "sourceAttachment")
		c["sourceReference"] = object{"reference": "Consent/" + rest}
	},
	"unsigned": func(c, _ object, _ string) { delete(c, "sourceAttachment") },
	"spoken": func(c, _ object, rest string) {
		delete(c, "sourceAttachment")
		c["extension"] = []any{spoken(rest)}
	},
	"decided": func(c, _ object, rest string) {
		c["performer"] = []any{object{"display": "whoever decides"}}
		c["extension"], c["dateTime"] = []any{decided(rest)}, strings.Fields(rest + " assessed 2026-03-02")[2]
	},
	"with-modifier": func(_, provision object, _ string) {
		provision["modifierExtension"] = []any{object{"url": "http://example.org/not", "valueBoolean": true}}
	},
	"with-action": func(_, provision object, rest string) {
		provision["action"] = []any{object{"coding": []any{object{"code": rest}}}}
	},
	"nested-twice": func(_, provision object, _ string) {
		if nested, _ := provision["provision"].([]any); len(nested) > 0 {
			nested[0].(object)["provision"] = []any{object{"type": "deny"}}
		}
	},
}

// spoken writes the evidence of a spoken wish; "without X" leaves one part out.
func spoken(rest string) object {
	return extension(facts.ExtVerbalConsent, strings.TrimPrefix(rest, "without "),
		object{"url": "recorder", "valueReference": object{"reference": "Practitioner/recorder"}},
		object{"url": "date", "valueDateTime": "2025-06-01"},
		object{"url": "witness", "valueReference": object{"reference": "Practitioner/witness"}})
}

// decided writes by what authority somebody decided for the person: "AUTHORITY assessed
// DATE"; "ended DATE" says when the authority ended, "weighing NAME" names a refusal that
// was weighed, "without X" leaves one part out.
func decided(rest string) object {
	rest, without, _ := strings.Cut(rest, " without ")
	rest, ended, over := strings.Cut(rest, " ended ")
	rest, weighed, _ := strings.Cut(rest, " weighing ")
	authority, assessed, _ := strings.Cut(rest, " assessed ")
	parts := []object{
		{"url": "authority", "valueCode": authority},
		{"url": "assessed", "valueDate": assessed},
		{"url": "assessor", "valueReference": object{"reference": "Practitioner/assessor"}},
	}
	if authority == profiles.CodeDecidedBestInterests {
		parts = append(parts, object{"url": "consulted", "valueString": "the sister, and the ward"})
	} else {
		parts = append(parts, object{"url": "reference", "valueString": "7000-0000-0000"})
	}
	if over {
		parts = append(parts, object{"url": "ended", "valueDate": ended})
	}
	for _, name := range strings.Fields(strings.ReplaceAll(weighed, " and ", " ")) {
		parts = append(parts, object{"url": "weighed", "valueReference": object{"reference": "Consent/" + name}})
	}
	return extension(facts.ExtDecidedFor, without, parts...)
}

// extension is a complex extension of these parts but one.
func extension(url, without string, parts ...object) object {
	parts = slices.DeleteFunc(parts, func(p object) bool { return p["url"] == without })
	return object{"url": url, "extension": parts}
}
