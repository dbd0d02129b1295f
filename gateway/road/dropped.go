package road

import (
	"net/http"
	"slices"
	"strings"

	"cpagateway/gateway/texts"
	"cpagateway/profiles/fhir"
)

// dropped refuses what comes from a client that cannot keep the extensions of primitives
// (a Welsh title beside the English one, say): it was given some beside values that it sent
// back, and sent none at all. Read as an edit, that would take them away.
func dropped(base, mine fhir.Value) *Fault {
	if len(extended(nil, mine)) > 0 {
		return nil
	}
	for _, names := range extended(nil, base) {
		for range mine.All(names...) {
			f := Refuse(http.StatusUnprocessableEntity, "business-rule", texts.ExtensionsDropped)
			where := mine.Type() + "." + strings.Join(names, ".")
			f.Issues = []Issue{{Code: f.Code, Expression: where, Text: f.Text.In(texts.English)}}
			return f
		}
	}
	return nil
}

// extended are the primitives of a value that have extensions, each as the names that lead to it.
func extended(above []string, v fhir.Value) (found [][]string) {
	for element := range v.Each() {
		for name, member := range element.Members() {
			if name, beside := strings.CutPrefix(name, "_"); beside {
				found = append(found, append(slices.Clone(above), name))
				continue
			}
			found = append(found, extended(append(slices.Clone(above), name), member)...)
		}
	}
	return found
}
