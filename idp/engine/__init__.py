"""Drives the Pulumi engine: one layer is one stack."""
