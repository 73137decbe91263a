package cli

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/fairfloor/fairfloor/pkg/keys"
	"github.com/fairfloor/fairfloor/pkg/permit"
	"github.com/fairfloor/fairfloor/pkg/redisconn"
)

// node is a host name or address that may be a folder's name too.
var node = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9.-]{0,61}[A-Za-z0-9])?$`)

// clusterSettings are the flags of cluster.
type clusterSettings struct {
	Nodes string `flag:"nodes" default:"nats-1,nats-2,nats-3" doc:"Host names of the NATS servers, with commas between"`
	Out   string `flag:"out" default:"" doc:"Folder to write into: one folder per server and per service"`
	Store string `flag:"store" default:"/data" doc:"Folder of a server's data, as the server sees it"`
	Files string `flag:"files" default:"/etc/nats" doc:"Folder of a server's own files, as the server sees it"`
	Keys  string `flag:"keys" default:"" doc:"The sealed key file that all services share, made too when it is missing; none is made when empty"`
	Redis string `flag:"redis-access" default:"" doc:"Folder of Redis's password and of its list of users, made too when they are missing; none are made when empty"`
	// Passphrase has the name that it has for the services.
	Passphrase string `flag:"keys-passphrase-file" default:"" doc:"File whose text seals the key file; none leaves it to file rights"`
}

// cluster makes the keys, certificates and configurations of a NATS cluster.
func cluster() *cobra.Command {
	var s clusterSettings
	cmd := &cobra.Command{
		Use: "cluster", Args: cobra.NoArgs,
		Short: "Make the keys, certificates and configurations of a NATS cluster",
		Long: "Makes, once, a folder for each NATS server (configuration with the rights of every service, certificate) and for each\n" +
			"service (its nkey seed and the authority's certificate), and the services' key file and Redis's password where --keys and --redis-access say. What was made already is left as it is.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if s.Out == "" {
				return Usage{errors.New("out: say which folder to write into")}
			}
			nodes := strings.Split(s.Nodes, ",")
			for i, name := range nodes {
				if nodes[i] = strings.TrimSpace(name); !node.MatchString(nodes[i]) {
					return Usage{fmt.Errorf("nodes: %q is not a host name", name)}
				}
			}
			made, err := permit.Make(s.Out, permit.Cluster{Nodes: nodes, Store: s.Store, Files: s.Files}, time.Now())
			if err != nil {
				return err
			}
			if s.Keys != "" {
				if err := os.MkdirAll(filepath.Dir(s.Keys), 0o700); err != nil {
					return err
				}
				// What is there already is read: a wrong passphrase shows here, and not in six services.
				if _, err := keys.Open(s.Keys, keys.Options{PassphraseFile: s.Passphrase}); err != nil {
					return err
				}
			}
			if s.Redis != "" {
				if _, err := redisconn.MakeAccess(s.Redis); err != nil {
					return err
				}
			}
			said := "made before and left as it is"
			if made {
				said = "made; each server and each service gets its own folder and no other"
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s: %s\n", s.Out, said)
			return err
		},
	}
	bind(cmd, &s)
	return cmd
}
