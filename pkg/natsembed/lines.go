package natsembed

import (
	"fmt"
	"log/slog"
	"sync"
)

// lines passes the server's log lines on to slog. They name streams, subjects
// and client numbers, which carry ids only.
type lines struct {
	log   *slog.Logger
	mu    sync.Mutex
	first string
}

// fatal gives the first fatal line: the server reports a failed start in no other way.
func (l *lines) fatal() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.first
}

// Noticef is below our own information level: a start alone writes a dozen lines.
func (l *lines) Noticef(format string, args ...any) { l.log.Debug(fmt.Sprintf(format, args...)) }

// Warnf passes a warning on.
func (l *lines) Warnf(format string, args ...any) { l.log.Warn(fmt.Sprintf(format, args...)) }

// Errorf passes an error on.
func (l *lines) Errorf(format string, args ...any) { l.log.Error(fmt.Sprintf(format, args...)) }

// Fatalf keeps the first line for Start. It does not end the process: that is not
// a library's to decide.
func (l *lines) Fatalf(format string, args ...any) {
	line := fmt.Sprintf(format, args...)
	l.mu.Lock()
	if l.first == "" {
		l.first = line
	}
	l.mu.Unlock()
	l.log.Error(line)
}

// Debugf passes debugging lines on; they are off unless Options.Tune turns them on.
func (l *lines) Debugf(format string, args ...any) { l.log.Debug(fmt.Sprintf(format, args...)) }

// Tracef passes traces of the protocol on; they are off.
func (l *lines) Tracef(format string, args ...any) { l.log.Debug(fmt.Sprintf(format, args...)) }
