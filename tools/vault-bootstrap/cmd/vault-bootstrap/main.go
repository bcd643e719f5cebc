// Command vault-bootstrap does what Vault servers need done around them, once and again without harm:
//
//	vault-bootstrap certificates --config FILE   own CA and certificates, renewed before they expire
//	vault-bootstrap rotate-authority --config FILE  another CA, without a client being refused
//	vault-bootstrap seal --config FILE           the Vault that seals the other one (local environment)
//	vault-bootstrap rotate-seal --config FILE [retire]  other keys for what seals Vault and for its storage
//	vault-bootstrap initialise --config FILE     initialise once, an administrative login, no root token
//	vault-bootstrap snapshot --config FILE       save a snapshot and drop the oldest ones
//	vault-bootstrap restore --config FILE [check] [NAME]  put a snapshot (default: the newest) into an empty Vault, or see if it is whole
//	vault-bootstrap attend --config FILE         beside a server: new certificates, audit files, unsealing
//
// FILE is JSON; an unknown field is an error. A run prints what it did, a line each, never a secret. It ends with 0
// for done, 1 for tried and failed (running it again goes on), 2 for a wrong call, 3 for a state in which only a
// person can decide, with what to do.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"os"
	"os/signal"
	"syscall"
)

type mode func(ctx context.Context, config []byte, arguments []string) error

var modes = map[string]mode{
	"certificates":     withCertificates(ensureCertificates),
	"rotate-authority": withCertificates(rotateAuthority),
	"seal":             runSeal,
	"rotate-seal":      runRotateSeal,
	"initialise":       runInitialise,
	"snapshot":         runSnapshot,
	"restore":          runRestore,
	"attend":           runAttend,
}

const usage = "usage: vault-bootstrap certificates|rotate-authority|seal|rotate-seal|initialise|snapshot|restore|attend " +
	"--config FILE [retire|check] [NAME]"

// usageError is a wrong call or configuration, as opposed to a thing that failed.
type usageError string

func (e usageError) Error() string { return string(e) }

// decisionError is a state that the program must not leave by itself; it says how a person does.
type decisionError string

func (e decisionError) Error() string { return string(e) }

func main() {
	log.SetFlags(log.LstdFlags | log.LUTC)
	log.SetOutput(os.Stdout)
	ctx, cancel := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	err := run(ctx, os.Args[1:])
	cancel()
	if err != nil {
		log.Print("error ", err)
	}
	os.Exit(code(err))
}

func run(ctx context.Context, arguments []string) error {
	if len(arguments) < 3 || modes[arguments[0]] == nil || arguments[1] != "--config" {
		return usageError(usage)
	}
	config, err := os.ReadFile(arguments[2])
	if err != nil {
		return usageError(err.Error())
	}
	return modes[arguments[0]](ctx, config, arguments[3:])
}

func code(err error) int {
	var wrong usageError
	var undecided decisionError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &wrong):
		return 2
	case errors.As(err, &undecided):
		return 3
	}
	return 1
}

// decodeAlone reads the configuration of a mode that takes no further arguments.
func decodeAlone(config []byte, arguments []string, into any) error {
	if err := decode(config, into); err != nil {
		return err
	}
	return nothing(arguments)
}

// nothing refuses arguments after the options.
func nothing(arguments []string) error {
	if len(arguments) > 0 {
		return usageError(fmt.Sprintf("%s: not expected; %s", arguments[0], usage))
	}
	return nil
}

// decode reads a configuration strictly; `into` is a pointer to its type.
func decode(config []byte, into any) error {
	reader := json.NewDecoder(bytes.NewReader(config))
	reader.DisallowUnknownFields()
	if err := reader.Decode(into); err != nil {
		return usageError(fmt.Sprintf("configuration: %v", err))
	}
	return nil
}
