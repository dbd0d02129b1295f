package demo

import (
	"cpagateway/consent"
	"cpagateway/gateway/identity"
	"cpagateway/profiles"
)

// Caller is one of the systems and people that the demo's issuer makes tokens for.
type Caller struct {
	Name         string // as `cpa-gateway token --as` takes it
	Says         string // who it is, for a person
	Client       consent.ClientID
	Organisation profiles.OrgCode
	Team         profiles.TeamID
	Purposes     []profiles.Purpose
	Person       string // empty for an unattended system
	PersonName   string
	Role         string
	Scope        string // what its tokens may reach; empty: reading and searching
}

// HealthcareOperations is the purpose of the information-governance lead, who
// reads no plan.
const HealthcareOperations profiles.Purpose = "HOPERAT"

// Callers is the cast's callers, in the order in which they are told of. It is
// read only. All are synthetic, and so are their organisations but for the health
// board's published code.
var Callers = []Caller{
	{
		Name: "gp", Says: "a GP practice's system",
		Client: "demo-gp", Organisation: "W99001", Team: "practice",
		Purposes: []profiles.Purpose{profiles.CareCoordination},
	},
	{
		Name: "ooh", Says: "a nurse of the out-of-hours crisis team",
		Client: "demo-ooh", Organisation: "7A4", Team: "crht",
		Purposes: []profiles.Purpose{profiles.EmergencyTreatment},
		Person:   "demo-nurse-1", PersonName: "Nia Price", Role: "nurse",
	},
	{
		Name: "ooh-glass", Says: "the same nurse, who may break the glass",
		Client: "demo-ooh-glass", Organisation: "7A4", Team: "crht",
		Purposes: []profiles.Purpose{profiles.BreakGlass},
		Person:   "demo-nurse-1", PersonName: "Nia Price", Role: "nurse",
	},
	{
		Name: "social-care", Says: "the council's case management system",
		Client: "demo-social-care", Organisation: "LA9A1", Team: "adult-mh",
		Purposes: []profiles.Purpose{profiles.CareCoordination},
		Scope:    "system/*.rs system/CarePlan.rus system/Subscription.cruds",
	},
	{
		Name: "social-care-b", Says: "another council's system, whose agreement is past its review",
		Client: "demo-social-care-b", Organisation: "LA9B2", Team: "adult-mh",
		Purposes: []profiles.Purpose{profiles.CareCoordination},
	},
	{
		Name: "ooh-unlisted", Says: "a nurse of a team that no agreement names",
		Client: "demo-ooh-unlisted", Organisation: "7A4", Team: "night-rota",
		Purposes: []profiles.Purpose{profiles.EmergencyTreatment},
		Person:   "demo-nurse-2", PersonName: "Owain Rowlands", Role: "nurse",
	},
	{
		Name: "ig-lead", Says: "the health board's information-governance lead",
		Client: "demo-ig-lead", Organisation: "7A4", Team: "ig",
		Purposes: []profiles.Purpose{HealthcareOperations},
		Person:   "demo-ig-1", PersonName: "Sian Bowen", Role: "information governance lead",
	},
	{
		Name: "cmht", Says: "the care coordinator, at the source organisation",
		Client: "demo-cmht", Organisation: "7A4", Team: "cmht-north",
		Purposes: []profiles.Purpose{profiles.Treatment},
		Person:   "demo-coordinator-1", PersonName: "Tomos Lewis", Role: "care coordinator",
		Scope: "system/*.cruds",
	},
}

// Clients is the client register of the demo's gateway: the callers, as the demo's
// issuer speaks for them.
func Clients() []identity.Client {
	clients := make([]identity.Client, len(Callers))
	for n, c := range Callers {
		clients[n] = identity.Client{
			ID:           c.Client,
			Organisation: c.Organisation,
			Teams:        []profiles.TeamID{c.Team},
			Purposes:     c.Purposes,
			Rate:         identity.Rate{PerSecond: 1e5, Burst: 1e5}, // loopback is not rationed
		}
	}
	return clients
}

// callerBy finds a caller by one of its two names.
func callerBy(matches func(Caller) bool) (Caller, bool) {
	for _, c := range Callers {
		if matches(c) {
			return c, true
		}
	}
	return Caller{}, false
}
