package cache_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"cpagateway/consent/agreements"
	"cpagateway/gateway/cache"
	"cpagateway/gateway/register"
	"cpagateway/gateway/store"
	"cpagateway/gateway/store/memory"
)

// agreementTexts is a folder with one agreement, under a title of its own.
func agreementTexts(title string) map[string][]byte {
	return map[string][]byte{"a.yaml": fmt.Appendf(nil, strings.TrimSpace(anyAgreement), title)}
}

func put(t *testing.T, s store.Store, files map[string][]byte, hash string) {
	t.Helper()
	err := s.Update(context.WithoutCancel(t.Context()), func(tx store.Tx) error {
		_, err := tx.PutRegister(register.Version{At: time.Unix(1, 0), Hash: hash, Files: files})
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

// Whatever is put in force meanwhile, by however many, what passes the check is in force in
// the transaction that asks; and who is refused has it after reading anew.
func TestWhatPassesTheCheckIsInForce(t *testing.T) {
	s := memory.New()
	first, err := agreements.LoadTexts(agreementTexts("first"))
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for writer := range 3 {
		all.Go(func() {
			for n := range 40 {
				files := agreementTexts(fmt.Sprint(writer, " ", n))
				read, err := agreements.LoadTexts(files)
				if err != nil {
					t.Error(err)
					return
				}
				put(t, s, files, read.Hash())
			}
		})
	}
	passed := make([]int, 2)
	for gateway := range passed {
		r := cache.NewRegister(s, first)
		for range 4 {
			all.Go(func() {
				for range 100 {
					decidedBy, err := r.Current(t.Context())
					if err != nil {
						t.Error(err)
						return
					}
					err = s.Update(t.Context(), func(tx store.Tx) error {
						if err := r.Check(tx, decidedBy); err != nil {
							return err
						}
						number, err := tx.RegisterInForce()
						if err != nil {
							return err
						}
						if v, err := tx.Register(number); err != nil || number > 0 && v.Hash != decidedBy.Hash() || number == 0 && decidedBy != first {
							t.Errorf("passed by a register that is not in force: %v", err)
						}
						passed[gateway]++
						return nil
					})
					if err != nil && !errors.Is(err, cache.ErrChanged) {
						t.Error(err)
					}
				}
			})
		}
		defer func() {
			now, err := r.Read(t.Context())
			if err != nil || s.Update(t.Context(), func(tx store.Tx) error { return r.Check(tx, now) }) != nil {
				t.Errorf("read anew, it is not in force: %v", err)
			}
			if passed[gateway] == 0 {
				t.Error("nothing passed: the test looked at nothing")
			}
		}()
	}
	all.Wait()
}

// What a newer build has put in force, and this one cannot read, is an error to all who ask.
func TestARegisterThatCannotBeReadIsAnError(t *testing.T) {
	s := memory.New()
	first, err := agreements.LoadTexts(agreementTexts("first"))
	if err != nil {
		t.Fatal(err)
	}
	r := cache.NewRegister(s, first)
	put(t, s, map[string][]byte{"a.yaml": []byte("id: X\ncolour: red\n")}, "another")
	if _, err := r.Read(t.Context()); err == nil {
		t.Error("read")
	}
	for range 2 {
		if err := s.Update(t.Context(), func(tx store.Tx) error { return r.Check(tx, r.Load()) }); !errors.Is(err, cache.ErrChanged) {
			t.Errorf("checked: %v", err)
		}
		if _, err := r.Current(t.Context()); err == nil {
			t.Error("decided by what was in force before")
		}
	}
	files := agreementTexts("third")
	put(t, s, files, "third")
	if found, err := r.Current(t.Context()); err != nil || found == first {
		t.Errorf("with a readable one in force: %v", err)
	}
}

const anyAgreement = `
id: ISP-SUITE-0001
kind: ISP
version: 1
template: accord-v5
status: ASSURED
issueDate: 2025-01-10
qaDate: 2025-01-24
reviewDate: 2030-01-10
title: %q
purposes: [{code: COC, text: "Care co-ordination"}]
dataSubjects: [{group: adult-secondary-mh}]
partners:
  - {org: 7A4, role: controller, accordSigned: 2018-11-02, agreementSigned: 2025-01-08, teams: [{id: team, kind: CMHT}]}
  - {org: LA9A1, role: controller, accordSigned: 2018-11-02, agreementSigned: 2025-01-08, teams: [{id: team, kind: SOCIAL}]}
legalBasis:
  article6: "6(1)(e)"
  article9: "9(2)(h)"
  dpa2018: "Sch 1 Pt 1 para 2"
  powers: ["Mental Health (Wales) Measure 2010 s.18"]
  confidentiality: consent
flows:
  - {ref: "001", from: {org: 7A4}, to: {org: LA9A1, team: team}, purpose: COC, items: [plan.summary], consentRule: standard, relationship: required}
`
