package road

import (
	"errors"

	jsonpatch "github.com/evanphx/json-patch/v5"

	"cpagateway/consent/disclosure"
	"cpagateway/profiles/fhir"
)

// Limits of a patch: of its operations, and of what its copies may add up to.
const (
	maxOperations = 1000
	maxPatched    = 2 << 20
)

var errPatch = errors.New("the patch cannot be applied")

// patched applies a JSON Patch (RFC 6902) to the content of a copy, with its type, its id
// and its labels in front.
func patched(typ, id string, content fhir.Value, patch []byte) (fhir.Value, error) {
	operations, err := jsonpatch.DecodePatch(patch)
	if err != nil || len(operations) > maxOperations {
		return fhir.Value{}, errPatch
	}
	w := fhir.NewWriter(nil)
	w.Object(func() {
		w.Member("resourceType", typ)
		w.Member("id", id)
		w.Name("meta").Object(func() { w.Name("security").Raw(disclosure.SecurityOf(typ)) })
		for name, member := range content.Members() {
			w.Name(name).Value(member)
		}
	})
	options := jsonpatch.NewApplyOptions()
	options.SupportNegativeIndices = false
	options.AccumulatedCopySizeLimit = maxPatched
	body, err := operations.ApplyWithOptions(w.Bytes(), options)
	if err != nil || len(body) > maxPatched {
		return fhir.Value{}, errPatch
	}
	mine, err := fhir.ParseResource(body)
	if err != nil || mine.Type() != typ || mine.ID() != id {
		return fhir.Value{}, errPatch
	}
	return mine, nil
}
