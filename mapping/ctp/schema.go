package ctp

import (
	"strings"

	"cpagateway/mapping"
	"cpagateway/mapping/schema"
)

// Rules of a plan's form. CTP-001 is for what is no JSON at all.
const (
	ruleJSON     = "CTP-001"
	ruleExtract  = "CTP-007" // no member of an extract is looked at
	ruleResource = "CTP-009"
)

// formRules are those that the keywords of the schema stand for; a definition called
// CTP-nnn is a rule by itself.
var formRules = map[schema.Kind]string{
	schema.NotJSON: ruleJSON, schema.WrongType: "CTP-002", schema.Missing: "CTP-003", schema.UnknownCode: "CTP-004",
	schema.WrongForm: "CTP-005", schema.UnknownMember: "CTP-006",
}

// form says everything that the schema finds wrong in a plan.
func (f *Format) form(raw []byte) []mapping.Fault {
	var faults []mapping.Fault
	for _, found := range f.schema.Check(raw) {
		rule := formRules[found.Kind]
		if found.Kind == schema.Broken {
			rule, _, _ = strings.Cut(found.Rule, ".") // CTP-010 has one definition for each area
		}
		faults = append(faults, mapping.Fault{At: mapping.Position{Field: found.Path}, Rule: rule, Reason: found.Reason, Value: found.Value})
	}
	return faults
}
