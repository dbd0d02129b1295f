// Package agreements is the register of WASPI agreements: read, checked, and
// indexed by who gives what to whom. It decides nothing.
package agreements

import (
	"cpagateway/profiles"
)

// Agreement is one version of one agreement, as its YAML file states it
// (docs/agreements.md; agreement.schema.json).
type Agreement struct {
	ID              string          `yaml:"id"` // reference in the WASPI register
	Kind            Kind            `yaml:"kind"`
	Version         int             `yaml:"version"`  // 1, 2, 3 ...
	Template        string          `yaml:"template"` // WASPI template the paper follows, such as accord-v5
	Status          Status          `yaml:"status"`
	IssueDate       Day             `yaml:"issueDate"` // the first day on which it holds
	QADate          Day             `yaml:"qaDate"`
	QAGroup         string          `yaml:"qaGroup"`
	ReviewDate      Day             `yaml:"reviewDate"`      // the last day on which it holds without grace
	ReviewGraceDays int             `yaml:"reviewGraceDays"` // 0 unless an information-governance lead sets it
	Title           string          `yaml:"title"`
	Purposes        []AgreedPurpose `yaml:"purposes"`
	Subjects        []Subjects      `yaml:"dataSubjects"`
	Partners        []Partner       `yaml:"partners"`
	LegalBasis      LegalBasis      `yaml:"legalBasis"`
	Flows           []Flow          `yaml:"flows"`
	Security        Security        `yaml:"security"`
	Rights          Rights          `yaml:"rights"`
	File            string          `yaml:"-"` // name within the folder of agreements
	Hash            string          `yaml:"-"` // SHA-256 of the file, hexadecimal
}

// Kind is the kind of agreement.
type Kind string

// The kinds. A DPA binds a processor and is never a ground for disclosure.
const (
	ISP Kind = "ISP" // information sharing protocol: regular and reciprocal
	DDA Kind = "DDA" // data disclosure agreement: one way
	JCA Kind = "JCA" // joint controller agreement
	DPA Kind = "DPA" // data processing agreement
)

// Status is where an agreement stands in WASPI's quality assurance.
type Status string

// The states. Only an assured agreement lets anything through.
const (
	Draft      Status = "DRAFT"
	Signed     Status = "SIGNED"
	Assured    Status = "ASSURED"
	Suspended  Status = "SUSPENDED"
	Recalled   Status = "WITHDRAWN"
	Superseded Status = "SUPERSEDED"
)

// AgreedPurpose is one purpose that an agreement lists.
type AgreedPurpose struct {
	Code profiles.Purpose `yaml:"code"`
	Text string           `yaml:"text"`
}

// Subjects is a group of people whom an agreement covers, told by age. The
// group's name is for readers; only the ages are checked.
type Subjects struct {
	Group  string `yaml:"group"`
	MinAge int    `yaml:"minAge"` // in whole years at the time of the request
	MaxAge int    `yaml:"maxAge"` // the same, inclusive; 0: no upper bound
}

// Partner is one organisation that takes part.
type Partner struct {
	Organisation     profiles.OrgCode `yaml:"org"`
	Role             PartnerRole      `yaml:"role"`
	AccordSigned     Day              `yaml:"accordSigned"`    // NoDay: never
	AccordWithdrawn  Day              `yaml:"accordWithdrawn"` // the Accord binds no longer from this day on; NoDay: it does
	AgreementSigned  Day              `yaml:"agreementSigned"` // NoDay: not yet
	DesignatedPerson string           `yaml:"designatedPerson"`
	Teams            []Team           `yaml:"teams"`
	Contact          string           `yaml:"contact"` // a post, never a person
}

// InAccord reports whether the organisation has signed the Accord, and is not out of it.
func (p *Partner) InAccord(today Day) bool {
	return p.AccordSigned != NoDay && p.AccordSigned <= today && !p.leftAccord(today)
}

func (p *Partner) leftAccord(today Day) bool {
	return p.AccordWithdrawn != NoDay && p.AccordWithdrawn <= today
}

// PartnerRole is a partner's standing in data protection law.
type PartnerRole string

// The roles.
const (
	Controller PartnerRole = "controller"
	Processor  PartnerRole = "processor"
)

// Team is one team of a partner.
type Team struct {
	ID         profiles.TeamID `yaml:"id"`
	Kind       string          `yaml:"kind"`
	OutOfHours bool            `yaml:"outOfHours"`
}

// LegalBasis holds what gate A11 asks for. All of it is required when the file
// is read, so that no agreement without it is ever decided on.
type LegalBasis struct {
	Article6        string          `yaml:"article6"`
	Article9        string          `yaml:"article9"`
	DPA2018         string          `yaml:"dpa2018"`
	Powers          []string        `yaml:"powers"`
	Confidentiality Confidentiality `yaml:"confidentiality"`
}

// Confidentiality is the common-law ground; it is recorded beside the UK GDPR
// basis and neither is derived from the other.
type Confidentiality string

// The grounds.
const (
	ByConsent        Confidentiality = "consent"
	ByImpliedConsent Confidentiality = "implied-direct-care"
	ByStatute        Confidentiality = "statutory"
	ByCourt          Confidentiality = "court"
	ByPublicInterest Confidentiality = "public-interest"
)

// Security is what the partners promised about the information they get.
type Security struct {
	Transport        string `yaml:"transport"`
	RetentionDays    int    `yaml:"retentionDays"`
	OnwardDisclosure string `yaml:"onwardDisclosure"` // only "forbidden" (case 100)
}

// Rights says whom a person may turn to.
type Rights struct {
	Contact string `yaml:"contact"`
}
