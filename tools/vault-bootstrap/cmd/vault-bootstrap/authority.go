package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"slices"
	"time"

	core "k8s.io/api/core/v1"
)

// authority is a CA: certificate and key as PEM, and as they are used.
type authority struct {
	certificate, key []byte
	parsed           *x509.Certificate
	signer           *ecdsa.PrivateKey
	// cross is its certificate by the authority before it, PEM, for clients that know only that one; nil if there is none.
	cross []byte
	// previous is the certificate of the authority before it, PEM, for as long as a server may still show what that one
	// issued; nil if there is none.
	previous []byte
}

// clockSkew is how far behind a node's clock may be without a new certificate being not yet valid for it.
const clockSkew = 5 * time.Minute

func newAuthority(now time.Time) (*authority, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	// Each has a name of its own: by the name of an issuer clients look for its certificate.
	name, err := rand.Int(rand.Reader, big.NewInt(1<<32))
	if err != nil {
		return nil, err
	}
	template, err := template(fmt.Sprintf("idp vault authority %08x", name), now, authorityLife)
	if err != nil {
		return nil, err
	}
	// One below it: the authority that follows it.
	template.IsCA, template.MaxPathLen = true, 1
	template.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageCRLSign
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, err
	}
	keyText, err := encodeKey(key)
	if err != nil {
		return nil, err
	}
	return readAuthority(encodeCertificate(der), keyText)
}

func readAuthority(certificate, key []byte) (*authority, error) {
	pair, err := tls.X509KeyPair(certificate, key)
	if err != nil {
		return nil, err
	}
	signer, fits := pair.PrivateKey.(*ecdsa.PrivateKey)
	if !fits || !pair.Leaf.IsCA {
		return nil, errors.New("holds no authority with an EC key")
	}
	return &authority{certificate: certificate, key: key, parsed: pair.Leaf, signer: signer}, nil
}

// succeed returns a new authority that clients of this one trust as well: its certificate by this one goes to them with
// every certificate that it issues (RFC 5280 has no other word for it than a cross-certificate).
func (a *authority) succeed(now time.Time) (*authority, error) {
	if a.parsed.MaxPathLen < 1 {
		return nil, decisionError("the authority may have no other below it: it was made by an earlier version; see " +
			"\"A lost authority\" in docs/vault.md")
	}
	made, err := newAuthority(now)
	if err != nil {
		return nil, err
	}
	cross, err := template(made.parsed.Subject.CommonName, now, authorityLife)
	if err != nil {
		return nil, err
	}
	cross.IsCA, cross.MaxPathLenZero = true, true
	cross.KeyUsage, cross.SubjectKeyId = made.parsed.KeyUsage, made.parsed.SubjectKeyId
	if cross.NotAfter.After(a.parsed.NotAfter) {
		cross.NotAfter = a.parsed.NotAfter
	}
	der, err := x509.CreateCertificate(rand.Reader, cross, a.parsed, made.signer.Public(), a.signer)
	if err != nil {
		return nil, err
	}
	made.cross, made.previous = encodeCertificate(der), a.certificate
	return made, nil
}

// bundle returns what clients must trust.
func (a *authority) bundle() []byte {
	return append(slices.Clone(a.certificate), a.previous...)
}

// chain returns what a server shows: its own certificate, and what leads clients of the authority before to it.
func (a *authority) chain(leaf []byte, now time.Time) []byte {
	if a.cross == nil {
		return leaf
	}
	if cross := decodeCertificate(a.cross); cross == nil || !cross.NotAfter.After(now) {
		return leaf
	}
	return append(slices.Clone(leaf), a.cross...)
}

// issue returns a new certificate for a server, with what must be shown beside it, and its key, as PEM.
func (a *authority) issue(names []string, now time.Time) (certificate, key []byte, err error) {
	if len(names) == 0 {
		return nil, nil, usageError("configuration: leaves: a certificate without names")
	}
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	leaf, err := template(names[0], now, leafLife)
	if err != nil {
		return nil, nil, err
	}
	leaf.DNSNames, leaf.IPAddresses = split(names)
	leaf.KeyUsage = x509.KeyUsageDigitalSignature
	leaf.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	der, err := x509.CreateCertificate(rand.Reader, leaf, a.parsed, private.Public(), a.signer)
	if err != nil {
		return nil, nil, err
	}
	key, err = encodeKey(private)
	return a.chain(encodeCertificate(der), now), key, err
}

// fault tells why a certificate must be replaced; empty if it need not be.
func (a *authority) fault(certificate, key []byte, names []string, now time.Time) string {
	pair, err := tls.X509KeyPair(certificate, key)
	if err != nil {
		return "can't be read"
	}
	dns, addresses := split(names)
	same := slices.Equal(pair.Leaf.DNSNames, dns) &&
		slices.EqualFunc(pair.Leaf.IPAddresses, addresses, func(one, other net.IP) bool { return one.Equal(other) })
	switch {
	case pair.Leaf.CheckSignatureFrom(a.parsed) != nil:
		return "is of another authority"
	case !same:
		return "has other names"
	case pair.Leaf.NotAfter.Sub(now) < renewal:
		return fmt.Sprintf("ends on %s", pair.Leaf.NotAfter.Format(time.DateOnly))
	}
	return ""
}

func template(name string, now time.Time, life time.Duration) (*x509.Certificate, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return nil, err
	}
	return &x509.Certificate{
		SerialNumber:          serial,
		Subject:               pkix.Name{CommonName: name},
		NotBefore:             now.Add(-clockSkew),
		NotAfter:              now.Add(life),
		BasicConstraintsValid: true,
	}, nil
}

// split tells DNS names from IP addresses.
func split(names []string) (dns []string, addresses []net.IP) {
	for _, name := range names {
		if address := net.ParseIP(name); address != nil {
			addresses = append(addresses, address)
		} else {
			dns = append(dns, name)
		}
	}
	return dns, addresses
}

func encodeCertificate(der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

// decodeCertificate returns the first certificate of a PEM text, nil if there is none.
func decodeCertificate(text []byte) *x509.Certificate {
	block, _ := pem.Decode(text)
	if block == nil {
		return nil
	}
	parsed, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return nil
	}
	return parsed
}

func encodeKey(key *ecdsa.PrivateKey) ([]byte, error) {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), err
}

// data is the authority as its Secret holds it.
func (a *authority) data() map[string][]byte {
	data := map[string][]byte{core.TLSCertKey: a.certificate, core.TLSPrivateKeyKey: a.key}
	if a.cross != nil {
		data[crossKey] = a.cross
	}
	if a.previous != nil {
		data[previousKey] = a.previous
	}
	return data
}
