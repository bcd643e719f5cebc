"""Arguments and options that commands share."""

from __future__ import annotations

from typing import Annotated

import typer

from stacks.layers import LAYERS

*_FIRST, _LAST = LAYERS

EnvironmentName = Annotated[
    str,
    typer.Argument(
        metavar="ENV",
        help="Name of a file in environments/, without .yaml; ENV.LAYER is one layer.",
        show_default=False,
    ),
]
Layer = Annotated[
    str | None,
    typer.Option("--layer", metavar="LAYER", help=f"Only this layer: {', '.join(_FIRST)} or {_LAST}."),
]
IKnow = Annotated[
    str | None,
    typer.Option(
        "--i-know",
        metavar="NAME",
        help="The environment's name: protected resources may be removed, too.",
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout instead of tables.")]
Wait = Annotated[
    float, typer.Option("--wait", metavar="SECONDS", min=0, help="How long to wait for whoever holds the environment.")
]
Refresh = Annotated[
    bool, typer.Option("--refresh", help="Look at the real objects first, and repair what has drifted.")
]
