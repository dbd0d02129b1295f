package audittest_test

import (
	"testing"

	"cpagateway/gateway/audit"
	"cpagateway/gateway/audit/audittest"
)

func TestSink(t *testing.T) {
	audittest.RunSink(t, func(t *testing.T) audit.Sink { return audittest.NewSink() })
}
