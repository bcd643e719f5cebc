"""AWS on this machine: moto behind, and a provider plugin for machines without the official one.

`plugin` is the plugin (`tables` say what it calls, `client` speaks botocore, to loopback addresses only), `server`
runs moto with the `recorder` in front, `leftovers` lists what is still there.
"""

from __future__ import annotations
