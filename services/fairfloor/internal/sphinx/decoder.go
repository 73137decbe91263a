//go:build pocketsphinx

package sphinx

/*
#cgo pkg-config: pocketsphinx
#include <stdlib.h>
#include <pocketsphinx.h>
#include <sphinxbase/err.h>

// cgo cannot call functions with a variable number of arguments.
// 20 frames (0.2 s) of silence end an utterance, so that finals come soon;
// 3,000 active states for each frame are enough for a clear voice and take a
// sixth of real time.
static ps_decoder_t *open_decoder(const char *hmm, const char *lm, const char *dict) {
	err_set_logfp(NULL);
	cmd_ln_t *config = cmd_ln_init(NULL, ps_args(), TRUE, "-hmm", hmm, "-lm", lm, "-dict", dict,
		"-vad_postspeech", "20", "-maxhmmpf", "3000", NULL);
	if (config == NULL) return NULL;
	ps_decoder_t *decoder = ps_init(config);
	cmd_ln_free_r(config);
	return decoder;
}

static double confidence(ps_decoder_t *decoder, ps_seg_t *segment) {
	int32 a, l, b;
	return logmath_exp(ps_get_logmath(decoder), ps_seg_prob(segment, &a, &l, &b));
}
*/
import "C"

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"unsafe"
)

// Model is where Debian's pocketsphinx-en-us lies.
const Model = "/usr/share/pocketsphinx/model/en-us"

// framesPerSecond is the step of the decoder: 10 ms.
const framesPerSecond = 100

var _ Recogniser = (*Decoder)(nil)

// Decoder is pocketsphinx with the English model.
type Decoder struct {
	decoder *C.ps_decoder_t
	stream  bool // a stream was started
	running bool // an utterance was started
	speech  bool // somebody speaks in it
}

// Open loads the model that lies in a folder.
func Open(model string) (*Decoder, error) {
	var paths [3]*C.char
	for i, name := range []string{"en-us", "en-us.lm.bin", "cmudict-en-us.dict"} {
		paths[i] = C.CString(filepath.Join(model, name))
		defer C.free(unsafe.Pointer(paths[i]))
	}
	decoder := C.open_decoder(paths[0], paths[1], paths[2])
	if decoder == nil {
		return nil, fmt.Errorf("sphinx: no English model in %s: install pocketsphinx-en-us", model)
	}
	return &Decoder{decoder: decoder}, nil
}

// Close frees the decoder.
func (d *Decoder) Close() { C.ps_free(d.decoder) }

// Hear implements Recogniser.
func (d *Decoder) Hear(samples []int16) (Heard, error) {
	if !d.running {
		if !d.stream && C.ps_start_stream(d.decoder) < 0 || C.ps_start_utt(d.decoder) < 0 {
			return Heard{}, errors.New("sphinx: an utterance cannot be started")
		}
		d.stream, d.running = true, true
	}
	if len(samples) > 0 && C.ps_process_raw(d.decoder, (*C.int16)(unsafe.Pointer(&samples[0])), C.size_t(len(samples)), 0, 0) < 0 {
		return Heard{}, errors.New("sphinx: the audio cannot be read")
	}
	speech := C.ps_get_in_speech(d.decoder) != 0
	switch {
	case speech && !d.speech:
		d.speech = true
	case !speech && d.speech:
		return d.end()
	}
	if !d.speech {
		return Heard{}, nil
	}
	return Heard{Text: d.text()}, nil
}

// End implements Recogniser.
func (d *Decoder) End() (Heard, error) {
	heard := Heard{Final: true}
	if d.running {
		var err error
		if heard, err = d.end(); err != nil {
			return Heard{}, err
		}
	}
	d.stream = false
	return heard, nil
}

// end ends the utterance: the decoder goes over it again with all it has, and then knows the words' times.
func (d *Decoder) end() (Heard, error) {
	d.running, d.speech = false, false
	if C.ps_end_utt(d.decoder) < 0 {
		return Heard{}, errors.New("sphinx: an utterance cannot be ended")
	}
	heard := Heard{Final: true, Text: d.text()}
	for segment := C.ps_seg_iter(d.decoder); segment != nil; segment = C.ps_seg_next(segment) {
		// A dictionary tells ways to say a word apart by a number: the(2).
		word, _, _ := strings.Cut(C.GoString(C.ps_seg_word(segment)), "(")
		if word == "" || strings.HasPrefix(word, "<") || strings.HasPrefix(word, "[") || strings.HasPrefix(word, "++") {
			continue // silence and noises
		}
		var from, to C.int
		C.ps_seg_frames(segment, &from, &to)
		// Frames count from the beginning of the stream, silence included.
		heard.Words = append(heard.Words, Word{
			Text: word, Start: float64(from) / framesPerSecond, End: float64(to+1) / framesPerSecond,
			Confidence: min(max(float64(C.confidence(d.decoder, segment)), 0), 1),
		})
	}
	return heard, nil
}

func (d *Decoder) text() string {
	hypothesis := C.ps_get_hyp(d.decoder, nil)
	if hypothesis == nil {
		return ""
	}
	return C.GoString(hypothesis)
}
