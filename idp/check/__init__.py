"""`idp policy check`: the pack's rules over files instead of an engine's resources.

Files become documents (`sources`, `documents`), documents become resources (`manifests`, `pulumi_files`), resources
are judged (`judge`), and a report is written in one of several formats (`text`, `sarif`, `codequality`, `rows`).
"""
