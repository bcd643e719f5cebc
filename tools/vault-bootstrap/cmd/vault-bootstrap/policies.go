package main

// snapshotPolicy saves everything, encrypted as it lies in the storage: without the seal it can't be read.
const snapshotPolicy = `
path "sys/storage/raft/snapshot" { capabilities = ["read"] }
`

// sealPolicy encrypts and decrypts with one key, and nothing else.
const sealPolicy = `
path "transit/encrypt/idp" { capabilities = ["update"] }
path "transit/decrypt/idp" { capabilities = ["update"] }
`
