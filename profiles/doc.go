// Package profiles holds the care-plan profiles that the gateway speaks: the CPA
// vocabulary, the items a flow may name and what belongs to them, the shape of
// each served type, and its structural checks.
//
// Everything here is a pure function of a resource: no clock, no I/O, no HTTP.
package profiles
