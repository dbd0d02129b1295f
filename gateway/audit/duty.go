package audit

import (
	"slices"
	"strings"

	"cpagateway/consent"
	"cpagateway/profiles"
)

// Duties are what the decision that an entry holds asks to be told to the custodian's
// people, as codes of profiles.SystemDuty. Entries are listed by whether they have any: what
// an obligation asks for may not change once it is recorded.
func (e Entry) Duties() (codes []string) {
	plan := slices.ContainsFunc(e.Released, func(r Release) bool { return strings.HasPrefix(r.Ref, "CarePlan/") })
	for _, o := range e.Obligations {
		switch {
		case o == consent.NotifyCoordinator && len(e.Released) > 0:
			codes = append(codes, profiles.CodeDutyCrisisSliceRead)
		case o == consent.NotifyIfNoPlan && e.Type == "CarePlan" && !plan:
			codes = append(codes, profiles.CodeDutyNoCrisisPlan)
		case o == consent.Alert:
			codes = append(codes, profiles.CodeDutyAlert)
		}
	}
	return codes
}
