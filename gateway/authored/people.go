package authored

import (
	"slices"

	"cpagateway/gateway/store"
	"cpagateway/profiles"
	"cpagateway/profiles/fhir"
)

// People are those of a custodian's record whom something is told.
type People struct {
	Patient      string   // whom it is about, as a reference
	Coordinators []string // references to the care coordinators that the active care teams name
}

// addressees finds them in what a custodian holds about a person. There is no Patient where
// the records are elsewhere by now.
func addressees(now store.Snapshot, person profiles.PersonID, custodian profiles.OrgCode) (People, error) {
	var people People
	held, err := now.Held(person, "")
	for _, v := range held {
		if err != nil || v.Deleted || v.Custodian != custodian {
			continue
		}
		switch v.Type {
		case "Patient":
			people.Patient = v.Type + "/" + v.ID
		case "CareTeam":
			var team fhir.Value
			if team, err = fhir.ParseResource(v.Body); err != nil || !team.Get("status").Is("active") {
				continue
			}
			for _, participant := range Coordinating(team) {
				if member := participant.Get("member").Get("reference").Text(); member != "" && !slices.Contains(people.Coordinators, member) {
					people.Coordinators = append(people.Coordinators, member)
				}
			}
		}
	}
	return people, err
}

// Coordinating are the participants of a CareTeam who coordinate the care.
func Coordinating(team fhir.Value) []fhir.Value {
	var list []fhir.Value
	for participant := range team.All("participant") {
		if profiles.PartItems(team, "participant", participant).Has(profiles.TeamCoordinator) {
			list = append(list, participant)
		}
	}
	return list
}
