"""Stack programs, one per layer; the only place where providers are built."""
