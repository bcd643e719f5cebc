"""`pulumi-resource-aws`: run by the engine, or installed for it."""

from __future__ import annotations

from pathlib import Path

from idp.loopback.aws.aws import NAME, Aws
from idp.loopback.provider import install as generic
from idp.loopback.provider import main


def install(pulumi_home: Path) -> Path:
    """Install the plugin into a PULUMI_HOME and nowhere else; return its executable. Raises OSError."""
    return generic.install(pulumi_home, NAME, generic.sdk_version(NAME), __name__)


if __name__ == "__main__":
    main.run(Aws())
