// Command idp serves the identity provider of the tests on this machine, for
// tests in a browser: `idp CLIENT SECRET PEOPLE`, of which PEOPLE is a JSON list
// of idp.Person. Its first line is its issuer, at a free port. It guarantees
// nothing else by itself; package idp does.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/fairfloor/fairfloor/services/gateway/internal/signin/idp"
)

func main() {
	if err := serve(os.Args[1:]); err != nil {
		_, _ = fmt.Fprintln(os.Stderr, "idp:", err)
		os.Exit(1)
	}
}

func serve(args []string) error {
	if len(args) != 3 {
		return errors.New("usage: idp CLIENT SECRET PEOPLE")
	}
	o := idp.Options{ClientID: args[0], Secret: args[1]}
	if err := json.Unmarshal([]byte(args[2]), &o.People); err != nil {
		return fmt.Errorf("people: %w", err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	issuer := "http://" + listener.Addr().String()
	provider, err := idp.New(issuer, o)
	if err != nil {
		return err
	}
	fmt.Println(issuer)
	server := &http.Server{Handler: provider, ReadHeaderTimeout: 10 * time.Second}
	return server.Serve(listener)
}
