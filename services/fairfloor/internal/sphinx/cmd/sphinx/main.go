//go:build pocketsphinx

// Command sphinx is a speech engine for tests and rehearsals: pocketsphinx
// behind the vosk-server protocol, for this machine alone. It is not for real
// sessions: of what real speakers say it gets a third to a half wrong.
//
//	go run -tags pocketsphinx ./services/fairfloor/internal/sphinx/cmd/sphinx -listen 127.0.0.1:2700
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/fairfloor/fairfloor/services/fairfloor/internal/sphinx"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := realMain(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "sphinx:", err)
		os.Exit(1)
	}
}

func realMain(ctx context.Context) error {
	address := flag.String("listen", "127.0.0.1:2700", "address on this machine")
	model := flag.String("model", sphinx.Model, "folder of the English model")
	flag.Parse()
	host, _, err := net.SplitHostPort(*address)
	if ip := net.ParseIP(host); err != nil || host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return fmt.Errorf("-listen %s: for tests on this machine only; use 127.0.0.1:port", *address)
	}
	server := &sphinx.Server{Open: func() (sphinx.Recogniser, error) { return sphinx.Open(*model) }}
	if err := server.Warm(); err != nil {
		return err
	}
	listener, err := net.Listen("tcp", *address)
	if err != nil {
		return err
	}
	// The first line tells whoever started us where we are.
	fmt.Printf("ws://%s\n", listener.Addr())
	web := &http.Server{Handler: server, ReadHeaderTimeout: 5 * time.Second}
	go func() {
		<-ctx.Done()
		_ = web.Close() // ends Serve; streams in progress are tests that have ended
	}()
	if err := web.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}
