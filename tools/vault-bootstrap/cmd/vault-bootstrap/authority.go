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
)

// authority is a CA: certificate and key as PEM, and as they are used.
type authority struct {
	certificate, key []byte
	parsed           *x509.Certificate
	signer           *ecdsa.PrivateKey
}

// clockSkew is how far behind a node's clock may be without a new certificate being not yet valid for it.
const clockSkew = 5 * time.Minute

func newAuthority(now time.Time) (*authority, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	template, err := template("idp vault authority", now, authorityLife)
	if err != nil {
		return nil, err
	}
	template.IsCA, template.MaxPathLenZero = true, true
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

// issue returns a new certificate for a server, and its key, as PEM.
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
	return encodeCertificate(der), key, err
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

func encodeKey(key *ecdsa.PrivateKey) ([]byte, error) {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), err
}
