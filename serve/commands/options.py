"""Options that several verbs share."""

from pathlib import Path
from typing import Annotated

import typer

AsJson = Annotated[bool, typer.Option("--json", help="Answer in JSON on stdout, nothing else.")]
Address = Annotated[
    str | None,
    typer.Option(
        envvar="RAY_ADDRESS", help="A running Ray cluster, host:port. Default: start one here."
    ),
]
Model = Annotated[
    Path | None,
    typer.Option(envvar="GLASSYLI_MODEL", help="Model package. Default: the one that ships."),
]
HorizonPs = Annotated[
    float | None, typer.Option(help="Length of the hold asked about, ps. Default: the model's.")
]
ShareHorizonPs = Annotated[
    float | None,
    typer.Option(
        "--horizon-ps",
        help="MD horizon of the share, ps. Default: the calibrated map's, or the hold.",
    ),
]
