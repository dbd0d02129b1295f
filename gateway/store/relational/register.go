package relational

import (
	"database/sql"
	"encoding/json"
	"fmt"

	"cpagateway/gateway/register"
)

const (
	selectInForce   = `SELECT coalesce(max(number), 0) FROM registers`
	selectRegister  = `SELECT number, "at", hash, files FROM registers WHERE number = ?`
	selectWasBefore = `SELECT coalesce(max(number), 0) FROM registers WHERE hash = ?`
	insertRegister  = `INSERT INTO registers (number, "at", hash, files) VALUES (?, ?, ?, ?)`
)

// RegisterInForce implements register.Snapshot.
func (s snapshot) RegisterInForce() (uint64, error) {
	number, _, err := first(s, scanOne[int64], selectInForce)
	return uint64(number), doing("asking which agreements are in force", err)
}

// Register implements register.Snapshot.
func (s snapshot) Register(number uint64) (register.Version, error) {
	v, _, err := first(s, scanRegister, selectRegister, int64(number))
	return v, doing("reading the agreements in force", err)
}

// RegisterWas implements register.Snapshot.
func (s snapshot) RegisterWas(hash string) (uint64, error) {
	number, _, err := first(s, scanOne[int64], selectWasBefore, hash)
	return uint64(number), doing("asking when agreements were in force", err)
}

// PutRegister implements register.Tx.
func (t tx) PutRegister(v register.Version) (uint64, error) {
	files, err := json.Marshal(v.Files)
	if err != nil {
		return 0, fmt.Errorf("writing agreements down: %w", err)
	}
	number, _, err := first(t.snapshot, scanOne[int64], nextChange, 1)
	if err == nil {
		err = t.exec(t.ctx, insertRegister, number, nanos(v.At), v.Hash, files)
	}
	return uint64(number), doing("putting agreements in force", err)
}

func scanRegister(rows *sql.Rows) (v register.Version, err error) {
	var files []byte
	if err := rows.Scan(&v.Number, instant{&v.At}, &v.Hash, &files); err != nil {
		return v, err
	}
	return v, json.Unmarshal(files, &v.Files)
}
