// Command fairfloor runs a live consultation: everything in one process, and
// the command line beside it.
//
// It guarantees nothing by itself; package cli does.
package main

import (
	"os"

	"github.com/fairfloor/fairfloor/services/fairfloor/internal/cli"
)

func main() { os.Exit(cli.Main(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) }
