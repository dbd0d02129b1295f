package local_test

import (
	"errors"
	"testing"
	"time"

	"go.uber.org/goleak"

	"cpagateway/gateway/hot"
	"cpagateway/gateway/hot/hottest"
	"cpagateway/gateway/hot/local"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestState(t *testing.T) {
	hottest.Run(t, func(t *testing.T) hot.State {
		state := local.New(time.Now)
		t.Cleanup(func() { _ = state.Close() })
		return state
	})
}

func TestClosed(t *testing.T) {
	state := local.New(time.Now)
	if err := state.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := state.Claim(t.Context(), "k", time.Now(), time.Minute); !errors.Is(err, hot.ErrClosed) {
		t.Errorf("error is %v", err)
	}
}
