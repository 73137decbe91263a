// Package captions holds what is the same for every source of captions: the
// line discipline of the caption-push form, the speaker marks in a captioner's
// text, and the splitting of utterances that run long.
//
// Guarantee: everything here is a function of its arguments (no clock, no
// chance, no I/O), so a decision may call it and every replica gets the same
// answer. No function loses a character that a source sent, except control
// characters and those that the source itself deleted; no function cuts inside
// what a reader sees as one character (a grapheme cluster of UAX #29), unless
// the source deletes a part of one.
package captions

// Limits of texts and times.
const (
	// MaxBody is the most bytes that one post of the caption-push form may have: 1 MiB.
	MaxBody = 1 << 20
	// MaxLine is the most characters (code points) of one line; a longer one is
	// ended at its last blank. A captioner's line has some 32 to 80.
	MaxLine = 1_000
	// MaxUtteranceMS is how long an utterance may run before it is split, in ms:
	// readers of subtitles lose the thread when one stands for longer.
	MaxUtteranceMS = 12_000
	// Reach is how many characters back a source may delete across its earlier
	// lines. Captioning software corrects within the last two or three sentences.
	Reach = 2_000
	// reachLines bounds the number of those lines, most of which could be empty.
	reachLines = 64
	// overhang is how far a line may pass MaxLine so as not to cut a character in two.
	overhang = 32
)
