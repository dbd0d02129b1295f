package agreements

import "strconv"

// Ref names the one flow that a decision rests on; the zero value is none.
type Ref struct {
	ID      string `json:"id"` // reference in the WASPI register
	Version int    `json:"version"`
	Flow    string `json:"flow"` // number of the flow in the Information Reference Table
	Hash    string `json:"hash"` // SHA-256 of the agreement's file, hexadecimal
}

// BrokenGlass stands in place of an agreement's id where a decision rests on broken glass. No
// agreement can have it: its file is refused.
const BrokenGlass = "broken-glass"

// String names the flow for a reader: "ISP-CPA-0001 version 3 flow 004"; empty for none.
func (a Ref) String() string {
	if a.ID == "" {
		return ""
	}
	s := a.ID + " version " + strconv.Itoa(a.Version)
	if a.Flow != "" {
		s += " flow " + a.Flow
	}
	return s
}
