package follow

import (
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/people"
	"github.com/fairfloor/fairfloor/services/gateway/internal/view"
)

// Names gives the lookup of persons' names in a cache of the store that can
// forget. Contacts and access needs stay behind: no view has a place for them.
// The cache's OnChange should call Touch with the key's session.
func Names(cache *people.Cache) view.Names {
	return func(s ids.Session, id ids.Person, digest events.Hash) view.Name {
		p, state := cache.Person(s, id, digest)
		if state == people.Missing {
			// The log is ahead of the cache for a moment; Touch brings the name.
			return view.Name{}
		}
		return view.Name{
			Name: p.Name, FormOfAddress: p.FormOfAddress, Pronunciation: p.Pronunciation, DisplayName: p.DisplayName,
			AccessMS: p.AccessSeconds * 1000, AccessPercent: p.AccessPercent, Erased: state == people.Erased,
		}
	}
}
