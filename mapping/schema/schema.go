// Package schema holds documents to a JSON Schema and tells what is wrong in them in words,
// each at its path, and never with the value in the words.
package schema

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
)

// Schema is a JSON Schema, compiled. It is safe for concurrent use. A definition whose name
// begins as Compile was told is a rule of its own, with its description as the reason; every
// other failure is told by the keyword that failed.
type Schema struct {
	compiled *jsonschema.Schema
	rules    map[string]string // name of a definition -> its description
}

// Finding is one thing that is wrong in a document.
type Finding struct {
	Kind   Kind
	Rule   string // of Broken: the name of the definition
	Path   string // outcomes[2].area
	Value  string // where the path leads to a text or a number
	Reason string
	Want   []string // of WrongType: the types that it may have
}

// Kind is what sort of thing is wrong.
type Kind uint8

// The kinds.
const (
	NotJSON Kind = iota
	WrongType
	Missing
	UnknownCode
	WrongForm
	UnknownMember
	Broken // a rule
)

// Compile reads a schema. Definitions called after rule are rules; "" has none.
func Compile(name string, text []byte, rule string) (*Schema, error) {
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		return nil, fmt.Errorf("parsing %s: %w", name, err)
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource(name, document); err != nil {
		return nil, fmt.Errorf("adding %s: %w", name, err)
	}
	s := &Schema{rules: map[string]string{}}
	if s.compiled, err = c.Compile(name); err != nil {
		return nil, fmt.Errorf("compiling %s: %w", name, err)
	}
	root, _ := document.(map[string]any)
	definitions, _ := root["$defs"].(map[string]any)
	for name, definition := range definitions {
		if d, ok := definition.(map[string]any); ok && rule != "" && strings.HasPrefix(name, rule) {
			s.rules[name], _ = d["description"].(string)
		}
	}
	return s, nil
}

// Check says everything that the schema finds wrong in a document.
func (s *Schema) Check(raw []byte) []Finding {
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
	if err != nil {
		return []Finding{{Kind: NotJSON, Reason: "not JSON"}}
	}
	if failure, ok := errors.AsType[*jsonschema.ValidationError](s.compiled.Validate(document)); ok {
		return s.findings(nil, failure, document)
	}
	return nil
}

// findings walks down to what failed, and stops at a rule: what inside it failed
// says less than its description.
func (s *Schema) findings(found []Finding, e *jsonschema.ValidationError, document any) []Finding {
	if ref, ok := e.ErrorKind.(*kind.Reference); ok {
		_, name, _ := strings.Cut(ref.URL, "/$defs/")
		if reason, isRule := s.rules[name]; isRule {
			f := finding(e.InstanceLocation, Broken, reason, document)
			f.Rule = name
			return append(found, f)
		}
	}
	if len(e.Causes) == 0 {
		return append(found, told(e, document)...)
	}
	for _, cause := range e.Causes {
		found = s.findings(found, cause, document)
	}
	return found
}

// forms are those of the formats that the schema names.
var forms = map[string]string{"date": "YYYY-MM-DD", "date-time": "YYYY-MM-DDThh:mm:ssZ, or with an offset for Z"}

// notBlank is the pattern of every text in the schema.
const notBlank = `\S`

// told puts one failed keyword in words, without the value. One missing member, or
// one that may not be there, is one fault at its own path.
func told(e *jsonschema.ValidationError, document any) []Finding {
	one := func(kind Kind, reason string) []Finding {
		return []Finding{finding(e.InstanceLocation, kind, reason, document)}
	}
	each := func(names []string, kind Kind, reason string) (found []Finding) {
		for _, name := range names {
			found = append(found, finding(append(e.InstanceLocation[:len(e.InstanceLocation):len(e.InstanceLocation)], name), kind, reason, document))
		}
		return found
	}
	switch k := e.ErrorKind.(type) {
	case *kind.Required:
		return each(k.Missing, Missing, "missing, and it must be there")
	case *kind.AdditionalProperties:
		return each(k.Properties, UnknownMember, "not a member of this object, in which nothing may be passed over")
	case *kind.Type:
		f := finding(e.InstanceLocation, WrongType, "not of the right kind: must be "+strings.Join(k.Want, " or "), document)
		f.Want = k.Want
		return []Finding{f}
	case *kind.Enum:
		return one(UnknownCode, "not one of the codes: "+listed(k.Want))
	case *kind.Const:
		return one(UnknownCode, "must be "+listed([]any{k.Want}))
	case *kind.Format:
		return one(WrongForm, "not a "+k.Want+" of the calendar ("+forms[k.Want]+")")
	case *kind.Pattern:
		if k.Want == notBlank {
			return one(WrongForm, "empty: leave out what is not known")
		}
		return one(WrongForm, "not in its form, which is "+k.Want)
	case *kind.MaxLength:
		return one(WrongForm, "longer than "+strconv.Itoa(k.Want)+" characters")
	}
	return one(WrongForm, "not as the schema asks")
}

func listed(list []any) string {
	texts := make([]string, len(list))
	for i, word := range list {
		texts[i] = fmt.Sprint(word)
	}
	return strings.Join(texts, ", ")
}

// finding places one at a path: outcomes[2].area. The value is there where the
// path leads to a text or a number.
func finding(location []string, kind Kind, reason string, document any) Finding {
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
	f := Finding{Kind: kind, Path: path.String(), Reason: reason}
	switch value.(type) {
	case nil, map[string]any, []any:
	default:
		f.Value = fmt.Sprint(value)
	}
	return f
}
