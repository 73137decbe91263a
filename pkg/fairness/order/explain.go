package order

import "strings"

// Explain says the rule in plain words, to be published with its inputs
// before the lot is drawn.
func (o Options) Explain() string {
	const inside = "Inside a group the regions take turns in the same way; inside a region those who have not spoken before come first, then those with more carried credit, then the lot decides."
	const groups = "The groups take turns in proportion to their numbers, so that wherever time runs out the list so far was proportional. " + inside
	const after = " Whoever applies after the list is fixed joins the tail of their own group. The first three places are not changed automatically."
	var text string
	switch o.Rule {
	case SainteLague, "":
		text = groups
	case FirstCome:
		text = "Applicants speak in the order in which they applied."
	case PlainLot:
		text = "The lot alone decides the order."
	case Categories:
		text = "The categories speak one after the other"
		if len(o.Categories) > 0 {
			text += ": " + strings.Join(o.Categories, ", ")
		}
		text += ". Inside a category the groups take turns in proportion to their numbers. " + inside
	case Secretariat:
		text = "The secretariat sets the order."
	case RoomRemote:
		text = "Those in the room and those who take part remotely speak in turn. Among each, " + lowerFirst(groups)
	case ForAgainst:
		text = "Those for and those against speak in turn, then those who are neither. Among each, " + lowerFirst(groups)
	}
	return text + after
}

// lowerFirst lets a sentence follow a comma.
func lowerFirst(s string) string { return strings.ToLower(s[:1]) + s[1:] }
