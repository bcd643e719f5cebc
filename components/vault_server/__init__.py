"""Vault in the cluster: servers, what seals them, their certificates, initialisation, snapshots."""
