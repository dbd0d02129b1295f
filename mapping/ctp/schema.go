package ctp

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"

	"cpagateway/mapping"
)

// schema is plan.schema.json, compiled. A definition called CTP-nnn is a rule of
// its own, with its description as the reason; every other failure is told by the
// keyword that failed.
type schema struct {
	compiled *jsonschema.Schema
	rules    map[string]string // name of a definition -> its description
}

func compileSchema(text []byte) (*schema, error) {
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		return nil, fmt.Errorf("parsing the schema: %w", err)
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	const name = "plan.schema.json"
	if err := c.AddResource(name, document); err != nil {
		return nil, fmt.Errorf("adding the schema: %w", err)
	}
	s := &schema{rules: map[string]string{}}
	if s.compiled, err = c.Compile(name); err != nil {
		return nil, fmt.Errorf("compiling the schema: %w", err)
	}
	root, _ := document.(map[string]any)
	definitions, _ := root["$defs"].(map[string]any)
	for name, definition := range definitions {
		if d, ok := definition.(map[string]any); ok && strings.HasPrefix(name, "CTP-") {
			s.rules[name], _ = d["description"].(string)
		}
	}
	return s, nil
}

// check says everything that the schema finds wrong in a document. The faults
// hold the value; their reasons never do.
func (s *schema) check(raw []byte) []mapping.Fault {
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
	if err != nil {
		return []mapping.Fault{{Rule: ruleJSON, Reason: "not JSON"}}
	}
	var failure *jsonschema.ValidationError
	if err := s.compiled.Validate(document); !errors.As(err, &failure) {
		return nil
	}
	return s.faults(nil, failure, document)
}

// faults walks down to what failed, and stops at a rule: what inside it failed
// says less than its description.
func (s *schema) faults(found []mapping.Fault, e *jsonschema.ValidationError, document any) []mapping.Fault {
	if ref, ok := e.ErrorKind.(*kind.Reference); ok {
		_, name, _ := strings.Cut(ref.URL, "/$defs/")
		if reason, isRule := s.rules[name]; isRule {
			id, _, _ := strings.Cut(name, ".") // CTP-010 has one definition for each area
			return append(found, fault(e.InstanceLocation, id, reason, document))
		}
	}
	if len(e.Causes) == 0 {
		return append(found, s.told(e, document)...)
	}
	for _, cause := range e.Causes {
		found = s.faults(found, cause, document)
	}
	return found
}

// Rules of a plan's form. CTP-001 is for what is no JSON at all.
const (
	ruleJSON     = "CTP-001"
	ruleType     = "CTP-002"
	ruleMissing  = "CTP-003"
	ruleCode     = "CTP-004"
	ruleForm     = "CTP-005"
	ruleUnknown  = "CTP-006"
	ruleExtract  = "CTP-007" // no member of an extract is looked at
	ruleResource = "CTP-009"
)

// forms are those of the formats that the schema names.
var forms = map[string]string{"date": "YYYY-MM-DD", "date-time": "YYYY-MM-DDThh:mm:ssZ, or with an offset for Z"}

// notBlank is the pattern of every text in the schema.
const notBlank = `\S`

// told puts one failed keyword in words, without the value. One missing member, or
// one that may not be there, is one fault at its own path.
func (s *schema) told(e *jsonschema.ValidationError, document any) []mapping.Fault {
	one := func(rule, reason string) []mapping.Fault {
		return []mapping.Fault{fault(e.InstanceLocation, rule, reason, document)}
	}
	each := func(names []string, rule, reason string) (found []mapping.Fault) {
		for _, name := range names {
			found = append(found, fault(append(e.InstanceLocation[:len(e.InstanceLocation):len(e.InstanceLocation)], name), rule, reason, document))
		}
		return found
	}
	switch k := e.ErrorKind.(type) {
	case *kind.Required:
		return each(k.Missing, ruleMissing, "missing, and every plan must have it")
	case *kind.AdditionalProperties:
		return each(k.Properties, ruleUnknown, "not a member of this object, in which nothing may be passed over")
	case *kind.Type:
		return one(ruleType, "not of the right kind: must be "+strings.Join(k.Want, " or "))
	case *kind.Enum:
		return one(ruleCode, "not one of the codes: "+listed(k.Want))
	case *kind.Const:
		return one(ruleCode, "must be "+listed([]any{k.Want}))
	case *kind.Format:
		return one(ruleForm, "not a "+k.Want+" of the calendar ("+forms[k.Want]+")")
	case *kind.Pattern:
		if k.Want == notBlank {
			return one(ruleForm, "empty: leave out what is not known")
		}
		return one(ruleForm, "not in its form, which is "+k.Want)
	case *kind.MaxLength:
		return one(ruleForm, "longer than "+strconv.Itoa(k.Want)+" characters")
	}
	return one(ruleForm, "not as the schema asks")
}

func listed(list []any) string {
	texts := make([]string, len(list))
	for i, word := range list {
		texts[i] = fmt.Sprint(word)
	}
	return strings.Join(texts, ", ")
}

// fault places a fault at a path: outcomes[2].area. The value is there where the
// path leads to a text or a number.
func fault(location []string, rule, reason string, document any) mapping.Fault {
	var path strings.Builder
	value := document
	for _, step := range location {
		switch inside := value.(type) {
		case []any:
			path.WriteString("[" + step + "]")
			i, _ := strconv.Atoi(step)
			value = inside[i]
			continue
		case map[string]any:
			value = inside[step]
		}
		if path.Len() > 0 {
			path.WriteByte('.')
		}
		path.WriteString(step)
	}
	f := mapping.Fault{At: mapping.Position{Field: path.String()}, Rule: rule, Reason: reason}
	switch value.(type) {
	case nil, map[string]any, []any:
	default:
		f.Value = fmt.Sprint(value)
	}
	return f
}
