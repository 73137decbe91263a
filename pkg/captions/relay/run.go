package relay

import (
	"context"
	"fmt"
	"time"
)

// Feed gives the posts of one relay and keeps what went through. It is called
// by one goroutine.
type Feed interface {
	// Next waits for the first post that was not yet Delivered. Called again
	// without Delivered between, it gives the same post with the same Seq.
	Next(ctx context.Context) (Post, error)
	// Delivered keeps that the target has the post. When it fails the post goes
	// out again with its seq, which the target throws away.
	Delivered(ctx context.Context, p Post) error
}

// Status is how a relay stands.
type Status struct {
	// Seq is the post it is at.
	Seq int64
	// Tries is how often that post was sent; zero after it was taken.
	Tries int
	// Person and Reason are those of the last Verdict.
	Person bool
	Reason string
}

// Config is what Run works with.
type Config struct {
	Client *Client
	Target Target
	Feed   Feed
	// Report is told when the relay stands differently: at the first failure of
	// a post, when the reason changes, and when it goes on after a failure. It must not block for long.
	Report func(Status)
	// Wait waits between two attempts, or gives an error when ctx ends; nil is by the machine's clock.
	Wait func(ctx context.Context, d time.Duration) error
}

// Run forwards posts one after another until ctx ends, whose error it gives
// then, or until the feed fails. It starts no goroutine.
func Run(ctx context.Context, c Config) error {
	if c.Wait == nil {
		c.Wait = wait
	}
	for {
		post, err := c.Feed.Next(ctx)
		if err != nil {
			return fmt.Errorf("relay: next post: %w", err)
		}
		failed, err := c.deliver(ctx, post)
		if err != nil {
			return err
		}
		if failed {
			c.Report(Status{Seq: post.Seq})
		}
		if err := c.Feed.Delivered(ctx, post); err != nil {
			return fmt.Errorf("relay: keep that post %d was taken: %w", post.Seq, err)
		}
	}
}

// deliver sends one post until it is taken, and tells whether that took more than one attempt.
func (c Config) deliver(ctx context.Context, post Post) (failed bool, err error) {
	said := ""
	for tries := 1; ; tries++ {
		verdict := Judge(tries, c.Client.Send(ctx, c.Target, post))
		if verdict.Delivered {
			return tries > 1, nil
		}
		// An attempt cut off by the end says nothing about the target.
		if ctx.Err() != nil {
			return true, context.Cause(ctx)
		}
		if verdict.Reason != said {
			said = verdict.Reason
			c.Report(Status{Seq: post.Seq, Tries: tries, Person: verdict.Person, Reason: verdict.Reason})
		}
		if err := c.Wait(ctx, verdict.Wait); err != nil {
			return true, err
		}
	}
}

func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
