package memory_test

import (
	"testing"

	"cpagateway/gateway/audit"
	"cpagateway/gateway/audit/audittest"
	"cpagateway/gateway/records"
	"cpagateway/gateway/records/recordstest"
	"cpagateway/gateway/store/memory"
)

func TestRecords(t *testing.T) {
	recordstest.Run(t, func(*testing.T) records.Store { return memory.New(recordstest.London) })
}

func TestSink(t *testing.T) {
	audittest.RunSink(t, func(*testing.T) audit.Sink { return memory.New(recordstest.London) })
}
