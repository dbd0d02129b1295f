package outbox

import (
	"context"
	"time"

	"cpagateway/consent"
	"cpagateway/consent/agreements"
)

// flows are those that stand at a moment, by who may ask by them.
type flows []agreements.Row

func (o *Outbox) flows(ctx context.Context, at time.Time) (flows, error) {
	register, err := o.Road.Register.Current(ctx)
	if err != nil {
		return nil, err
	}
	var standing flows
	for _, row := range register.Matrix() {
		if consent.FlowStands(row.Flow, o.Road.Policy, at).Outcome != consent.Fail {
			standing = append(standing, row)
		}
	}
	return standing, nil
}

// reach reports whether some flow is for the caller, whatever it lets through.
func (f flows) reach(c consent.Caller) bool {
	for _, row := range f {
		if row.Recipient == c.Organisation && row.Purpose == c.Purpose && (row.Team == "" || row.Team == c.Team) {
			return true
		}
	}
	return false
}
