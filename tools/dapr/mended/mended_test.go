// Package mended shows that the fault that mend.sed takes out of Dapr is out, before
// anything is built from it: tools/stack/dapr.sh runs it.
package mended

import (
	"net/http"
	"net/http/httptest"
	"testing"

	middleware "github.com/dapr/dapr/pkg/middleware/http"
)

// Two requests at once: each wraps a handler of its own, and then the first is served.
func TestARequestRunsInItsOwnHandler(t *testing.T) {
	pipeline := middleware.New().BuildPipelineFromSpec("app", nil)
	var ran []string
	handler := func(name string) http.Handler {
		return pipeline(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
			ran = append(ran, name)
		}))
	}
	first, second := handler("first"), handler("second")
	request := httptest.NewRequest(http.MethodPost, "/events", nil)
	first.ServeHTTP(httptest.NewRecorder(), request)
	second.ServeHTTP(httptest.NewRecorder(), request)
	if len(ran) != 2 || ran[0] != "first" || ran[1] != "second" {
		t.Fatalf("ran %v", ran)
	}
}
