package search

import (
	"regexp"
	"slices"
	"strings"

	"cpagateway/gateway/texts"
)

// maxValues bounds how many values one parameter may list.
const maxValues = 100

// Forms of a value, as an error names them.
var (
	formToken     = []string{"code", "system|code", "|code", "system|"}
	formDate      = []string{"2025", "2025-03-01", "2025-03-01T09:30:00Z", "eq ne lt le gt ge sa eb ap"}
	formURI       = []string{"URI"}
	formID        = []string{"id"}
	formValues    = []string{"1-100"}
	safeParamName = regexp.MustCompile(`^[A-Za-z_][A-Za-z_.:-]{0,63}$`)
)

// Parse reads one name=value pair as decoded from the query: the modifier
// or chain of the name, the values set apart by commas (\, \| \$ and \\ stand for
// the character itself). Dates without an offset are in Europe/London. The error is
// always a *Error. Several pairs of one name all apply; that, and the
// parameters that shape the answer (_sort, _count ...), are the caller's business.
//
// patient.identifier, patient:identifier and patient:Patient.identifier all read
// as patient with the modifier identifier, their values tokens: the caller finds
// the person by it.
func Parse(typ, rawName, rawValue string) (Param, error) {
	p, spec, err := parseName(typ, rawName)
	if err != nil {
		return Param{}, err
	}
	refused := func(allowed []string) error {
		return &Error{Param: SafeName(rawName), Code: texts.ParameterValue, Allowed: allowed}
	}
	values, ok := splitUnescaped(rawValue, ',')
	if len(values) > maxValues {
		return Param{}, refused(formValues)
	}
	if !ok {
		return Param{}, refused(forms(p.Kind, spec.Targets))
	}
	for _, value := range values {
		operands, err := parseValue(p.Kind, spec.Targets, value)
		if err != nil {
			return Param{}, refused(forms(p.Kind, spec.Targets))
		}
		p.Values = append(p.Values, operands...)
	}
	return p, nil
}

// parseName reads name, name:modifier, name.chain or name:Type.chain. The spec it
// gives back has only those targets that the name leaves.
func parseName(typ, rawName string) (Param, Definition, error) {
	head, chain, chained := strings.Cut(rawName, ".")
	name, modifier, modified := strings.Cut(head, ":")
	spec, ok := definition(typ, name)
	if !ok {
		return Param{}, spec, &Error{Param: SafeName(rawName), Code: texts.UnknownParameter, Allowed: paramNames(typ)}
	}
	p := Param{Name: name, Kind: spec.Kind}
	switch {
	case !modified:
	case slices.Contains(spec.Targets, modifier):
		spec.Targets = []string{modifier}
	case slices.Contains(spec.Modifiers, modifier) && !chained:
		p.Modifier = modifier
	default:
		return Param{}, spec, modifierError(rawName, spec)
	}
	if chained {
		if !slices.Contains(spec.Chains, chain) {
			return Param{}, spec, modifierError(rawName, spec)
		}
		p.Modifier = chain
	}
	if p.Modifier == "identifier" {
		p.Kind = Token
	}
	return p, spec, nil
}

func modifierError(rawName string, spec Definition) *Error {
	var allowed []string
	for _, m := range slices.Concat(spec.Modifiers, spec.Targets) {
		allowed = append(allowed, spec.Name+":"+m)
	}
	for _, c := range spec.Chains {
		allowed = append(allowed, spec.Name+"."+c)
	}
	return &Error{Param: SafeName(rawName), Code: texts.UnknownModifier, Allowed: append(allowed, spec.Name)}
}

// SafeName is a name that may be repeated. One with a digit in it may hold an
// NHS number and is not.
func SafeName(rawName string) string {
	if safeParamName.MatchString(rawName) {
		return rawName
	}
	return "?"
}

func paramNames(typ string) []string {
	var names []string
	for _, p := range Definitions(typ) {
		names = append(names, p.Name)
	}
	return names
}

func forms(kind Kind, targets []string) []string {
	switch kind {
	case Token:
		return formToken
	case Date:
		return formDate
	case URI:
		return formURI
	case ID:
		return formID
	}
	allowed := []string{"id"}
	for _, t := range targets {
		allowed = append(allowed, t+"/id")
	}
	return allowed
}
