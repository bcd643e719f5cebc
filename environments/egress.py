"""Ways out of the cluster, as environment files name them."""

from __future__ import annotations

from pydantic import Field

from environments.part import Part
from environments.vocabulary import Cidr, Port


class Egress(Part):
    """A destination outside the cluster."""

    cidr: Cidr = Field(description="The IPv4 network; never link-local addresses or the whole internet.")
    port: Port = Field(description="The TCP port.")
