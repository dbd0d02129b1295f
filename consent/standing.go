package consent

// standing is one agreement version seen from one pair of partners.
type standing struct {
	agreement     *Agreement
	source        *Partner
	recipient     *Partner
	displacedFrom Day // from this day on a later version stands in its place; NoDay: never
}

// accord is gate A2.
func (s *standing) accord(today Day) reason {
	for _, p := range [...]*Partner{s.source, s.recipient} {
		if p.AccordSigned == NoDay || p.AccordSigned > today || p.AccordWithdrawn != NoDay && p.AccordWithdrawn <= today {
			return accordNotSigned
		}
	}
	return plainPass
}

// covers is gate A3 for an agreement that names both organisations.
func (s *standing) covers(team TeamID) reason {
	if s.agreement.Kind == DPA || s.recipient.Role == Processor {
		return notADisclosureBasis
	}
	for i := range s.recipient.Teams {
		if s.recipient.Teams[i].ID == team {
			return plainPass
		}
	}
	return teamNotNamed
}

// inForce is gate A4. A later version that has taken over puts this one out of
// force, whatever its own status says: files of old versions are never edited.
func (s *standing) inForce(today Day) reason {
	a := s.agreement
	switch {
	case a.Status == Draft || a.Status == Signed:
		return notAssured
	case a.Status != Assured || a.IssueDate > today || s.displacedFrom != NoDay && s.displacedFrom <= today:
		return notInForce
	}
	return plainPass
}

// reviewed is gate A5: the review date itself is still inside (cases 4 to 6).
func (s *standing) reviewed(today Day, grace int) reason {
	switch due := s.agreement.ReviewDate; {
	case today <= due:
		return plainPass
	case int64(today) <= int64(due)+int64(grace):
		return reviewGrace
	}
	return reviewOverdue
}

// signed is gate A6.
func (s *standing) signed(today Day) reason {
	for _, p := range [...]*Partner{s.source, s.recipient} {
		if p.AgreementSigned == NoDay || p.AgreementSigned > today {
			return partyNotSigned
		}
	}
	return plainPass
}

// direction is gate A7: some flow must lead from the source to the team that asks.
func (s *standing) direction(team TeamID) reason {
	answer := wrongDirection
	for i := range s.agreement.Flows {
		f := &s.agreement.Flows[i]
		if f.From.Organisation != s.source.Organisation || f.To.Organisation != s.recipient.Organisation {
			continue
		}
		if f.To.Team == team {
			return plainPass
		}
		answer = teamNotNamed
	}
	return answer
}
