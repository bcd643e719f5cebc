package main

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"maps"
	"testing"
	"time"

	core "k8s.io/api/core/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/fake"
	stepping "k8s.io/client-go/testing"
)

// trusts tells whether a client that read `bundle` accepts what a server shows from its Secret.
func trusts(bundle, shown []byte, name string, now time.Time) error {
	roots, between := x509.NewCertPool(), x509.NewCertPool()
	roots.AppendCertsFromPEM(bundle)
	block, rest := pem.Decode(shown)
	between.AppendCertsFromPEM(rest)
	leaf, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return err
	}
	_, err = leaf.Verify(x509.VerifyOptions{DNSName: name, Roots: roots, Intermediates: between, CurrentTime: now})
	return err
}

func bundleOf(t *testing.T, cluster *cluster) []byte {
	t.Helper()
	found, err := cluster.client.CoreV1().ConfigMaps(namespace).Get(t.Context(), "bundle", meta.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return []byte(found.Data["ca.crt"])
}

func secretOf(t *testing.T, cluster *cluster, name string) map[string][]byte {
	t.Helper()
	found, err := cluster.secret(t.Context(), name)
	if err != nil || found == nil {
		t.Fatal(name, err)
	}
	return found.Data
}

// Whatever a client read, and whatever a server shows, at any moment from before the rotation until long after it.
func TestNoClientIsRefusedAtAnyMomentOfARotation(t *testing.T) {
	cluster, begin := fakeCluster(nil), time.Now()
	later := begin.Add(clockSkew / 2)
	ensure(t, cluster, wanted(), begin)
	bundles := [][]byte{bundleOf(t, cluster)}
	shown := [][]byte{secretOf(t, cluster, "one")[core.TLSCertKey]}
	fakeClient := cluster.client.(*fake.Clientset)
	// Every write is a moment.
	fakeClient.PrependReactor("update", "*", func(action stepping.Action) (bool, runtime.Object, error) {
		switch written := action.(stepping.UpdateAction).GetObject().(type) {
		case *core.ConfigMap:
			bundles = append(bundles, []byte(written.Data["ca.crt"]))
			check(t, bundles[len(bundles)-2:], shown[len(shown)-1:], later)
		case *core.Secret:
			if written.Name == "one" {
				shown = append(shown, written.Data[core.TLSCertKey])
				check(t, bundles, shown[len(shown)-2:], later)
			}
		}
		return false, nil, nil
	})
	if err := rotateAuthority(t.Context(), cluster, wanted(), later); err != nil {
		t.Fatal(err)
	}
	if len(bundles) != 2 || len(shown) != 2 {
		t.Fatalf("%d bundles, %d certificates", len(bundles), len(shown))
	}
	ensure(t, cluster, wanted(), begin.Add(2*overlap))
	if len(bundles) != 3 || bytes.Contains(bundles[2], bundles[0]) {
		t.Fatalf("the old authority is still trusted")
	}
	// Who read the very first bundle is not refused even now.
	check(t, bundles, shown[1:], begin.Add(2*overlap))
	// Who still shows what the old one issued is.
	if trusts(bundles[2], shown[0], "a.example", later) == nil {
		t.Error("the old authority is still trusted by who reads anew")
	}
}

func check(t *testing.T, bundles, shown [][]byte, now time.Time) {
	t.Helper()
	for reader, bundle := range bundles {
		for server, certificate := range shown {
			if err := trusts(bundle, certificate, "a.example", now); err != nil {
				t.Errorf("bundle %d, certificate %d: %v", reader, server, err)
			}
		}
	}
}

func TestASecondRotationAfterTheFirst(t *testing.T) {
	cluster, now := fakeCluster(nil), time.Now()
	first := ensure(t, cluster, wanted(), now)
	for range 2 {
		before := bundleOf(t, cluster)
		if err := rotateAuthority(t.Context(), cluster, wanted(), now); err != nil {
			t.Fatal(err)
		}
		check(t, [][]byte{before, bundleOf(t, cluster)}, [][]byte{secretOf(t, cluster, "one")[core.TLSCertKey]}, now)
		now = now.Add(2 * overlap)
		ensure(t, cluster, wanted(), now)
	}
	if made(t, cluster)["authority"] == first["authority"] {
		t.Error("still the first one")
	}
}

// At whichever write the program is killed, a run after it ends where one that was not killed does.
func TestARotationThatIsKilledGoesOn(t *testing.T) {
	for killedAt := 1; ; killedAt++ {
		cluster, now := fakeCluster(nil), time.Now()
		before := ensure(t, cluster, wanted(), now)
		writes := 0
		died := errors.New("killed")
		cluster.client.(*fake.Clientset).PrependReactor("update", "*", func(stepping.Action) (bool, runtime.Object, error) {
			if writes++; writes == killedAt {
				return true, nil, died
			}
			return false, nil, nil
		})
		err := rotateAuthority(t.Context(), cluster, wanted(), now)
		if err == nil {
			if killedAt < 5 {
				t.Fatalf("only %d writes", killedAt)
			}
			return
		}
		if !errors.Is(err, died) {
			t.Fatal(err)
		}
		atDeath := made(t, cluster)["authority"]
		if err := rotateAuthority(t.Context(), cluster, wanted(), now); err != nil {
			t.Fatal(err)
		}
		after := made(t, cluster)
		if after["authority"] == before["authority"] || (killedAt > 1 && after["authority"] != atDeath) {
			t.Errorf("killed at %d: not exactly one new authority", killedAt)
		}
		bundle := bundleOf(t, cluster)
		for _, name := range []string{"one", "two"} {
			if after[name] == before[name] || !bytes.Equal(secretOf(t, cluster, name)[core.ServiceAccountRootCAKey], bundle) {
				t.Errorf("killed at %d: %s is not the new one's", killedAt, name)
			}
		}
	}
}

func TestNoOtherRotationBeginsWhileTheOldAuthorityIsTrusted(t *testing.T) {
	cluster, now := fakeCluster(nil), time.Now()
	ensure(t, cluster, wanted(), now)
	var after []map[string]string
	for range 3 {
		if err := rotateAuthority(t.Context(), cluster, wanted(), now); err != nil {
			t.Fatal(err)
		}
		after = append(after, made(t, cluster))
	}
	if !maps.Equal(after[0], after[1]) || !maps.Equal(after[0], after[2]) {
		t.Error("another one was begun")
	}
}

// A renewal that failed for days must not take the old authority away in the moment in which servers get their certificates.
func TestTheOldAuthorityStaysUntilServersHadTime(t *testing.T) {
	cluster, now := fakeCluster(nil), time.Now()
	old := ensure(t, cluster, wanted(), now)["authority"]
	fakeClient := cluster.client.(*fake.Clientset)
	broken := true
	fakeClient.PrependReactor("update", "secrets", func(action stepping.Action) (bool, runtime.Object, error) {
		name := action.(stepping.UpdateAction).GetObject().(*core.Secret).Name
		return broken && name != "authority", nil, context.DeadlineExceeded
	})
	if rotateAuthority(t.Context(), cluster, wanted(), now) == nil {
		t.Fatal("it can't have worked")
	}
	broken = false
	for day := 3; day <= 4; day++ {
		ensure(t, cluster, wanted(), now.Add(time.Duration(day)*24*time.Hour+time.Duration(day)*time.Minute))
		if trusted := bytes.Contains(bundleOf(t, cluster), []byte(old)); trusted != (day == 3) {
			t.Errorf("day %d: trusted %t", day, trusted)
		}
	}
}

func TestAnAuthorityNearItsEndCanBeRotated(t *testing.T) {
	cluster, begin := fakeCluster(nil), time.Now()
	ensure(t, cluster, wanted(), begin)
	before := bundleOf(t, cluster)
	late := begin.Add(authorityLife - leafLife + time.Hour)
	if err := rotateAuthority(t.Context(), cluster, wanted(), late); err != nil {
		t.Fatal(err)
	}
	check(t, [][]byte{before, bundleOf(t, cluster)}, [][]byte{secretOf(t, cluster, "one")[core.TLSCertKey]}, late)
}
