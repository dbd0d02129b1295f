package gateway

import (
	"context"
	"encoding/base64"
	"net/http"
	"strings"

	"cpagateway/consent"
	"cpagateway/gateway/road"
	"cpagateway/gateway/texts"
	"cpagateway/mapping"
	"cpagateway/mapping/workbench"
	"cpagateway/profiles/fhir"
)

// structureMap is the type of which the ids are the ways of the shipped maps.
const structureMap = "StructureMap"

// Limits of what one $transform maps. How long it takes is bounded by its size.
const (
	maxMapped = 256 << 10 // bytes of the body
	maxFiles  = 100
)

// readTransform reads what is to be mapped (R4, StructureMap/$transform): a document as
// it is, or a Parameters with it as content. A file has its name as the id of a Binary.
func readTransform(in incoming, pairs []pair, ask *road.Ask) *road.Fault {
	way, err := workbench.WayNamed(ask.ID)
	switch {
	case err != nil:
		return road.Nothing
	case len(pairs) > 0:
		return noParameters
	}
	body, fault := in.mapped()
	if fault != nil {
		return fault
	}
	content, fault := contentOf(way, body)
	ask.Mapped = func(ctx context.Context, caller consent.Caller) ([]byte, *road.Fault) {
		answer, err := way.Transform(ctx, string(caller.Organisation), content)
		if err != nil {
			return nil, road.Timeout
		}
		return answer, nil
	}
	return fault
}

// contentOf is what a body holds to be mapped.
func contentOf(way workbench.Way, body []byte) (content workbench.Content, fault *road.Fault) {
	if mapping.TooMuch(body) != "" {
		return content, tooLarge(maxMapped)
	}
	whole, err := fhir.Parse(body)
	if err != nil {
		return content, notMapped("is not one document in JSON")
	}
	if whole.Type() == "Parameters" {
		return parametersOf(way, whole)
	}
	if way.Back == workbench.FromFHIR {
		return resourcesIn(whole.Raw())
	}
	if way.Alone == "" {
		return content, notMapped("these maps read files: send Parameters, each content a Binary with the file's name as its id")
	}
	content.Files = map[string][]byte{way.Alone: body}
	return content, nil
}

// parametersOf are the contents of a Parameters.
func parametersOf(way workbench.Way, whole fhir.Value) (content workbench.Content, fault *road.Fault) {
	content.Files = map[string][]byte{}
	given := 0
	for p := range whole.Get("parameter").Each() {
		resource := p.Get("resource")
		if given++; !p.Get("name").Is("content") || resource.Type() == "" || given > maxFiles {
			return content, notMapped("each parameter is called content and has a resource, of 100 at most")
		}
		if way.Back == workbench.FromFHIR {
			more, fault := resourcesIn(resource.Raw())
			if fault != nil {
				return content, fault
			}
			content.Resources = append(content.Resources, more.Resources...)
			continue
		}
		name, data, fault := fileOf(way, resource)
		if fault != nil {
			return content, fault
		}
		if _, twice := content.Files[name]; twice {
			return content, notMapped("two files have one name")
		}
		content.Files[name] = data
	}
	if given == 0 {
		return content, notMapped("holds no content")
	}
	return content, nil
}

func resourcesIn(raw []byte) (content workbench.Content, fault *road.Fault) {
	var err error
	if content.Resources, err = workbench.Resources(raw); err != nil {
		return content, notMapped("is not one document in JSON")
	}
	return content, nil
}

// fileOf is a Binary as a file. A name is never more than that.
func fileOf(way workbench.Way, binary fhir.Value) (name string, data []byte, fault *road.Fault) {
	name = binary.ID()
	if name == "" {
		name = way.Alone
	}
	data, err := base64.StdEncoding.DecodeString(binary.Get("data").Text())
	if err != nil || binary.Type() != "Binary" || !fhir.IsID(name) || strings.Trim(name, ".") == "" {
		return "", nil, notMapped("each content is a Binary with data in base64 and the name of its file as id")
	}
	return name, data, nil
}

// notMapped refuses what cannot be read, without a word of it.
func notMapped(reason string) *road.Fault {
	f := road.Refuse(http.StatusBadRequest, "invalid", texts.NotMapped)
	f.Issues = []road.Issue{{Code: f.Code, Text: reason}}
	return f
}
