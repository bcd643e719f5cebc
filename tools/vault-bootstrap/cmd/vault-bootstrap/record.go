package main

import (
	"context"
	"encoding/json"
	"fmt"

	core "k8s.io/api/core/v1"
)

// step is how far the initialisation of a server has come; it only ever goes forward.
type step string

const (
	// nothingYet: there is no record.
	nothingYet step = ""
	// initialising: from now on an initialised server is this program's doing.
	initialising step = "initialising"
	// initialised: what the server said at its initialisation is kept.
	initialised step = "initialised"
	// revoking: all is configured and proven, the root token is being revoked.
	revoking step = "revoking"
	// done: no root token is left.
	done step = "done"
)

// record is a Secret that survives a crash. The root token is in it from the initialisation until it is revoked.
type record struct {
	cluster *cluster
	name    string
	secret  *core.Secret
}

func readRecord(ctx context.Context, cluster *cluster, name string) (*record, error) {
	secret, err := cluster.secret(ctx, name)
	if err != nil {
		return nil, err
	}
	found := &record{cluster: cluster, name: name, secret: secret}
	switch found.step() {
	case nothingYet, initialising, initialised, revoking, done:
		return found, nil
	}
	return nil, decisionError(fmt.Sprintf("Secret %s: step: %q is not known to this version", name, found.step()))
}

func (r *record) step() step {
	if r.secret == nil {
		return nothingYet
	}
	return step(r.secret.Data["step"])
}

func (r *record) get(key string) string {
	if r.secret == nil {
		return ""
	}
	return string(r.secret.Data[key])
}

// begin makes the record, which only one of several runs at once can.
func (r *record) begin(ctx context.Context) error {
	data := map[string][]byte{"step": []byte(initialising)}
	if r.secret != nil {
		return r.write(ctx, data)
	}
	if err := r.cluster.createSecret(ctx, r.name, core.SecretTypeOpaque, data); err != nil {
		return err
	}
	secret, err := r.cluster.secret(ctx, r.name)
	r.secret = secret
	return err
}

// advance sets the step, adds `more`, and forgets the named keys, all at once.
func (r *record) advance(ctx context.Context, to step, more map[string]string, forget ...string) error {
	data := map[string][]byte{}
	for key, value := range r.secret.Data {
		data[key] = value
	}
	for key, value := range more {
		data[key] = []byte(value)
	}
	for _, key := range forget {
		delete(data, key)
	}
	data["step"] = []byte(to)
	return r.write(ctx, data)
}

// write tries for as long as it may: what an initialisation answered exists nowhere else.
func (r *record) write(ctx context.Context, data map[string][]byte) error {
	return patiently(ctx, "Secret "+r.name, func() (bool, error) {
		written, err := r.cluster.replaceSecret(ctx, r.secret, data)
		if err != nil {
			return false, transient(err)
		}
		r.secret = written
		return true, nil
	})
}

func asJSON(value any) string {
	text, err := json.MarshalIndent(value, "", "  ")
	if err != nil {
		panic(err) // only types of this program, which can be written
	}
	return string(text) + "\n"
}
