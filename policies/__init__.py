"""The policy pack: rules as pure functions, found by themselves, run in one analyzer process.

`rules/` holds one rule per file; `adapter` and `pack` wire them into Pulumi's policy SDK. Nothing else here imports
that SDK, so that the same catalogue can be used where no engine runs.
"""
