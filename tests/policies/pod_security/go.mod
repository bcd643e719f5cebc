module idp/tests/pod-security

go 1.26

require k8s.io/pod-security-admission v0.37.2
