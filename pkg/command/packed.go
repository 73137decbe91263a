package command

import (
	"bytes"
	"compress/flate"
	"io"

	"github.com/fairfloor/fairfloor/pkg/captions"
	"github.com/fairfloor/fairfloor/pkg/problem"
)

// Pack gives the form in which a post travels that would not fit otherwise: a
// message holds 1 MiB with its escapes, and a post alone may have that.
func Pack(body []byte) []byte {
	var out bytes.Buffer
	w, err := flate.NewWriter(&out, flate.BestSpeed)
	if err != nil {
		panic("command: deflate has no such level: " + err.Error())
	}
	// Writing to memory does not fail.
	_, _ = w.Write(body)
	_ = w.Close()
	return out.Bytes()
}

// Post gives the post's bytes, whichever way they travelled. It reads no more
// than a post may have, whatever a packed one claims to hold.
func (p *Push) Post() ([]byte, error) {
	if len(p.Packed) == 0 {
		return []byte(p.Body), nil
	}
	if p.Body != "" {
		return nil, problem.Field("args.packed", "body and packed are both given").Try("send one of the two")
	}
	body, err := io.ReadAll(io.LimitReader(flate.NewReader(bytes.NewReader(p.Packed)), captions.MaxBody+1))
	switch {
	case err != nil:
		return nil, problem.New(problem.Malformed, "the packed post cannot be read").On("args.packed").Try("deflate it (RFC 1951), or send it as body")
	case len(body) > captions.MaxBody:
		return nil, problem.New(problem.TooLarge, "a post may have %d bytes", captions.MaxBody).On("args.packed").Try("send less at a time")
	}
	return body, nil
}
