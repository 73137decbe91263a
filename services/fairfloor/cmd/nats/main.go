// Command nats is one node of the cluster: nats-server as its authors build it,
// with its own flags, and with the question "health", which a container that
// holds no other program needs.
//
// Guarantee: it adds nothing to the server, and before it begins removes what a
// kill left of a block's rewriting (natsembed.Unfinish). "nats health" exits with 0 when the
// node that listens for monitoring at 127.0.0.1:8222 (package permit) has its
// store running, and with 1 and the reason otherwise.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"time"

	"github.com/nats-io/nats-server/v2/server"

	"github.com/fairfloor/fairfloor/pkg/natsembed"
)

// monitor is where a node made by `fairfloor cluster` answers. The store is asked
// for, and not the streams: a node that catches up is not to be killed for it.
const monitor = "http://127.0.0.1:8222/healthz?js-server-only=true"

// healthWithin bounds a question for health.
const healthWithin = 5 * time.Second

func main() {
	if len(os.Args) == 2 && os.Args[1] == "health" {
		if err := health(context.Background(), monitor); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	if err := serve(os.Args[1:]); err != nil {
		server.PrintAndDie("nats: " + err.Error())
	}
}

// health asks the node behind url; the error is what it complains of.
func health(ctx context.Context, url string) error {
	ctx, cancel := context.WithTimeout(ctx, healthWithin)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return fmt.Errorf("nobody answers: %w", err)
	}
	defer func() { _ = response.Body.Close() }()
	var answer struct {
		Status string `json:"status"`
		Error  string `json:"error"`
	}
	if err := json.NewDecoder(io.LimitReader(response.Body, 1<<16)).Decode(&answer); err != nil {
		return fmt.Errorf("what answers is no nats-server: %w", err)
	}
	if response.StatusCode != http.StatusOK || answer.Status != "ok" {
		return fmt.Errorf("%s: %s", answer.Status, answer.Error)
	}
	return nil
}

// serve runs the server until a signal ends it: SIGTERM at once, which hands its
// leaders over, SIGUSR2 slowly, which its clients notice less.
func serve(arguments []string) error {
	flags := flag.NewFlagSet("nats", flag.ExitOnError)
	options, err := server.ConfigureOptions(flags, arguments, server.PrintServerAndExit, flags.Usage, server.PrintTLSHelpAndDie)
	if err != nil {
		return err
	}
	if options.CheckConfig {
		_, err := fmt.Printf("%s is valid\n", options.ConfigFile)
		return err
	}
	// What stands on the command line may be a secret, and is no metric.
	server.RedactArgs(os.Args)
	if options.JetStream && options.StoreDir != "" {
		if err := natsembed.Unfinish(options.StoreDir); err != nil {
			return err
		}
	}
	node, err := server.NewServer(options)
	if err != nil {
		return err
	}
	node.ConfigureLogger()
	if err := server.Run(node); err != nil {
		return err
	}
	node.WaitForShutdown()
	return nil
}
