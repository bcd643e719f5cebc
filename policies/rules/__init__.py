"""One rule per file, named as its id; each file holds the rule as `RULE`. `policies.catalogue` finds them."""
