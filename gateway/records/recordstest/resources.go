package recordstest

import (
	"fmt"
	"strings"

	"cpagateway/profiles"
)

// resource writes a resource's JSON: type, id and the other members as they are given.
func resource(typ, id string, members ...string) string {
	all := append([]string{fmt.Sprintf("%q:%q", "resourceType", typ), fmt.Sprintf("%q:%q", "id", id)}, members...)
	return "{" + strings.Join(all, ",") + "}"
}

func subject(person profiles.PersonID) string {
	return fmt.Sprintf(`"subject":{"reference":"Patient/%s"}`, person)
}

func category(codes ...string) string {
	var list []string
	for _, code := range codes {
		list = append(list, fmt.Sprintf(`{"coding":[{"system":%q,"code":%q}]}`, profiles.SystemSNOMED, code))
	}
	return `"category":[` + strings.Join(list, ",") + `]`
}

// plan is an active CarePlan of one kind.
func plan(person profiles.PersonID, id, kind string, members ...string) string {
	return resource("CarePlan", id, append([]string{subject(person), `"status":"active"`, `"intent":"plan"`, category(kind)}, members...)...)
}

// crisisPlan is one whose text differs from version to version.
func crisisPlan(person profiles.PersonID, id, note string) string {
	return plan(person, id, profiles.CodeCrisisPlan, fmt.Sprintf(`"description":%q`, note))
}

// patient has the identifiers that are given as system and value.
func patient(id string, members ...string) string {
	return resource("Patient", id, members...)
}

func identifiers(pairs ...[2]string) string {
	var list []string
	for _, p := range pairs {
		list = append(list, fmt.Sprintf(`{"system":%q,"value":%q}`, p[0], p[1]))
	}
	return `"identifier":[` + strings.Join(list, ",") + `]`
}

func nhsNumber(number string) string {
	return identifiers([2]string{profiles.SystemNHSNumber, number})
}

// veryRestricted is the label V.
func veryRestricted() string {
	return fmt.Sprintf(`"meta":{"security":[{"system":%q,"code":%q}]}`, profiles.SystemConfidentiality, profiles.CodeVeryRestricted)
}
