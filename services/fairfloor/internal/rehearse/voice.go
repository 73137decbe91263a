package rehearse

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/fairfloor/fairfloor/pkg/api"
	"github.com/fairfloor/fairfloor/pkg/client"
	"github.com/fairfloor/fairfloor/pkg/clock"
	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
)

// voice is what makes the speakers' words visible without a microphone: a
// captioner at the desk who writes English, a tool that pushes Spanish, and the
// prompters of those who speak another language.
type voice struct {
	desk *client.Live
	// source and epoch are the desk's.
	source ids.Source
	epoch  uint64
	// push is the address of the Spanish tool, posts how often it has posted.
	push  string
	posts int
	// texts are the statements that were filed, by delegate.
	texts map[*delegate]ids.Text
	// uttered counts the sentences, so that speakers do not all say the same.
	uttered int
}

// prompted gives the language in which a delegate reads from the prompter, and
// nothing for those who speak freely: every third one reads.
func (d *delegate) prompted() string {
	if d.index%3 != 2 {
		return ""
	}
	return []string{"fr", "ar", "zh"}[d.index/3%3]
}

// speech prepares the captions, when there are to be any: it opens the sources
// and files the statements of those who read.
func (s *stage) speech() error {
	if !s.Captions {
		return nil
	}
	link, err := s.link(command.Invite{Roles: []events.Role{events.Captioner}})
	if err != nil {
		return err
	}
	s.voice = voice{texts: map[*delegate]ids.Text{}}
	if s.voice.desk, err = s.connect(link); err != nil {
		return err
	}
	typed, err := s.open1(command.OpenSource{Track: "en", Kind: events.TypedSource, Label: "Captions desk", Hears: events.HearsInterpretation})
	if err != nil {
		return err
	}
	if s.voice.source, err = ids.Parse[ids.Source](typed.Made["source"]); err != nil {
		return err
	}
	if s.voice.epoch, err = strconv.ParseUint(typed.Made["epoch"], 10, 64); err != nil {
		return err
	}
	pushed, err := s.open1(command.OpenSource{Track: "es", Kind: events.PushSource, Label: "CART", Hears: events.HearsInterpretation})
	if err != nil {
		return err
	}
	var address struct {
		URL string `json:"url"`
	}
	captioner := client.HTTP{Base: s.Base, Token: link.Token}
	if err := captioner.Do(s.ctx, http.MethodGet, "/api/v1/sessions/"+s.session.String()+"/sources/"+pushed.Made["source"]+"/url", nil, &address); err != nil {
		return err
	}
	s.voice.push = address.URL
	for _, d := range s.delegates {
		if d.prompted() == "" {
			continue
		}
		r, err := s.file(d)
		if err != nil {
			return err
		}
		if s.voice.texts[d], err = ids.Parse[ids.Text](r.Made["text"]); err != nil {
			return err
		}
	}
	return nil
}

// open1 opens one source at the desk.
func (s *stage) open1(args command.OpenSource) (command.Receipt, error) {
	return s.written("open_source", args)
}

// file files a delegate's statement, by themselves or, when no delegate is
// connected, by the secretariat.
func (s *stage) file(d *delegate) (command.Receipt, error) {
	return s.delegateDo(d, "file_text", nil, command.FileText{
		Applicant: d.applicant, Language: d.prompted(), Visibility: events.PublicAtDelivery, Content: statement(d.prompted()),
	})
}

// written is a command of the captioner. Captions change no view, so nobody
// waits for one.
func (s *stage) written(verb string, args any) (command.Receipt, error) {
	ctx, cancel := context.WithTimeout(s.ctx, 30*time.Second)
	defer cancel()
	r, err := s.voice.desk.Do(ctx, verb, nil, args)
	if err != nil {
		return r, fmt.Errorf("%s: %w", verb, err)
	}
	return r, s.settle()
}

// say lets a delegate speak until an instant, and the captions follow: a
// sentence when it has been said, at the pace of somebody who reads aloud.
func (s *stage) say(d *delegate, turn ids.Turn, end clock.Instant) error {
	if s.voice.desk == nil {
		return s.until(end)
	}
	for n := 0; ; n++ {
		sentence := s.voice.uttered % len(sentences["en"])
		if text := d.prompted(); text != "" {
			sentence = n % len(sentences[text])
		}
		begun := s.now()
		done := begun.Add(readingMS(sentences["en"][sentence]))
		if done > end {
			return s.until(end)
		}
		if s.Gate == nil || s.Pace > 0 {
			// Somebody watches: half of the sentence while it is being said.
			if err := s.until(begun.Add(done.Sub(begun) / 2)); err != nil {
				return err
			}
		}
		segment := ids.New[ids.Segment]()
		s.typing(segment, sentence, begun)
		if err := s.until(done); err != nil {
			return err
		}
		if err := s.utter(d, turn, segment, sentence, n, begun, done); err != nil {
			return err
		}
		s.voice.uttered++
	}
}

// typing shows what the captioner has written so far. Nobody waits for it: it
// is not kept.
func (s *stage) typing(segment ids.Segment, sentence int, begun clock.Instant) {
	words := strings.Fields(sentences["en"][sentence])
	_ = s.voice.desk.Say(api.PartialWish{
		Track: "en", Source: s.voice.source, Epoch: s.voice.epoch, Segment: segment, Rev: 1,
		Text: strings.Join(words[:len(words)/2], " "), Start: begun,
	})
}

// utter makes a sentence final on every track that has it.
func (s *stage) utter(d *delegate, turn ids.Turn, segment ids.Segment, sentence, n int, begun, done clock.Instant) error {
	// What was in the air when the chair ended the turn, or the session, is late
	// by nobody's fault; everything else is a fault of ours.
	if _, err := s.written("caption", command.Caption{
		Track: "en", Source: s.voice.source, Epoch: s.voice.epoch, Segments: []command.CaptionSegment{{
			Segment: segment, Rev: 1, Text: sentences["en"][sentence], Start: begun, End: done, TimeBasis: events.ByAudioTime,
		}},
	}); err != nil {
		return err
	}
	if text, reads := s.voice.texts[d]; reads && n < len(sentences[d.prompted()]) {
		r := command.Pass{Turn: turn, Text: text, Sentences: []int64{int64(n + 1)}}
		if _, err := s.written("pass", r); err != nil {
			return err
		}
	}
	return s.pushes(sentences["es"][sentence])
}

// pushes posts a line as a captioner's tool does.
func (s *stage) pushes(line string) error {
	address := s.voice.push + "?seq=" + strconv.Itoa(s.voice.posts) + "&lang=es"
	if err := post(s.ctx, address, line+"\n"); err != nil {
		return fmt.Errorf("push %d: %w", s.voice.posts, err)
	}
	s.voice.posts++
	return s.settle()
}
