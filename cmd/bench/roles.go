package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"cpagateway/consent"
	"cpagateway/consent/agreements"
	"cpagateway/gateway"
	"cpagateway/gateway/audit"
	"cpagateway/gateway/cache"
	"cpagateway/gateway/demo"
	"cpagateway/gateway/hot/local"
	"cpagateway/gateway/identity"
	"cpagateway/gateway/intake"
	"cpagateway/gateway/records"
	"cpagateway/gateway/road"
	fhirsearch "cpagateway/gateway/search"
	"cpagateway/gateway/store"
	"cpagateway/gateway/store/relational"
	"cpagateway/gateway/store/sqlite"
	"cpagateway/profiles"
)

// The roles in which the program starts itself: servers that the gateway is compared with,
// each a process, so that its processor time can be told.
const (
	roleStatic     = "serve-static"     // ADDRESS FILE: what the file holds, for every request
	roleBare       = "serve-bare"       // ADDRESS FOLDER: the search and its encoding, for everybody
	roleSelect     = "serve-select"     // ADDRESS POSTGRES: one row, by its key
	roleUnrecorded = "serve-unrecorded" // ADDRESS FOLDER ISSUER BYTES: the gateway, of which the log keeps nothing
	roleProfiled   = "serve-profiled"   // ADDRESS FOLDER ISSUER BYTES FILE: the gateway, which writes a profile of itself
)

// playRole runs a role where the arguments name one.
func playRole(args []string) (played bool, err error) {
	if len(args) < 3 {
		return false, nil
	}
	var h http.Handler
	switch {
	case args[0] == roleStatic && len(args) == 3:
		h, err = static(args[2])
	case args[0] == roleBare && len(args) == 3:
		h, err = bare(args[2])
	case args[0] == roleSelect && len(args) == 3:
		h, err = selecting(args[2])
	case args[0] == roleUnrecorded && len(args) == 5:
		h, err = unrecorded(args[2], args[3], args[4])
	case args[0] == roleProfiled && len(args) == 6:
		h, err = profiled(args[2], args[3], args[4], args[5])
	default:
		return false, nil
	}
	if err != nil {
		return true, err
	}
	return true, (&http.Server{Addr: args[1], Handler: h, ReadHeaderTimeout: 10 * time.Second}).ListenAndServe()
}

func plain(answer gin.HandlerFunc) http.Handler {
	gin.SetMode(gin.ReleaseMode)
	e := gin.New()
	e.POST(search, answer)
	return e
}

// static answers the same bytes from memory, and checks nothing.
func static(file string) (http.Handler, error) {
	body, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	return plain(func(c *gin.Context) {
		_, _ = io.Copy(io.Discard, c.Request.Body)
		c.Data(http.StatusOK, "application/fhir+json", body)
	}), nil
}

// bundle is as much of a search's answer as a server without consent has to say.
type bundle struct {
	ResourceType string  `json:"resourceType"`
	Type         string  `json:"type"`
	Total        int     `json:"total"`
	Entry        []entry `json:"entry"`
}

type entry struct {
	FullURL  string          `json:"fullUrl"`
	Resource json.RawMessage `json:"resource"`
}

// bare searches and encodes, and asks nobody who they are.
func bare(folder string) (http.Handler, error) {
	kept, err := sqlite.Open(context.Background(), folder)
	if err != nil {
		return nil, err
	}
	return plain(func(c *gin.Context) {
		answer, err := bareSearch(c.Request, kept)
		if err != nil {
			c.String(http.StatusInternalServerError, "%v", err)
			return
		}
		text, err := json.Marshal(answer)
		if err != nil {
			c.String(http.StatusInternalServerError, "%v", err)
			return
		}
		c.Data(http.StatusOK, "application/fhir+json", text)
	}), nil
}

func bareSearch(r *http.Request, kept store.Viewer) (bundle, error) {
	if err := r.ParseForm(); err != nil {
		return bundle{}, err
	}
	system, number, _ := strings.Cut(r.PostForm.Get("patient.identifier"), "|")
	category, err := fhirsearch.Parse("CarePlan", "category", r.PostForm.Get("category"))
	if err != nil {
		return bundle{}, err
	}
	answer := bundle{ResourceType: "Bundle", Type: "searchset"}
	err = kept.View(r.Context(), func(now store.Snapshot) error {
		person, err := now.Person(system, number)
		if errors.Is(err, records.ErrNothing) {
			return nil
		}
		if err != nil {
			return err
		}
		everything := records.Scope{Person: person, Custodian: custodian, Type: "CarePlan", Items: profiles.ItemSetOfBits(^uint64(0))}
		page, err := now.Find([]records.Scope{everything}, records.Query{Params: []fhirsearch.Param{category}, Count: 20})
		for _, v := range page.Matches {
			answer.Entry = append(answer.Entry, entry{"http://" + r.Host + gateway.Prefix + "/CarePlan/" + v.ID, v.Body})
		}
		answer.Total = len(answer.Entry)
		return err
	})
	return answer, err
}

// unrecorded is the gateway with a log that keeps nothing: entries are made, hashed and
// thrown away, and what an answer follows from is compared as ever.
func unrecorded(folder, issuer, memory string) (http.Handler, error) {
	return assembled(folder, issuer, memory, func(kept *relational.Store) audit.Updater[store.Tx] { return &keepsNothing{store: kept} })
}

// assembled is the gateway on a folder, of which the log is kept where it is said.
func assembled(folder, issuer, memory string, logIn func(*relational.Store) audit.Updater[store.Tx]) (http.Handler, error) {
	ctx := context.Background()
	bytes, err := strconv.ParseUint(memory, 10, 64)
	if err != nil {
		return nil, err
	}
	register, err := agreements.Load(demo.Agreements())
	if err != nil {
		return nil, err
	}
	secret, err := os.ReadFile(filepath.Join(folder, "gateway.secret"))
	if err != nil {
		return nil, err
	}
	keys, err := audit.FolderKeys(folder)
	if err != nil {
		return nil, err
	}
	records, err := sqlite.Open(ctx, folder)
	if err != nil {
		return nil, err
	}
	log, err := audit.Open(ctx, logIn(records), keys, nil, time.Now)
	if err != nil {
		return nil, err
	}
	shared := local.New(time.Now)
	verifier, err := identity.New(ctx, demo.IdentityAt("http://"+issuer), shared, time.Now)
	if err != nil {
		return nil, err
	}
	sealer, err := road.NewSealer(secret)
	if err != nil {
		return nil, err
	}
	r := &road.Road{
		Identity: verifier, Records: cache.New(records, bytes), Audit: log, Policy: consent.DefaultPolicy(), Shared: shared,
		Register: cache.NewRegister(records, register), Pseudonym: intake.Pseudonym(secret),
		Home: custodian, Base: "http://" + issuer + gateway.Prefix, DutyLine: demo.DutyLine, Sealer: sealer,
		Capacity: road.NewCapacity(256, 64), Clock: time.Now, Log: slog.New(slog.NewJSONHandler(os.Stderr, nil)),
	}
	return (&gateway.Front{Road: r, Date: time.Now().Format(time.DateOnly)}).Handler(), nil
}

// keepsNothing runs what a log would write on one moment that is only read, and remembers
// no more than where its chain ends. It is here and in no gateway: no program that is
// shipped can be made to answer without a record.
type keepsNothing struct {
	store  store.Viewer
	slots  []audit.Slot
	newest audit.Checkpoint
}

// Update gives a change a transaction in which the log's writes come to nothing. A log
// has one writer, which commits one group after the other.
func (k *keepsNothing) Update(ctx context.Context, change func(store.Tx) error) error {
	return k.store.View(ctx, func(now store.Snapshot) error { return change(readOnly{Snapshot: now, log: k}) })
}

// readOnly reads from a snapshot; of the writes only the log's are there.
type readOnly struct {
	store.Snapshot
	none
	log *keepsNothing
}

// none stands below what is promoted from the snapshot.
type none struct{ store.Tx }

func (r readOnly) Slots() ([]audit.Slot, error) { return slices.Clone(r.log.slots), nil }

func (r readOnly) NewestCheckpoint() (audit.Checkpoint, error) { return r.log.newest, nil }

func (r readOnly) Extend(_, after audit.Slot, _ []audit.Row) error {
	r.log.slots = []audit.Slot{after}
	return nil
}

func (r readOnly) AddCheckpoint(c audit.Checkpoint) error {
	r.log.newest = c
	return nil
}

func mustRole(args []string) bool {
	played, err := playRole(args)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	return played
}
