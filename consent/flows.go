package consent

import (
	"time"

	"cpagateway/consent/agreements"
	"cpagateway/gateway/texts"
)

// FlowStands says whether a flow lets anything through at an instant, before anybody
// and their wishes are looked at: the first gate about its agreement that fails, or
// that it holds, with the remark where that is by days of grace.
func FlowStands(f *agreements.Candidate, policy Policy, at time.Time) Rule {
	q := question{Request: Request{Policy: policy}, today: agreements.DayOf(at)}
	team := ground(f.PairAgreement, f.Source)
	if f.To.Team != "" { // otherwise nobody reads by it, and whatever team of the giving end is named contributes
		team = covers(f.PairAgreement, f.Recipient, f.To.Team)
	}
	gates := []struct {
		gate
		reason
	}{
		{gateA2, accord(f.PairAgreement, q.today)}, {gateA3, team}, {gateA4, inForce(f.PairAgreement, q.today)},
		{gateA6, signed(f.PairAgreement, q.today)}, {gateA5, reviewed(f.PairAgreement, q.today, q.grace(f.PairAgreement, f))},
	}
	var stands Rule
	for _, g := range gates {
		stands = Rule{ID: gateIDs[g.gate], Outcome: g.outcome(), Code: g.code(), Text: wording(g.gate, g.reason, texts.English)}
		if stands.Outcome == Fail {
			break
		}
	}
	return stands
}
