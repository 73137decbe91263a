package cli

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/keys"
	"github.com/fairfloor/fairfloor/pkg/token"
)

// keyFile says where the key file lies, in the names that every service uses.
type keyFile struct {
	Data       string `flag:"data" default:".data" doc:"Folder of what is kept beside the store: keys and witness"`
	Keys       string `flag:"keys" default:"" doc:"The sealed key file; keys.json in the data folder when empty"`
	Passphrase string `flag:"keys-passphrase-file" default:"" doc:"File whose text seals the key file; none leaves it to file rights"`
}

// open opens the key file. A missing one is an error: a new one, made in the wrong
// folder by mistake, would be that of no deployment.
func (f keyFile) open() (*keys.Set, error) {
	path := f.Keys
	if path == "" {
		path = filepath.Join(f.Data, "keys.json")
	}
	if _, err := os.Stat(path); err != nil {
		return nil, fmt.Errorf("the key file: %w; say with --keys or --data where the deployment's lies", err)
	}
	return keys.Open(path, keys.Options{PassphraseFile: f.Passphrase})
}

// whose names an organisation.
type whose struct {
	Organisation string `flag:"organisation" default:"" doc:"One of several organisations on this deployment: a short word such as unog; the deployment's own when empty"`
}

func (w whose) read() (ids.Organisation, error) {
	of, err := ids.ParseOrganisation(w.Organisation)
	if err != nil {
		return of, Usage{fmt.Errorf("organisation: %w", err)}
	}
	return of, nil
}

// listKeys says which keys sign whose links.
func listKeys() *cobra.Command {
	var s keyFile
	cmd := &cobra.Command{
		Use: "list", Args: cobra.NoArgs, Short: "List the keys that sign links: whose, since when, and which sign new ones",
		RunE: func(cmd *cobra.Command, _ []string) error {
			set, err := s.open()
			if err != nil {
				return err
			}
			t := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
			_, _ = fmt.Fprintln(t, "KEY\tORGANISATION\tMADE\tSIGNS NEW LINKS")
			for _, k := range set.TokenKeys() {
				of, signs := k.Organisation.String(), "no"
				if k.Organisation.IsZero() {
					of = "(the deployment's own)"
				}
				if k.Signs {
					signs = "yes"
				}
				_, _ = fmt.Fprintf(t, "%s\t%s\t%s\t%s\n", k.KID, of, k.Made.Format(time.RFC3339), signs)
			}
			return t.Flush()
		},
	}
	bind(cmd, &s)
	return cmd
}

// rotateKeys makes a new key; the first one of an organisation lets it in.
func rotateKeys() *cobra.Command {
	var s struct {
		File keyFile
		Of   whose
	}
	cmd := &cobra.Command{
		Use: "rotate", Args: cobra.NoArgs,
		Short: "Make a new key that signs an organisation's links from now on; older links stay good",
		Long: "Makes a new key and prints its name. Running processes that read the same file follow within a second, without a restart.\n" +
			"Links that the older keys signed stay good until keys retire takes those out of use. An organisation's first key lets it in.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			of, err := s.Of.read()
			if err != nil {
				return err
			}
			set, err := s.File.open()
			if err != nil {
				return err
			}
			kid, err := set.RotateToken(of)
			if err != nil {
				return err
			}
			_, err = fmt.Fprintln(cmd.OutOrStdout(), kid)
			return err
		},
	}
	bind(cmd, &s)
	return cmd
}

// retireKeys takes a key, or all of an organisation's, out of use.
func retireKeys() *cobra.Command {
	var s struct {
		File keyFile
		Of   whose
	}
	cmd := &cobra.Command{
		Use: "retire [KEY]", Args: cobra.MaximumNArgs(1),
		Short: "Take a key out of use, or all keys of an organisation: the links that they signed end at once",
		Long: "Takes the named key out of use: no link that it signed opens anything from then on, and open connections of such links\n" +
			"end within five seconds. The key that signs new links is rotated first. With --organisation instead of a key, all keys of\n" +
			"that organisation go, and it is shut out until keys rotate makes it a new one; its sessions stay as they are.",
		RunE: func(_ *cobra.Command, args []string) error {
			of, err := s.Of.read()
			if err != nil {
				return err
			}
			if (len(args) == 0) == of.IsZero() {
				return Usage{errors.New("say either which key to retire, or --organisation for all of its keys")}
			}
			set, err := s.File.open()
			if err != nil {
				return err
			}
			if of.IsZero() {
				return set.RemoveToken(args[0])
			}
			return set.RemoveOrganisation(of)
		},
	}
	bind(cmd, &s)
	return cmd
}

// linkCommand makes an organiser's link with the key file alone, so that it needs
// no running process and no other link.
func linkCommand() *cobra.Command {
	var s struct {
		File keyFile
		Of   whose
		URL  string `flag:"public-url" default:"http://127.0.0.1:8080" doc:"Address that links begin with"`
		Name string `flag:"name" default:"console" doc:"Who gets it, as the log names them: an id, not a person's name"`
		Days int    `flag:"days" default:"30" doc:"How long it is good for, 1 to 400"`
	}
	cmd := &cobra.Command{
		Use: "link", Args: cobra.NoArgs,
		Short: "Make an organiser's link, for the deployment's own sessions or those of one of its organisations",
		RunE: func(cmd *cobra.Command, _ []string) error {
			of, err := s.Of.read()
			if err != nil {
				return err
			}
			if s.Days < 1 || s.Days > 400 {
				return Usage{fmt.Errorf("days: %d is not between 1 and 400", s.Days)}
			}
			set, err := s.File.open()
			if err != nil {
				return err
			}
			expires := time.Now().Add(time.Duration(s.Days) * 24 * time.Hour)
			text, err := token.New(token.Config{Keys: set}).Issue(token.ForOrganiser(s.Name, of, expires))
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s/organiser#%s\n", strings.TrimSuffix(s.URL, "/"), text)
			return err
		},
	}
	bind(cmd, &s)
	return cmd
}
