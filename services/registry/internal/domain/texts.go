package domain

import (
	"slices"

	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/problem"
	"github.com/fairfloor/fairfloor/pkg/roster"
)

// maxTexts bounds the statement texts of one session.
const maxTexts = 20_000

// TextID is the id of the statement text that a command files: the one that it
// names, or else derived from the command.
func TextID(file ids.Command, a command.FileText) ids.Text {
	if a.Text.IsZero() {
		return ids.Derive[ids.Text](file, 0)
	}
	return a.Text
}

// fileText files a statement text, or a new version of one, by the digest of what
// the shell stored. A delegate files for their own organisation and need not name
// it. It may still be done after the adjournment: those who were not reached
// file their statements then.
func fileText(c call) (result, error) {
	a, err := decode(c, command.FileText{})
	if err != nil {
		return result{}, err
	}
	r := &c.s.Registry
	old, again := r.Texts[a.Text]
	switch {
	case !a.Text.IsZero() && !again:
		return result{}, problem.New(problem.NotFound, "there is no text %s", a.Text).On("args.text").Try("leave it out to file a new one")
	case again && a.Applicant.IsZero():
		a.Applicant = old.Applicant
	case len(r.TextOrder) >= maxTexts && !again:
		return result{}, problem.New(problem.WrongState, "a session has at most %d texts", maxTexts).Try("replace one of them")
	}
	who, err := c.applicant(a.Applicant)
	if err != nil {
		return result{}, err
	}
	onBehalf, err := c.own(who.Applicant)
	switch {
	case err != nil:
		return result{}, err
	case again && old.Applicant != who.Applicant:
		return result{}, problem.New(problem.Forbidden, "the text is another organisation's").On("args.text").Try("file a new one")
	case !roster.Counts(who):
		return result{}, problem.New(problem.WrongState, "the application was %s", who.State).On("args.applicant").Try("ask the secretariat")
	}
	if !a.Part.IsZero() {
		if _, _, ok := r.Part(a.Part); !ok {
			return result{}, problem.New(problem.NotFound, "there is no part %s", a.Part).On("args.part").Try("name a part of this session, or leave it out")
		}
	}
	tag, ok := roster.Language(a.Language)
	switch {
	case !ok:
		return result{}, problem.Field("args.language", "%q is not a language tag", clip(a.Language)).Try(`use a BCP 47 tag such as "en", "fr" or "zh-Hans"`)
	case !slices.Contains(events.Visibilities(), a.Visibility):
		return result{}, problem.Field("args.visibility", "%q is none of %s", clip(string(a.Visibility)), list(events.Visibilities())).Try("choose one of them")
	}
	if err := stored(a.Content != "", a.Digest, "args.content"); err != nil {
		return result{}, err
	}
	return result{facts: []events.Event{&events.TextFiled{
		Text: TextID(c.ID, a), Applicant: who.Applicant, Part: a.Part, Language: tag, Visibility: a.Visibility, Words: a.Words, Digest: a.Digest,
	}}, onBehalf: onBehalf}, nil
}

// changeTextVisibility opens or closes a text. What was public once may be closed
// again; who has read it by then, the log cannot help.
func changeTextVisibility(c call) (result, error) {
	a, err := decode(c, command.TextVisibility{})
	if err != nil {
		return result{}, err
	}
	text, ok := c.s.Registry.Texts[a.Text]
	if !ok {
		return result{}, problem.New(problem.NotFound, "there is no text %s", a.Text).On("args.text").Try("name a text of this session")
	}
	onBehalf, err := c.own(text.Applicant)
	switch {
	case err != nil:
		return result{}, err
	case !slices.Contains(events.Visibilities(), a.Visibility):
		return result{}, problem.Field("args.visibility", "%q is none of %s", clip(string(a.Visibility)), list(events.Visibilities())).Try("choose one of them")
	case text.Visibility == a.Visibility:
		return result{}, unchanged("the text")
	}
	return result{facts: []events.Event{&events.TextVisibilityChanged{Text: a.Text, Visibility: a.Visibility}}, onBehalf: onBehalf}, nil
}
