package main

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
