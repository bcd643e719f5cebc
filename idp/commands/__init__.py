"""The commands of `idp`, one file for each subject; each only asks, calls and shows."""
