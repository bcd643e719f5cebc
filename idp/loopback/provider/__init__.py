"""A provider plugin in Python: the engine's protocol in front, tables of what to call behind.

`values` and `schema` know what the engine sends and what the SDK allows, `table` is the language of the tables,
`lifecycle` carries a row out over an `Api`, `service` speaks the protocol, `main` and `install` make it a plugin.
Nothing here knows a cloud.
"""

from __future__ import annotations
