"""What the name of an EC2 instance type says."""

from __future__ import annotations

import re
from typing import Literal

Architecture = Literal["arm64", "x86_64"]

_ARM = re.compile(r"(a1|[a-z]+[0-9]+[a-z]*g[a-z]*)\.")
"""Family, generation, then `g` among the options: Graviton (docs.aws.amazon.com/ec2, Instance type names)."""


def architecture(instance_type: str) -> Architecture:
    """Return the processor architecture of an `InstanceType`: `m7g.large` is arm64, `m7i.large` is x86_64."""
    return "arm64" if _ARM.match(instance_type) else "x86_64"
