package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
)

// TestHealthIsWhatARealNodeSays: a node with its store is healthy, one that has
// been stopped is not.
func TestHealthIsWhatARealNodeSays(t *testing.T) {
	node, err := server.NewServer(&server.Options{
		Host: "127.0.0.1", Port: -1, HTTPHost: "127.0.0.1", HTTPPort: -1, JetStream: true, StoreDir: t.TempDir(), NoSigs: true, NoLog: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	node.Start()
	if !node.ReadyForConnections(30 * time.Second) {
		t.Fatal("the node does not start")
	}
	url := "http://" + node.MonitorAddr().String() + "/healthz?js-server-only=true"
	if err := health(t.Context(), url); err != nil {
		t.Errorf("a node that runs: %v", err)
	}
	node.Shutdown()
	node.WaitForShutdown()
	if err := health(t.Context(), url); err == nil || !strings.Contains(err.Error(), "nobody answers") {
		t.Errorf("a node that was stopped: %v", err)
	}
}

// TestHealthSaysWhatIsWrong: the node's own reason, and whatever is no node.
func TestHealthSaysWhatIsWrong(t *testing.T) {
	for name, c := range map[string]struct {
		status     int
		body, want string
	}{
		"no store":     {http.StatusServiceUnavailable, `{"status":"unavailable","error":"JetStream is not current with the meta leader"}`, "meta leader"},
		"ok but 503":   {http.StatusServiceUnavailable, `{"status":"ok"}`, "ok"},
		"not ok":       {http.StatusOK, `{"status":"error","error":"disk"}`, "disk"},
		"another page": {http.StatusOK, `<html>`, "no nats-server"},
	} {
		t.Run(name, func(t *testing.T) {
			s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(c.status)
				_, _ = io.WriteString(w, c.body)
			}))
			defer s.Close()
			if err := health(t.Context(), s.URL); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v", err)
			}
		})
	}
}
