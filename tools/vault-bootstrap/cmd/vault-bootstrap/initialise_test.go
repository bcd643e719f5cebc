package main

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	core "k8s.io/api/core/v1"
)

func at(step step) *record {
	if step == nothingYet {
		return &record{name: "record"}
	}
	return &record{name: "record", secret: &core.Secret{Data: map[string][]byte{"step": []byte(step)}}}
}

// A server that exists at a step at which it cannot have been kept, or is gone although it was in use, is for a
// person; at every other combination the program goes on.
func TestOnlyAPersonDecidesWhatCannotBeKnown(t *testing.T) {
	undecided := map[string]string{
		"true ":             "somebody else",
		"true initialising": "lost in a crash",
		"false done":        "",
	}
	config := vaultConfig{Namespace: "idp-vault", Record: "vault-bootstrap", Addresses: make([]string, 3)}
	for _, exists := range []bool{true, false} {
		for _, step := range []step{nothingYet, initialising, initialised, revoking, done} {
			words, expected := undecided[fmt.Sprint(exists, " ", step)]
			for name, err := range map[string]error{
				"vault": decision(at(step), exists, config), "seal": sealDecision(at(step), exists),
			} {
				var found decisionError
				if errors.As(err, &found) != expected {
					t.Errorf("%s: exists %t at %q: %v", name, exists, step, err)
				}
				if expected && !strings.Contains(err.Error(), words) {
					t.Errorf("%s: exists %t at %q says %v", name, exists, step, err)
				}
			}
		}
	}
}

func TestAnUnknownStepIsNotGuessedAt(t *testing.T) {
	cluster := fakeCluster(&core.Secret{Data: map[string][]byte{"step": []byte("later")}})
	if _, err := readRecord(t.Context(), cluster, "record"); code(err) != 3 {
		t.Errorf("got %v", err)
	}
}

func TestARecordIsBegunByOneOnly(t *testing.T) {
	cluster := fakeCluster(nil)
	first, err := readRecord(t.Context(), cluster, "record")
	if err != nil {
		t.Fatal(err)
	}
	second, err := readRecord(t.Context(), cluster, "record")
	if err != nil {
		t.Fatal(err)
	}
	if err := first.begin(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := second.begin(t.Context()); err == nil {
		t.Error("both began")
	}
}

func TestAdvancingKeepsAllButWhatIsForgotten(t *testing.T) {
	cluster := fakeCluster(nil)
	record, err := readRecord(t.Context(), cluster, "record")
	if err != nil {
		t.Fatal(err)
	}
	steps := []error{
		record.begin(t.Context()),
		record.advance(t.Context(), initialised, map[string]string{"root-token": "a", "recovery.json": "b"}),
		record.advance(t.Context(), revoking, nil),
		record.advance(t.Context(), done, nil, "root-token"),
	}
	if err := errors.Join(steps...); err != nil {
		t.Fatal(err)
	}
	again, err := readRecord(t.Context(), cluster, "record")
	if err != nil {
		t.Fatal(err)
	}
	if again.step() != done || again.get("root-token") != "" || again.get("recovery.json") != "b" {
		t.Errorf("kept %q", again.secret.Data)
	}
}

func TestKeepersAreNeededUnlessKnowinglyNot(t *testing.T) {
	for keepers := range 4 {
		for threshold := range 5 {
			for _, unguarded := range []bool{true, false} {
				config := vaultConfig{DeployPolicy: "{}", Keepers: make([]keeper, keepers), Threshold: threshold, Unguarded: unguarded}
				allowed := keepers == 0 && unguarded || keepers > 0 && !unguarded && threshold >= min(2, keepers) && threshold <= keepers
				if (config.check() == nil) != allowed {
					t.Errorf("%d keepers, threshold %d, unguarded %t: %v", keepers, threshold, unguarded, config.check())
				}
			}
		}
	}
}

func TestAWrongConfigurationIsNamed(t *testing.T) {
	for _, text := range []string{`{"keeper": []}`, `{"threshold": "2"}`, `{`, ``} {
		var config vaultConfig
		if err := decode([]byte(text), &config); code(err) != 2 {
			t.Errorf("%s: %v", text, err)
		}
	}
}
