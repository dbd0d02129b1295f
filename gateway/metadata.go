package gateway

import (
	"encoding/json"
	"slices"

	"github.com/gin-gonic/gin"
	"github.com/samply/golang-fhir-models/fhir-models/fhir"

	"cpagateway/gateway/road"
	"cpagateway/gateway/search"
	"cpagateway/gateway/subscriptions"
)

// metadata serves the CapabilityStatement, written from the allow-list.
func (f *Front) metadata(c *gin.Context) {
	body, err := json.Marshal(f.capabilities())
	if err != nil {
		f.Road.Serve(c.Writer, c.Request, road.Ask{Interaction: road.None, Fault: road.Broken})
		return
	}
	f.public(c, "CapabilityStatement", body, "application/fhir+json; charset=utf-8")
}

func (f *Front) capabilities() fhir.CapabilityStatement {
	title, name := "CPA gateway", "CPAGateway"
	rest := fhir.CapabilityStatementRest{
		Mode: fhir.RestfulCapabilityModeServer, Security: security(),
		Interaction: []fhir.CapabilityStatementRestInteraction{{Code: fhir.SystemRestfulInteractionBatch}, {Code: fhir.SystemRestfulInteractionTransaction}},
	}
	for _, s := range allowed {
		rest.Resource = append(rest.Resource, s.capability())
	}
	rest.SearchParam = searchParams(pageParams)
	return fhir.CapabilityStatement{
		Status: fhir.PublicationStatusActive, Date: f.Date, Kind: fhir.CapabilityStatementKindInstance,
		Name: &name, Title: &title,
		Software:       &fhir.CapabilityStatementSoftware{Name: title, Version: &f.Version},
		Implementation: &fhir.CapabilityStatementImplementation{Description: "Care Programme Approach records under WASPI agreements", Url: &f.Road.Base},
		FhirVersion:    fhir.FHIRVersion4_0_1, Format: []string{"application/fhir+json", "json"}, PatchFormat: []string{jsonPatch},
		Rest: []fhir.CapabilityStatementRest{rest},
	}
}

func security() *fhir.CapabilityStatementRestSecurity {
	system, code := "http://terminology.hl7.org/CodeSystem/restful-security-service", "SMART-on-FHIR"
	text := "SMART Backend Services; one purpose of use in each token"
	return &fhir.CapabilityStatementRestSecurity{
		Service:     []fhir.CodeableConcept{{Coding: []fhir.Coding{{System: &system, Code: &code}}}},
		Description: &text,
	}
}

var interactionCodes = map[road.Interaction]fhir.TypeRestfulInteraction{
	road.Read: fhir.TypeRestfulInteractionRead, road.VRead: fhir.TypeRestfulInteractionVread, road.History: fhir.TypeRestfulInteractionHistoryInstance, road.Search: fhir.TypeRestfulInteractionSearchType,
	road.Create: fhir.TypeRestfulInteractionCreate, road.Update: fhir.TypeRestfulInteractionUpdate,
	road.Patch: fhir.TypeRestfulInteractionPatch, road.Delete: fhir.TypeRestfulInteractionDelete,
}

var paramTypes = map[search.Kind]fhir.SearchParamType{
	search.Token: fhir.SearchParamTypeToken, search.ID: fhir.SearchParamTypeToken, search.Date: fhir.SearchParamTypeDate,
	search.Reference: fhir.SearchParamTypeReference, search.URI: fhir.SearchParamTypeUri,
}

func searchParams(params []shaping) (list []fhir.CapabilityStatementRestResourceSearchParam) {
	for _, p := range params {
		list = append(list, fhir.CapabilityStatementRestResourceSearchParam{Name: p.name, Type: p.typ, Documentation: &p.doc})
	}
	return list
}

// capability writes one row of the allow-list.
func (s served) capability() fhir.CapabilityStatementRestResource {
	versioning := fhir.ResourceVersionPolicyVersioned
	if s.typ == structureMap {
		versioning = fhir.ResourceVersionPolicyNoVersion
	}
	resource := fhir.CapabilityStatementRestResource{Type: resourceTypes[s.typ], Versioning: &versioning}
	for _, i := range s.interactions {
		if _, known := operations[i]; known {
			resource.Operation = append(resource.Operation, operation(i))
			continue
		}
		resource.Interaction = append(resource.Interaction, fhir.CapabilityStatementRestResourceInteraction{Code: interactionCodes[i]})
	}
	if slices.Contains(s.interactions, road.Patch) && slices.Contains(s.interactions, road.Create) { // of records
		conditional := true
		resource.ConditionalCreate, resource.ConditionalUpdate = &conditional, &conditional
	}
	resource.SearchInclude = search.Includes(s.typ)
	if s.typ == subscriptions.Type {
		resource.SearchParam = searchParams(subscriptionParams)
	}
	for _, p := range search.Definitions(s.typ) {
		doc := p.Doc
		resource.SearchParam = append(resource.SearchParam, fhir.CapabilityStatementRestResourceSearchParam{
			Name: p.Name, Type: paramTypes[p.Kind], Documentation: &doc,
		})
	}
	return resource
}

var resourceTypes = map[string]fhir.ResourceType{
	"Communication": fhir.ResourceTypeCommunication,
	"CarePlan":      fhir.ResourceTypeCarePlan, "CareTeam": fhir.ResourceTypeCareTeam, "EpisodeOfCare": fhir.ResourceTypeEpisodeOfCare,
	"Flag": fhir.ResourceTypeFlag, "RiskAssessment": fhir.ResourceTypeRiskAssessment,
	"Goal": fhir.ResourceTypeGoal, "Organization": fhir.ResourceTypeOrganization, "Patient": fhir.ResourceTypePatient,
	"Task": fhir.ResourceTypeTask, subscriptions.Type: fhir.ResourceTypeSubscription, structureMap: fhir.ResourceTypeStructureMap,
	"Practitioner": fhir.ResourceTypePractitioner, "PractitionerRole": fhir.ResourceTypePractitionerRole,
}
