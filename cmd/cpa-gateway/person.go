package main

import (
	"errors"
	"fmt"
	"os"
	"os/user"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"cpagateway/consent"
	"cpagateway/gateway/audit"
	"cpagateway/gateway/intake"
	"cpagateway/gateway/linkage"
	"cpagateway/gateway/persons"
	"cpagateway/gateway/store"
	"cpagateway/profiles"
)

func personCommand(w world) *cobra.Command {
	c := &cobra.Command{Use: "person", Short: "list whose records are in doubt, and settle whose they are"}
	c.AddCommand(personListCommand(w), personShowCommand(w), personMovesCommand(w),
		settlingCommand(w, settling{
			use: "join FROM INTO", short: "make the records of one person another's: the two are one human",
			change: func(l linkage.Linker, tx store.Tx, ids []string, ground string) (persons.Move, error) {
				return l.Join(tx, profiles.PersonID(ids[0]), profiles.PersonID(ids[1]), ground)
			}}),
		settlingCommand(w, settling{
			use: "part PATIENT", short: "keep a Patient, with all that is about it, apart from the person it is filed under",
			change: func(l linkage.Linker, tx store.Tx, ids []string, ground string) (persons.Move, error) {
				return l.Part(tx, strings.TrimPrefix(ids[0], "Patient/"), ground)
			}}),
		settlingCommand(w, settling{
			use: "confirm PERSON", short: "open a person whose records are in doubt and right as they are",
			change: func(l linkage.Linker, tx store.Tx, ids []string, ground string) (persons.Move, error) {
				return l.Confirm(tx, profiles.PersonID(ids[0]), ground)
			}}),
		settlingCommand(w, settling{
			use: "undo MOVE", short: "take back what was joined, parted or confirmed",
			change: func(l linkage.Linker, tx store.Tx, ids []string, ground string) (persons.Move, error) {
				return l.Undo(tx, ids[0], ground)
			}}))
	return c
}

func personListCommand(w world) *cobra.Command {
	return listingCommand("list", "list who is in doubt, since when, why and in whose records", func(place where, asJSON bool) error { return listPersons(w, place, asJSON) })
}

func personMovesCommand(w world) *cobra.Command {
	return listingCommand("moves", "list what was settled, by commands and by imports", func(place where, asJSON bool) error { return listMoves(w, place, asJSON) })
}

func listingCommand(name, short string, list func(place where, asJSON bool) error) *cobra.Command {
	var place where
	asJSON := false
	c := &cobra.Command{Use: name, Short: short, Args: cobra.NoArgs, RunE: func(*cobra.Command, []string) error { return list(place, asJSON) }}
	place.flags(c)
	c.Flags().BoolVar(&asJSON, "json", false, "print as JSON")
	return c
}

func personShowCommand(w world) *cobra.Command {
	var place where
	identifiers, asJSON := false, false
	c := &cobra.Command{
		Use: "show PERSON", Short: "show what is in doubt about a person, by id or NHS number, and beside whom they stand; recorded", Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, names []string) error {
			q, err := inquire(w, place, names[0])
			if err != nil {
				return err
			}
			v := inquiryOf(q)
			if identifiers {
				v.identify(q)
			}
			return showInquiry(w.out, v, asJSON)
		},
	}
	place.flags(c)
	c.Flags().BoolVar(&identifiers, "identifiers", false, "also the identifiers by which the sources know the person, NHS numbers among them")
	c.Flags().BoolVar(&asJSON, "json", false, "print as JSON")
	return c
}

// settling is a command that settles whose records are whose.
type settling struct {
	use, short string
	change     func(l linkage.Linker, tx store.Tx, ids []string, ground string) (persons.Move, error)
}

func settlingCommand(w world, s settling) *cobra.Command {
	var place where
	ground, asJSON := "", false
	verb, form, _ := strings.Cut(s.use, " ")
	c := &cobra.Command{
		Use: s.use, Short: s.short, Args: cobra.ExactArgs(len(strings.Fields(form))),
		RunE: func(_ *cobra.Command, ids []string) error {
			made, err := settlePersons(w, place, verb, func(l linkage.Linker, tx store.Tx) (persons.Move, error) { return s.change(l, tx, ids, ground) })
			if err != nil {
				return err
			}
			return showMove(w.out, made, asJSON)
		},
	}
	place.flags(c)
	c.Flags().StringVar(&ground, "ground", "", "`reference` to where the reasons are kept, such as a ticket; nobody's name")
	require(c, "ground")
	c.Flags().BoolVar(&asJSON, "json", false, "print the move as JSON")
	return c
}

// settlePersons makes a change of who is who together with the record of it.
func settlePersons(w world, place where, verb string, change func(linkage.Linker, store.Tx) (persons.Move, error)) (made persons.Move, err error) {
	err = operate(w, place, "person-"+verb, func(s *site, tx store.Tx) (audit.Operation, error) {
		made, err = change(linkage.Linker{At: w.clock().UTC(), Own: intake.OwnPerson(s.secret)}, tx)
		concerned := []profiles.PersonID{made.From}
		if made.To != made.From {
			concerned = append(concerned, made.To)
		}
		return audit.Operation{Persons: concerned, Move: made.ID, Reference: made.Reference}, err
	})
	return made, err
}

// inquire asks about a person, and records that somebody did.
func inquire(w world, place where, name string) (q linkage.Inquiry, err error) {
	err = operate(w, place, "person-show", func(_ *site, tx store.Tx) (audit.Operation, error) {
		person, err := personNamed(tx, name)
		if err != nil {
			return audit.Operation{}, err
		}
		q, err = linkage.Inquire(tx, person)
		return audit.Operation{Persons: []profiles.PersonID{person}}, err
	})
	return q, err
}

// personNamed is the person who is found by an NHS number, or the one whose id the name is;
// empty where nobody is named.
func personNamed(now store.Snapshot, name string) (profiles.PersonID, error) {
	number, err := profiles.NHSNumber(name)
	if fault, ok := errors.AsType[*profiles.NHSNumberError](err); ok && (fault.Kind == profiles.NHSNumberPlaceholder || fault.Kind == profiles.NHSNumberLength && name != "") {
		return "", misuse("%v", err) // digits alone are no id of a person
	}
	if number == "" {
		return profiles.PersonID(name), nil
	}
	person, _, err := linkage.Holder(now, number)
	if err == nil && person == "" {
		err = misuse("nobody is known under this NHS number")
	}
	return person, err
}

// operate does something to persons' records, in one transaction with the record of it.
func operate(w world, place where, interaction string, do func(*site, store.Tx) (audit.Operation, error)) error {
	return place.within(w, func(s *site) error {
		_, err := s.log.Operate(w.ctx, audit.Event{At: w.clock(), Interaction: interaction}, operator(s.config.Organisation), func(tx store.Tx) (audit.Operation, error) { return do(s, tx) })
		return told(w, err)
	})
}

// told tells why something was not settled: what is named wrongly is a wrong use, and no
// failure of the log; what must not be is a refusal.
func told(w world, err error) error {
	refusal, refused := errors.AsType[linkage.Refusal](err)
	wrong, misused := errors.AsType[usageError](err)
	switch {
	case misused:
		return wrong
	case !refused:
		return err
	case refusal == linkage.ErrNobody || refusal == linkage.ErrNoMove || refusal == linkage.ErrGround:
		return misuse("%v", refusal)
	}
	fmt.Fprintf(w.err, "nothing was changed: %v\n", refusal)
	return errRefused
}

// operator is whoever runs the command, as the system knows them.
func operator(home profiles.OrgCode) consent.Caller {
	name := strconv.Itoa(os.Getuid())
	if u, err := user.LookupId(name); err == nil { // not by the environment, which anybody sets
		name = u.Username
	}
	return consent.Caller{Client: "command-line", Organisation: home, Person: name}
}
