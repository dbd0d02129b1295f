package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"

	"cpagateway/profiles"
)

// BenchmarkCrisisRead is the one request that counts: a crisis plan by NHS
// number, verified, decided, copied and recorded durably. The baseline answers
// the same bytes from memory, over the same Gin; compare the two of one run.
func BenchmarkCrisisRead(b *testing.B) {
	s := openStage(b)
	form := url.Values{"patient.identifier": {profiles.SystemNHSNumber + "|9990000026"}, "category": {profiles.CodeCrisisPlan}}.Encode()
	token := s.token("ooh")
	body := s.do("ooh", http.MethodPost, "/fhir/R4/CarePlan/_search", form).body

	gin.SetMode(gin.ReleaseMode)
	plain := gin.New()
	plain.POST("/fhir/R4/CarePlan/_search", func(c *gin.Context) {
		_, _ = io.Copy(io.Discard, c.Request.Body)
		c.Data(http.StatusOK, "application/fhir+json", []byte(body))
	})
	baseline := httptest.NewServer(plain)
	defer baseline.Close()

	for _, server := range []struct{ name, base string }{{"baseline", baseline.URL}, {"road", s.base}} {
		b.Run(server.name, func(b *testing.B) {
			b.SetParallelism(4)
			client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}}
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					crisisRead(b, client, server.base, token, form)
				}
			})
		})
	}
}

func crisisRead(b *testing.B, client *http.Client, base, token, form string) {
	request, err := http.NewRequest(http.MethodPost, base+"/fhir/R4/CarePlan/_search", strings.NewReader(form))
	if err != nil {
		b.Error(err)
		return
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.Header.Set("Authorization", "Bearer "+token)
	response, err := client.Do(request)
	if err != nil {
		b.Error(err)
		return
	}
	defer response.Body.Close()
	if _, err := io.Copy(io.Discard, response.Body); err != nil || response.StatusCode != http.StatusOK {
		b.Errorf("status %d: %v", response.StatusCode, err)
	}
}
