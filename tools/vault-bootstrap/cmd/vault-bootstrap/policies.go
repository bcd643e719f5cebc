package main

// deployPolicy is what the layer `secrets` needs: it configures Vault and reads no team's secrets. Whoever may write
// policies can give themselves more: such a change is in the audit log, and this policy itself stays as it is.
const deployPolicy = `
path "sys/mounts" { capabilities = ["read", "list"] }
path "sys/mounts/*" { capabilities = ["create", "read", "update", "delete", "list", "sudo"] }
path "sys/remount" { capabilities = ["deny"] }
path "sys/auth" { capabilities = ["read", "list"] }
path "sys/auth/*" { capabilities = ["create", "read", "update", "delete", "list", "sudo"] }
path "auth/+/config" { capabilities = ["create", "read", "update", "delete"] }
path "auth/+/role" { capabilities = ["list"] }
path "auth/+/role/*" { capabilities = ["create", "read", "update", "delete", "list"] }
path "auth/+/tune" { capabilities = ["read", "update"] }
path "auth/+/groups/*" { capabilities = ["create", "read", "update", "delete", "list"] }
path "auth/kubernetes/role/idp-deploy" { capabilities = ["read"] }
path "auth/deploy/role/idp-deploy" { capabilities = ["read"] }
path "auth/deploy/config" { capabilities = ["read"] }

path "sys/policies/acl" { capabilities = ["list"] }
path "sys/policies/acl/*" { capabilities = ["create", "read", "update", "delete", "list"] }
path "sys/policies/acl/idp-deploy" { capabilities = ["read"] }
path "sys/policy" { capabilities = ["read", "list"] }
path "sys/policy/*" { capabilities = ["read"] }
path "sys/policies/password/*" { capabilities = ["create", "read", "update", "delete", "list"] }

path "sys/audit" { capabilities = ["read", "list", "sudo"] }
path "sys/audit/*" { capabilities = ["create", "read", "update", "delete", "sudo"] }
path "sys/config/auditing/*" { capabilities = ["create", "read", "update", "delete", "list", "sudo"] }
path "sys/plugins/catalog" { capabilities = ["read", "list", "sudo"] }
path "sys/plugins/catalog/*" { capabilities = ["create", "read", "update", "delete", "list", "sudo"] }
path "sys/plugins/reload/*" { capabilities = ["update", "sudo"] }
path "sys/quotas/*" { capabilities = ["create", "read", "update", "delete", "list", "sudo"] }
path "sys/storage/raft/autopilot/*" { capabilities = ["read", "create", "update"] }
path "sys/storage/raft/configuration" { capabilities = ["read"] }
path "sys/leases/lookup/*" { capabilities = ["list", "sudo"] }
path "sys/leases/revoke" { capabilities = ["update"] }
path "sys/leases/revoke-prefix/*" { capabilities = ["update", "sudo"] }
path "sys/capabilities-self" { capabilities = ["update"] }

path "identity/*" { capabilities = ["create", "read", "update", "delete", "list"] }

# Engines' settings, wherever they are mounted; of a KV engine its settings, never its data.
path "+/config" { capabilities = ["create", "read", "update", "delete"] }
path "+/config/*" { capabilities = ["create", "read", "update", "delete", "list"] }
path "+/roles" { capabilities = ["list"] }
path "+/roles/*" { capabilities = ["create", "read", "update", "delete", "list"] }
path "+/static-roles/*" { capabilities = ["create", "read", "update", "delete", "list"] }
path "+/keys" { capabilities = ["list"] }
path "+/keys/+" { capabilities = ["create", "read", "update", "delete", "list"] }
path "+/keys/+/config" { capabilities = ["create", "update"] }
path "+/keys/+/rotate" { capabilities = ["update"] }
path "+/rotate-root/*" { capabilities = ["update"] }
path "+/rotate-role/*" { capabilities = ["update"] }

# PKI: making authorities and signing one with another.
path "+/root/generate/internal" { capabilities = ["create", "update"] }
path "+/root/rotate/internal" { capabilities = ["create", "update"] }
path "+/root/sign-intermediate" { capabilities = ["create", "update"] }
path "+/intermediate/generate/internal" { capabilities = ["create", "update"] }
path "+/intermediate/set-signed" { capabilities = ["create", "update"] }
path "+/issuers" { capabilities = ["list"] }
path "+/issuer/*" { capabilities = ["create", "read", "update", "delete"] }
path "+/key/*" { capabilities = ["read", "update", "delete"] }
path "+/tidy" { capabilities = ["update"] }
path "+/crl/rotate" { capabilities = ["read", "update"] }
`

// snapshotPolicy saves everything, encrypted as it lies in the storage: without the seal it can't be read.
const snapshotPolicy = `
path "sys/storage/raft/snapshot" { capabilities = ["read"] }
`

// rotatePolicy gives the storage a new key, lets another server lead, and sees in a snapshot whether the seal's new key
// has been taken: encrypted as it lies in the storage, without the seal it can't be read.
const rotatePolicy = `
path "sys/rotate" { capabilities = ["update", "sudo"] }
path "sys/step-down" { capabilities = ["update", "sudo"] }
path "sys/storage/raft/snapshot" { capabilities = ["read"] }
`

// sealPolicy encrypts and decrypts with one key, and nothing else.
const sealPolicy = `
path "transit/encrypt/idp" { capabilities = ["update"] }
path "transit/decrypt/idp" { capabilities = ["update"] }
`
