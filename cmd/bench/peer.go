package main

import (
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"cpagateway/gateway"
)

// peer is another FHIR server, which somebody has started with nothing in it. It is given
// what the gateway's store holds, and asked the same, without a token.
type peer struct {
	name, base string
	processes  []int // the server, and its database where that is a process of its own
}

var peerForm = regexp.MustCompile(`^([A-Za-z0-9.-]+)=(https?://[^,]+?)/?((?:,\d{1,7})+)$`)

// readPeer reads what the flag says of a peer.
func readPeer(text string) (peer, error) {
	said := peerForm.FindStringSubmatch(text)
	if said == nil || said[1] == besideStatic || said[1] == besideGateway {
		return peer{}, errors.New("a peer is NAME=BASEURL,PID, with further PIDs where its database is a process of its own")
	}
	p := peer{name: said[1], base: said[2]}
	for number := range strings.SplitSeq(said[3][1:], ",") {
		pid, _ := strconv.Atoi(number) // which is of digits, and of few
		p.processes = append(p.processes, pid)
	}
	return p, nil
}

// server is the peer as one that questions are put to.
func (p peer) server() *server { return &server{base: p.base, client: newClient(), used: p.used} }

// used is the processor time of all that a peer consists of.
func (p peer) used() (total time.Duration, err error) {
	for _, pid := range p.processes {
		used, failed := familyTime(pid)
		total, err = total+used, errors.Join(err, failed)
	}
	return total, err
}

// unchecked is a question as a peer takes it: below its own base, and without a token.
func unchecked(q question) question {
	q.by, q.path = caller{}, strings.TrimPrefix(q.path, gateway.Prefix)
	return q
}

// everything is what a store holds: the directory, whose person is empty, then person by
// person.
const everything = "SELECT person, type || '/' || id, body FROM resources JOIN versions ON seq = version ORDER BY person, place"

// give gives a peer everything that a site holds, each resource under the id that it has: a
// transaction for the directory, and one for each person.
func (b *bench) give(from *site, to *server) (err error) {
	if _, err := to.ask(unchecked(plans(crisisTeam, 0)).ofNobody()); err != nil {
		return fmt.Errorf("it has to be empty: %w", err)
	}
	db, err := sql.Open("sqlite", filepath.Join(from.data, databaseFile))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	rows, err := db.QueryContext(b.ctx, everything)
	if err != nil {
		return err
	}
	defer rows.Close()
	var whose, person, reference string
	var body json.RawMessage
	var puts []any
	for rows.Next() {
		if err := rows.Scan(&person, &reference, &body); err != nil {
			return err
		}
		if person != whose {
			if err := to.transact(puts); err != nil {
				return err
			}
			whose, puts = person, nil
		}
		request := map[string]string{"method": http.MethodPut, "url": reference}
		puts = append(puts, map[string]any{"fullUrl": to.base + "/" + reference, "resource": slices.Clone(body), "request": request})
	}
	return errors.Join(rows.Err(), to.transact(puts), to.findsOnePlan())
}

func (s *server) transact(entries []any) error {
	body, err := json.Marshal(map[string]any{"resourceType": "Bundle", "type": "transaction", "entry": entries})
	if err == nil {
		_, err = s.send(call{method: http.MethodPost, body: body, contentType: fhirJSON})
	}
	return err
}

// findsOnePlan makes sure that a peer understands the question: of the first person's plans
// it finds one.
func (s *server) findsOnePlan() error {
	a, err := s.send(unchecked(crisisPlan(crisisTeam, 0)).call)
	if err != nil {
		return err
	}
	var found bundle
	if err = json.Unmarshal(a.body, &found); err == nil && len(found.Entry) != 1 {
		err = fmt.Errorf("it finds %d crisis plans of one person: %.300s", len(found.Entry), a.body)
	}
	return err
}
