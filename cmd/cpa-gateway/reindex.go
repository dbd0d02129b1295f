package main

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"cpagateway/gateway/store"
)

// Reindexing goes on beside a running gateway: in transactions of some
// milliseconds, with a pause after each in which others have their turn.
const (
	reindexVersions = 64
	reindexPause    = 3 * time.Millisecond
)

func reindexCommand(w world) *cobra.Command {
	var place where
	c := &cobra.Command{
		Use: "reindex", Short: "bring what is stored up to the rules of this build, while a gateway runs", Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			return place.within(w, func(s *site) error { return s.reindex(w) })
		},
	}
	place.flags(c)
	return c
}

// reindex brings everything up to the rules of this build.
func (s *site) reindex(w world) error {
	total := 0
	for {
		n := 0
		err := s.store.Update(w.ctx, func(tx store.Tx) (err error) {
			n, err = tx.Reindex(reindexVersions)
			return err
		})
		total += n
		if err != nil || n == 0 {
			fmt.Fprintf(w.out, "%s reindexed\n", plural(total, "version was", "versions were"))
			return err
		}
		select {
		case <-time.After(reindexPause):
		case <-w.ctx.Done():
		}
	}
}
