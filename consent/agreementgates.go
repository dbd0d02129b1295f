package consent

import (
	"cpagateway/consent/agreements"
	"cpagateway/profiles"
)

// accord is gate A2.
func accord(s *agreements.PairAgreement, today agreements.Day) reason {
	for _, p := range [...]*agreements.Partner{s.Source, s.Recipient} {
		if !p.InAccord(today) {
			return accordNotSigned
		}
	}
	return plainPass
}

// covers is gate A3 for an agreement that names both organisations: the partner that
// asks is one of them.
func covers(s *agreements.PairAgreement, asking *agreements.Partner, team profiles.TeamID) reason {
	if r := ground(s, asking); r != plainPass {
		return r
	}
	for i := range asking.Teams {
		if asking.Teams[i].ID == team {
			return plainPass
		}
	}
	return teamNotNamed
}

// ground is the part of gate A3 that no team bears on.
func ground(s *agreements.PairAgreement, asking *agreements.Partner) reason {
	if s.Agreement.Kind == agreements.DPA || s.Recipient.Role == agreements.Processor || asking.Role == agreements.Processor {
		return notADisclosureBasis
	}
	return plainPass
}

// inForce is gate A4. A later version that has taken over puts this one out of
// force, whatever its own status says: files of old versions are never edited.
func inForce(s *agreements.PairAgreement, today agreements.Day) reason {
	a := s.Agreement
	switch {
	case a.Status == agreements.Draft || a.Status == agreements.Signed:
		return notAssured
	case a.Status != agreements.Assured || a.IssueDate > today || s.DisplacedFrom != agreements.NoDay && s.DisplacedFrom <= today:
		return notInForce
	}
	return plainPass
}

// reviewed is gate A5: the review date itself is still inside (cases 4 to 6).
func reviewed(s *agreements.PairAgreement, today agreements.Day, grace int) reason {
	switch due := s.Agreement.ReviewDate; {
	case today <= due:
		return plainPass
	case int64(today) <= int64(due)+int64(grace):
		return reviewGrace
	}
	return reviewOverdue
}

// signed is gate A6.
func signed(s *agreements.PairAgreement, today agreements.Day) reason {
	for _, p := range [...]*agreements.Partner{s.Source, s.Recipient} {
		if p.AgreementSigned == agreements.NoDay || p.AgreementSigned > today {
			return partyNotSigned
		}
	}
	return plainPass
}

// direction is gate A7: some flow must lead from the source to the team that asks.
func direction(s *agreements.PairAgreement, team profiles.TeamID) reason {
	answer := wrongDirection
	for i := range s.Agreement.Flows {
		f := &s.Agreement.Flows[i]
		if f.From.Organisation != s.Source.Organisation || f.To.Organisation != s.Recipient.Organisation {
			continue
		}
		if f.To.Team == team {
			return plainPass
		}
		answer = teamNotNamed
	}
	return answer
}
