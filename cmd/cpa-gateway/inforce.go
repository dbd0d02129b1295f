package main

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"cpagateway/consent/agreements"
	"cpagateway/gateway/audit"
	"cpagateway/gateway/register"
	"cpagateway/gateway/store"
)

// written is the agreements of a folder, as they were read once.
type written struct {
	*agreements.Register
	files map[string][]byte
}

func (c config) readAgreements() (written, error) {
	files, err := agreements.Texts(os.DirFS(c.Agreements))
	if err != nil {
		return written{}, err
	}
	read, err := agreements.LoadTexts(files)
	return written{read, files}, err
}

// Why a folder of agreements is not put in force unasked. Either may be what one gateway
// of several has not got yet, or has lost.
var (
	errReplacedBefore = errors.New("these agreements were in force before, and others have taken their place: bring the folder up to date, " +
		"or put them in force again with register publish")
	errNoneAnyMore = errors.New("the folder holds no agreements, and there are some in force: put them back, or end all sharing with register publish")
	errEdited      = errors.New("in force with another text, and versions are never edited: put that text back and give the new one a version of its own, " +
		"or put it in force with register publish")
)

// errInForce ends a transaction that has nothing to change.
var errInForce = errors.New("the agreements are in force")

// notOffered is a wrong use where a folder of agreements has to be looked at.
func notOffered(err error) error {
	if errors.Is(err, errReplacedBefore) || errors.Is(err, errNoneAnyMore) || errors.Is(err, errEdited) {
		return misuse("%v", err)
	}
	return err
}

// offer puts what the folder holds in force for every gateway of the store, but not what
// would take back what another has put in force since.
func (s *site) offer(w world) error {
	read, err := s.config.readAgreements()
	if err != nil {
		return err
	}
	now, err := s.register.Read(w.ctx)
	if err != nil || read.Hash() == now.Hash() && s.register.Kept() {
		return err
	}
	return s.publish(w, read, func(tx store.Tx) error { return s.forbidden(tx, read) })
}

// forbidden says why what a folder holds is not put in force unasked.
func (s *site) forbidden(now store.Snapshot, read written) error {
	was, err := now.RegisterWas(read.Hash())
	switch {
	case err != nil:
		return err
	case was > 0:
		return errReplacedBefore
	case len(read.files) == 0 && s.register.Kept():
		return errNoneAnyMore
	}
	if edited := s.edited(read); edited != nil {
		return fmt.Errorf("%s: %w", strings.Join(edited, ", "), errEdited)
	}
	return nil
}

// edited names the versions that are in force with another text than a folder's, but for those that
// were not assured yet, and where the folder's no longer is, which ends sharing.
func (s *site) edited(read written) (names []string) {
	for _, a := range read.Agreements() {
		if slices.ContainsFunc(s.register.Load().Agreements(), func(b *agreements.Agreement) bool {
			return a.ID == b.ID && a.Version == b.Version && a.Hash != b.Hash && a.Status == agreements.Assured && b.Status != agreements.Draft && b.Status != agreements.Signed
		}) {
			names = append(names, fmt.Sprintf("%s version %d (%s)", a.ID, a.Version, a.File))
		}
	}
	return names
}

// publish puts agreements in force, in one transaction with the record of it, unless they
// are or something forbids it.
func (s *site) publish(w world, read written, forbids func(store.Tx) error) error {
	e := audit.Event{At: w.clock(), Interaction: "register-publish"}
	_, err := s.log.Settle(w.ctx, e, operator(s.config.Organisation), func(tx store.Tx) (string, error) {
		now, err := s.register.Of(tx)
		if err != nil {
			return "", err
		}
		if now.Hash() == read.Hash() && s.register.Kept() {
			return "", errInForce
		}
		if err := forbids(tx); err != nil {
			return "", err
		}
		_, err = tx.PutRegister(register.Version{At: e.At, Hash: read.Hash(), Files: read.files})
		return "register " + read.Hash(), err
	})
	if err != nil && !errors.Is(err, errInForce) {
		return fmt.Errorf("putting agreements in force: %w", err)
	}
	_, err = s.register.Read(w.ctx)
	return err
}
