package main

import (
	"crypto/x509"
	"maps"
	"testing"
	"time"

	core "k8s.io/api/core/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/fake"
)

const namespace = "idp-vault"

// fakeCluster holds at most one Secret, called `record`.
func fakeCluster(secret *core.Secret) *cluster {
	var objects []runtime.Object
	if secret != nil {
		secret.ObjectMeta = meta.ObjectMeta{Name: "record", Namespace: namespace}
		objects = append(objects, secret)
	}
	return &cluster{client: fake.NewClientset(objects...), namespace: namespace}
}

func wanted() certificatesConfig {
	return certificatesConfig{
		Namespace: namespace, Authority: "authority", Bundle: "bundle",
		Leaves: map[string][]string{"one": {"a.example", "127.0.0.1"}, "two": {"*.b.example"}},
	}
}

func made(t *testing.T, cluster *cluster) map[string]string {
	t.Helper()
	listed, err := cluster.client.CoreV1().Secrets(namespace).List(t.Context(), meta.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]string{}
	for _, secret := range listed.Items {
		found[secret.Name] = string(secret.Data[core.TLSCertKey])
	}
	return found
}

func ensure(t *testing.T, cluster *cluster, config certificatesConfig, now time.Time) map[string]string {
	t.Helper()
	if err := ensureCertificates(t.Context(), cluster, config, now); err != nil {
		t.Fatal(err)
	}
	return made(t, cluster)
}

func TestCertificatesAreMadeOnceAndRenewedInTime(t *testing.T) {
	cluster, begin := fakeCluster(nil), time.Now()
	first := ensure(t, cluster, wanted(), begin)
	if len(first) != 3 {
		t.Fatalf("made %d", len(first))
	}
	if again := ensure(t, cluster, wanted(), begin.Add(leafLife-renewal-time.Hour)); !maps.Equal(first, again) {
		t.Error("renewed too early")
	}
	later := ensure(t, cluster, wanted(), begin.Add(leafLife-renewal+time.Hour))
	if later["authority"] != first["authority"] || later["one"] == first["one"] || later["two"] == first["two"] {
		t.Error("not only the leaves were renewed")
	}
}

func TestOtherNamesAreAnotherCertificate(t *testing.T) {
	cluster, now := fakeCluster(nil), time.Now()
	first := ensure(t, cluster, wanted(), now)
	config := wanted()
	config.Leaves["one"] = []string{"c.example"}
	second := ensure(t, cluster, config, now)
	if second["one"] == first["one"] || second["two"] != first["two"] {
		t.Error("not only the changed one was replaced")
	}
}

func TestALostAuthorityIsReplacedWithAllItIssued(t *testing.T) {
	cluster, now := fakeCluster(nil), time.Now()
	first := ensure(t, cluster, wanted(), now)
	if err := cluster.client.CoreV1().Secrets(namespace).Delete(t.Context(), "authority", meta.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	for name, certificate := range ensure(t, cluster, wanted(), now) {
		if certificate == first[name] {
			t.Errorf("%s: still the old one", name)
		}
	}
}

func TestAnAuthorityNearItsEndIsForAPerson(t *testing.T) {
	cluster, now := fakeCluster(nil), time.Now()
	ensure(t, cluster, wanted(), now)
	err := ensureCertificates(t.Context(), cluster, wanted(), now.Add(authorityLife-leafLife+time.Hour))
	if code(err) != 3 {
		t.Errorf("got %v", err)
	}
}

func TestAClientThatTrustsTheBundleAcceptsTheNames(t *testing.T) {
	now := time.Now()
	authority, err := newAuthority(now)
	if err != nil {
		t.Fatal(err)
	}
	certificate, _, err := authority.issue([]string{"*.b.example", "127.0.0.1"}, now)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(authority.certificate)
	other, err := newAuthority(now)
	if err != nil {
		t.Fatal(err)
	}
	strangers := x509.NewCertPool()
	strangers.AppendCertsFromPEM(other.certificate)
	leaf := parse(t, certificate)
	for name, expected := range map[string]bool{"a.b.example": true, "127.0.0.1": true, "b.example": false, "c.example": false} {
		_, err := leaf.Verify(x509.VerifyOptions{DNSName: name, Roots: roots})
		if (err == nil) != expected {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := leaf.Verify(x509.VerifyOptions{DNSName: name, Roots: strangers}); err == nil {
			t.Errorf("%s: accepted from another authority", name)
		}
	}
}
