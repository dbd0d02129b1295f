package profiles

// Distinct types for what must not be swapped. Every package names people,
// organisations, teams and purposes by these.
type (
	PersonID string // the person a record is about: opaque, the same for every source
	OrgCode  string // ODS code of an organisation
	TeamID   string // a team within its organisation, as agreements write it
	Purpose  string // v3-ActReason code, such as COC or ETREAT
)

// The purposes the gateway knows by name. Any other code is kept and refused by gate A8.
const (
	CareCoordination   Purpose = "COC"
	EmergencyTreatment Purpose = "ETREAT"
	Treatment          Purpose = "TREAT"
	BreakGlass         Purpose = "BTG"    // to see what was refused, for a reason that is stated and looked at afterwards
	OwnRequest         Purpose = "PATRQT" // the person asks for their own record
)
