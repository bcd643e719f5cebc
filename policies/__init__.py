"""The policy pack: rules as pure functions, found by themselves, run in one analyzer process.

`rules/` holds one rule per file; `wire`, `analyzer` and `pack` answer the engine with them. Nothing else here imports
Pulumi's SDK or gRPC, so that the same catalogue can be used where no engine runs.
"""
