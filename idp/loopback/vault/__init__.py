"""Vault for machines without the official provider plugin: a plugin of our own in front of a real Vault server.

`plugin` is the plugin (`tables` say what it calls, `client` speaks hvac, to loopback addresses only), `login` gets
it a token that lives briefly, `leftovers` lists what is still configured in a server.
"""

from __future__ import annotations
