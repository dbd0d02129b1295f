package memory_test

import (
	"testing"

	"cpagateway/gateway/audit"
	"cpagateway/gateway/audit/audittest"
	"cpagateway/gateway/records/recordstest"
	"cpagateway/gateway/store"
	"cpagateway/gateway/store/memory"
	"cpagateway/gateway/store/storetest"
)

func TestStore(t *testing.T) {
	storetest.Run(t, func(*testing.T) store.Store { return memory.New(recordstest.London) })
}

func TestSink(t *testing.T) {
	audittest.RunSink(t, func(*testing.T) audit.Sink { return memory.New(recordstest.London) })
}
