package main

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// patience is how long a single condition is waited for: a pod may still be starting, an image being pulled.
// Variables, so that the tests need not wait.
var (
	patience = 5 * time.Minute
	pause    = 500 * time.Millisecond
)

// retry is a failure after which it is worth to try again.
type retry struct{ error }

func (r retry) Unwrap() error { return r.error }

// patiently calls `try` until it is done, fails for good, or the time is up.
func patiently(ctx context.Context, what string, try func() (bool, error)) error {
	deadline := time.Now().Add(patience)
	for {
		done, err := try()
		var again retry
		if err != nil && !errors.As(err, &again) {
			return fmt.Errorf("%s: %w", what, err)
		}
		if done {
			return nil
		}
		if time.Now().After(deadline) {
			if err != nil {
				return fmt.Errorf("%s: not within %s: %w", what, patience, err)
			}
			return fmt.Errorf("%s: not within %s", what, patience)
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%s: %w", what, ctx.Err())
		case <-time.After(pause):
		}
	}
}
