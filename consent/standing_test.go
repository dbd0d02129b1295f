package consent

import "testing"

// TestDaysOfTheAgreementGates walks each date over its edge: the day before, the
// day itself, the day after.
func TestDaysOfTheAgreementGates(t *testing.T) {
	const today Day = 1000
	for _, c := range []struct {
		name string
		set  func(s *standing, d Day)
		ask  func(s *standing) reason
		want [3]reason // for yesterday, today, tomorrow
	}{
		{"the source signs the Accord", func(s *standing, d Day) { s.source.AccordSigned = d },
			func(s *standing) reason { return s.accord(today) }, [3]reason{plainPass, plainPass, accordNotSigned}},
		{"the recipient signs the Accord", func(s *standing, d Day) { s.recipient.AccordSigned = d },
			func(s *standing) reason { return s.accord(today) }, [3]reason{plainPass, plainPass, accordNotSigned}},
		{"the recipient leaves the Accord", func(s *standing, d Day) { s.recipient.AccordWithdrawn = d },
			func(s *standing) reason { return s.accord(today) }, [3]reason{accordNotSigned, accordNotSigned, plainPass}},
		{"the source signs the agreement", func(s *standing, d Day) { s.source.AgreementSigned = d },
			func(s *standing) reason { return s.signed(today) }, [3]reason{plainPass, plainPass, partyNotSigned}},
		{"the recipient signs the agreement", func(s *standing, d Day) { s.recipient.AgreementSigned = d },
			func(s *standing) reason { return s.signed(today) }, [3]reason{plainPass, plainPass, partyNotSigned}},
		{"it is issued", func(s *standing, d Day) { s.agreement.IssueDate = d },
			func(s *standing) reason { return s.inForce(today) }, [3]reason{plainPass, plainPass, notInForce}},
		{"a later version takes over", func(s *standing, d Day) { s.displacedFrom = d },
			func(s *standing) reason { return s.inForce(today) }, [3]reason{notInForce, notInForce, plainPass}},
		{"its review is due", func(s *standing, d Day) { s.agreement.ReviewDate = d },
			func(s *standing) reason { return s.reviewed(today, 0) }, [3]reason{reviewOverdue, plainPass, plainPass}},
		{"its grace ends", func(s *standing, d Day) { s.agreement.ReviewDate = d - 30 },
			func(s *standing) reason { return s.reviewed(today, 30) }, [3]reason{reviewOverdue, reviewGrace, reviewGrace}},
	} {
		for i, want := range c.want {
			s := &standing{
				agreement: &Agreement{Status: Assured, IssueDate: 1, ReviewDate: 2000},
				source:    &Partner{AccordSigned: 1, AgreementSigned: 1},
				recipient: &Partner{AccordSigned: 1, AgreementSigned: 1},
			}
			day := today + Day(i-1)
			c.set(s, day)
			if got := c.ask(s); got != want {
				t.Errorf("%s on day %d, asked on day %d: %q, want %q", c.name, day, today, got.code(), want.code())
			}
		}
	}
}
