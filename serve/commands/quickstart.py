"""`glassyli quickstart`: the whole path, small, on this machine."""

from pathlib import Path
from typing import Annotated

import typer

from serve.commands.options import AsJson
from serve.session import SESSION


def quickstart(
    out: Annotated[Path, typer.Option(help="Folder for records, model, search, report.")] = Path(
        "glassyli-quickstart"
    ),
    config: Annotated[Path | None, typer.Option(help="Other designs and settings (YAML).")] = None,
    as_json: AsJson = False,
) -> None:
    """Simulate, train, search, serve and report in minutes; repeating it repeats nothing."""
    console = SESSION.console(as_json=as_json)
    from serve.quickstart import read_quickstart, run_quickstart

    summary = run_quickstart(read_quickstart(config), out, console)
    console.result_json(summary)
    console.result(f"\nopen {summary['report']}")
