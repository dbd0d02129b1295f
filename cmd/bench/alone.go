package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"testing"
	"time"

	"cpagateway/consent"
	"cpagateway/consent/agreements"
	"cpagateway/consent/facts"
	"cpagateway/gateway/benchdata"
	"cpagateway/gateway/demo"
	"cpagateway/gateway/records"
	"cpagateway/gateway/store"
	"cpagateway/gateway/store/sqlite"
	"cpagateway/profiles"
	"cpagateway/profiles/fhir"
)

// alone measures functions without a server: deciding (P6) and checking (P9).
func (b *bench) alone(s *site) error {
	decide, err := b.deciding(s)
	if err != nil {
		return err
	}
	plan, err := b.longestPlan(s)
	if err != nil {
		return err
	}
	var wrong error
	decode := func() {
		var into any
		wrong = errors.Join(wrong, json.Unmarshal(plan, &into))
	}
	check := func() {
		value, err := fhir.Parse(plan)
		if err == nil && profiles.Fatal(profiles.Check(value)) {
			err = errors.New("a plan does not pass the check")
		}
		wrong = errors.Join(wrong, err)
	}
	b.add("P6/allocations", "allocations", testing.AllocsPerRun(1000, decide))
	return b.each(func(int) error {
		for _, f := range []struct {
			name, unit string
			in         float64
			call       func()
		}{{"P6/decide", "ns", 1, decide}, {"P9/json", "us", 1000, decode}, {"P9/check", "us", 1000, check}} {
			took, err := b.perCall(f.call)
			if err != nil {
				return err
			}
			b.add(f.name, f.unit, took/f.in)
		}
		return wrong
	})
}

// perCall is the processor time of one call, in ns.
func (b *bench) perCall(call func()) (float64, error) {
	call()
	before, err := processorTime(os.Getpid())
	if err != nil {
		return 0, err
	}
	calls := 0
	for began := time.Now(); time.Since(began) < b.spin; calls += callsAtOnce {
		for range callsAtOnce {
			call()
		}
	}
	after, err := processorTime(os.Getpid())
	return float64((after - before).Nanoseconds()) / float64(calls), err
}

const callsAtOnce = 100

// deciding is a decision for the crisis team on a person in the store.
func (b *bench) deciding(s *site) (func(), error) {
	register, err := agreements.Load(demo.Agreements())
	if err != nil {
		return nil, err
	}
	var person facts.Person
	err = b.look(s, func(now store.Snapshot) error {
		id, err := now.Person(profiles.SystemNHSNumber, benchdata.NHSNumber(0))
		if err != nil {
			return err
		}
		holdings, err := now.Holdings(id)
		person = holdings.At(custodian)
		return err
	})
	if err != nil {
		return nil, err
	}
	caller := consent.Caller{
		Client: "demo-ooh", Organisation: custodian, Team: "crht", Purpose: profiles.EmergencyTreatment,
		Scopes: []consent.Scope{{Context: "system", Type: "*", Read: true, Search: true}},
	}
	request := consent.Request{Caller: caller, Action: consent.Search, Type: "CarePlan", At: b.began, Register: register, Policy: consent.DefaultPolicy()}
	request = request.For(custodian, &person)
	if d := consent.Decide(request); d.Outcome() == consent.Deny {
		return nil, fmt.Errorf("the decision that is measured is a refusal: %v", d.Outcome())
	}
	var made consent.Decision
	return func() { made = consent.Decide(request); _ = made }, nil
}

// longestPlan is the care and treatment plan of a person in the store.
func (b *bench) longestPlan(s *site) (plan []byte, err error) {
	err = b.look(s, func(now store.Snapshot) error {
		id, err := now.Person(profiles.SystemNHSNumber, benchdata.NHSNumber(0))
		if err != nil {
			return err
		}
		held, err := now.Held(id, records.PlanType)
		for _, v := range held {
			if len(v.Body) > len(plan) {
				plan = v.Body
			}
		}
		return err
	})
	return plan, err
}

func (b *bench) look(s *site, read func(store.Snapshot) error) error {
	kept, err := sqlite.Open(b.ctx, s.data)
	if err != nil {
		return err
	}
	return errors.Join(kept.View(b.ctx, read), kept.Close())
}
