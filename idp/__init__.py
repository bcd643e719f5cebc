"""The `idp` command: orchestrates the stacks of an environment; it imports no component."""
