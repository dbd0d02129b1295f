package memory_test

import (
	"testing"

	"cpagateway/gateway/store"
	"cpagateway/gateway/store/memory"
	"cpagateway/gateway/store/storetest"
)

func TestStore(t *testing.T) {
	storetest.Run(t, func(*testing.T) store.Store { return memory.New() })
}
