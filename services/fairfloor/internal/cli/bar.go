package cli

import (
	"io"
	"os"

	"github.com/cheggaaa/pb/v3"
)

// bar is a progress bar on a terminal, and nothing at all elsewhere.
type bar struct {
	out io.Writer
	bar *pb.ProgressBar
}

func newBar(out io.Writer) *bar { return &bar{out: out} }

// set shows how much of what is done.
func (b *bar) set(text string, done, of int) {
	file, ok := b.out.(*os.File)
	if !ok {
		return
	}
	if info, err := file.Stat(); err != nil || info.Mode()&os.ModeCharDevice == 0 {
		return
	}
	if b.bar == nil {
		b.bar = pb.New(of).SetTemplateString(`{{string . "text"}} {{counters . }} {{bar . }} {{percent . }}`).SetWriter(b.out)
		b.bar.Start()
	}
	b.bar.Set("text", text).SetTotal(int64(of)).SetCurrent(int64(done))
}

// finish ends the bar; it may be called twice.
func (b *bar) finish() {
	if b.bar != nil {
		b.bar.Finish()
		b.bar = nil
	}
}
