package main

import (
	"errors"
	"fmt"
	"math"
	"strings"

	"cpagateway/gateway/benchdata"
)

const (
	partBeside    = "beside"  // which runs where there are peers
	besideSeries  = "beside/" // SERVER/CONNECTIONS
	besideStatic  = "static"
	besideGateway = "gateway"
)

// beside measures the crisis read of the gateway and of other FHIR servers by turns, with a
// static answer: the processor time of each.
func (b *bench) beside(s *site) error {
	ask := crisisReads(benchdata.Having(benchdata.Shares, s.people, askedEvenly))
	own, err := b.serve(s)
	if err != nil {
		return err
	}
	static, err := b.staticOf(own)
	if err != nil {
		return err
	}
	peers, askPeers := make([]*server, len(b.peers)), func(i int) question { return unchecked(ask(i)) }
	err = errors.Join(b.settle(besideStatic, static, ask), b.settle(besideGateway, own, ask))
	for i, p := range b.peers {
		if err != nil {
			break
		}
		b.tell("  giving %d people to %s", s.people, p.name)
		peers[i] = p.server()
		if err = b.give(s, peers[i]); err == nil {
			err = b.settle(p.name, peers[i], askPeers)
		}
	}
	if err != nil {
		return err
	}
	return b.each(func(int) (err error) {
		for _, connections := range []int{64, 8} {
			add := func(name string, to *server, ask func(int) question) {
				err = errors.Join(err, b.addUse(fmt.Sprintf("%s%s/%d", besideSeries, name, connections), to, connections, b.requests, ask))
			}
			add(besideStatic, static, ask)
			add(besideGateway, own, ask)
			for i, p := range b.peers {
				add(p.name, peers[i], askPeers)
			}
		}
		return err
	})
}

// settle asks a server until its answers get no cheaper: some compile what they do often.
func (b *bench) settle(name string, s *server, ask func(int) question) error {
	b.tell("  warming up %s", name)
	for last := math.Inf(1); ; {
		r, err := s.steady(8, max(b.requests, askedEvenly), ask)
		if err != nil || r.perRequest() >= 0.95*last {
			return err
		}
		last = r.perRequest()
	}
}

// besideFigures are the lines about other servers, where a run has measured any.
func besideFigures(r *results) (all []figure) {
	for _, name := range r.names {
		rest, ok := strings.CutPrefix(name, besideSeries)
		server, connections, _ := strings.Cut(rest, "/")
		if !ok || server == besideStatic {
			continue
		}
		if server != besideGateway {
			server += " (nothing checked or recorded)"
		}
		what := fmt.Sprintf("crisis plan by NHS number, %s connections: %s", connections, server)
		all = append(all, figure{what: what, of: name, against: besideSeries + besideStatic + "/" + connections})
	}
	return all
}
