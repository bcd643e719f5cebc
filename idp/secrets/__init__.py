"""Secrets of teams, as people read and write them in Vault; no value is ever an argument, a log or a file here."""
