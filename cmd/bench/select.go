package main

import (
	"context"
	"database/sql"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"

	"cpagateway/gateway/store/postgres"
	"cpagateway/gateway/store/relational"
	"cpagateway/profiles"
)

// selecting answers with the row of somebody's crisis plan, by its key, through the pool and
// the driver of the store. Which row that is it knows beforehand.
func selecting(address string) (http.Handler, error) {
	kept, err := postgres.Open(context.Background(), address)
	if err != nil {
		return nil, err
	}
	rows, err := crisisRows(kept)
	if err != nil {
		return nil, err
	}
	return plain(func(c *gin.Context) {
		_, number, _ := strings.Cut(c.PostForm("patient.identifier"), "|")
		var body []byte
		err := kept.LendReader(c.Request.Context(), func(lent relational.Connection) error {
			return lent.QueryRowContext(c.Request.Context(), "SELECT body FROM versions WHERE seq = $1", rows[number]).Scan(&body)
		})
		if err != nil {
			c.String(http.StatusInternalServerError, "%v", err)
			return
		}
		c.Data(http.StatusOK, "application/fhir+json", body)
	}), nil
}

// crisisRows is where everybody's crisis plan is, by their NHS number.
func crisisRows(kept *relational.Store) (map[string]int64, error) {
	found := map[string]int64{}
	err := kept.LendReader(context.Background(), func(lent relational.Connection) (err error) {
		var rows *sql.Rows
		rows, err = lent.QueryContext(context.Background(), `SELECT i.value, v.seq, v.body FROM identifiers i JOIN resources r ON r.place = i.resource
			JOIN resources p ON p.person = r.person AND p.type = 'CarePlan' JOIN versions v ON v.seq = p.version`)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var number, body string
			var seq int64
			if err := rows.Scan(&number, &seq, &body); err != nil {
				return err
			}
			if strings.Contains(body, `"`+profiles.CodeCrisisPlan+`"`) {
				found[number] = seq
			}
		}
		return rows.Err()
	})
	return found, err
}
