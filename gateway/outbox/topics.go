package outbox

import (
	"errors"
	"slices"

	"cpagateway/consent/facts"
	"cpagateway/gateway/authored"
	"cpagateway/gateway/records"
	"cpagateway/gateway/store"
	"cpagateway/gateway/subscriptions"
	"cpagateway/gateway/tasks"
	"cpagateway/profiles"
	"cpagateway/profiles/fhir"
)

// subject is what a change is for one topic, and the record that it is about.
type subject struct {
	topic subscriptions.Topic
	subscriptions.Change
}

// subjects are the topics that a change belongs to.
func subjects(now store.Snapshot, c records.Change) ([]subject, error) {
	about := subscriptions.Change{
		Type: c.Type, ID: c.ID, Version: c.Number, Custodian: c.Custodian, Removed: c.Deleted,
		Label: [2]uint64{c.Label.Need.Bits(), c.Label.Any.Bits()},
	}
	switch c.Type {
	case "CarePlan":
		list := []subject{{subscriptions.PlanChanged, about}}
		if c.Label.Need.Has(profiles.PlanCrisis) {
			list = append(list, subject{subscriptions.CrisisPlanChanged, about})
		}
		return list, nil
	case "Communication":
		return []subject{{subscriptions.DutySent, about}}, nil
	case tasks.Type:
		return []subject{{subscriptions.TaskChanged, about}}, nil
	case "EpisodeOfCare":
		return []subject{{subscriptions.EpisodeChanged, about}}, nil
	case "CareTeam":
		before, after, err := versions(now, c)
		if err != nil || slices.EqualFunc(authored.Coordinating(before), authored.Coordinating(after), fhir.Alike) {
			return nil, err
		}
		return []subject{{subscriptions.CoordinatorChanged, about}}, nil
	case "Consent":
		return withdrawal(now, c)
	}
	return nil, nil
}

// versions are the version that a change stored and the one before it, absent where there
// is none or it says that the record is no more.
func versions(now store.Snapshot, c records.Change) (before, after fhir.Value, err error) {
	history, err := now.History(c.Type, c.ID)
	for _, v := range history {
		if err != nil || v.Deleted {
			continue
		}
		switch v.Number {
		case c.Number:
			after, err = fhir.ParseResource(v.Body)
		case c.Number - 1:
			before, err = fhir.ParseResource(v.Body)
		}
	}
	return before, after, err
}

// withdrawal is what a change to a Consent is about that takes back or refuses: the Patient
// of the custodian that recorded it.
func withdrawal(now store.Snapshot, c records.Change) ([]subject, error) {
	before, after, err := versions(now, c)
	if err != nil || !withdraws(wish(c, before), wish(c, after)) {
		return nil, err
	}
	patients, err := now.Held(c.Person, "Patient")
	for _, p := range patients {
		if p.Custodian == c.Custodian && !p.Deleted {
			about := subscriptions.Change{Type: p.Type, ID: p.ID, Custodian: p.Custodian}
			return []subject{{subscriptions.ConsentWithdrawn, about}}, err
		}
	}
	return nil, err
}

// wish is the directive that a version of a Consent is; the zero Directive where it is none.
func wish(c records.Change, v fhir.Value) facts.Directive {
	if v.Exists() {
		if compiled := facts.Compile(c.Custodian, v); compiled.Directive != nil {
			return *compiled.Directive
		}
	}
	return facts.Directive{}
}

// withdraws reports whether a wish grants less than before: a grant that is none any more,
// or a refusal that was none. One that cannot be read refuses.
func withdraws(before, after facts.Directive) bool {
	return grants(before) && !grants(after) || refuses(after) && !refuses(before)
}

func grants(d facts.Directive) bool { return d.Status == facts.Active && d.Template.Grants() }

func refuses(d facts.Directive) bool {
	return d.Status == facts.Unknown || d.Status == facts.Rejected || d.Status == facts.Active && !d.Template.Grants()
}

func isNone(err error) bool { return errors.Is(err, subscriptions.ErrNone) }
