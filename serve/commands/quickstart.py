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
    """The whole path in minutes, from atoms to a report.

    Simulates, trains, searches, serves and reports; repeating it repeats nothing.
    """
    console = SESSION.console(as_json=as_json)
    from serve.quickstart_config import read_quickstart
    from simulate.store import create_or_open

    asked = read_quickstart(config)
    if (out / "records" / "store.json").exists():
        create_or_open(out / "records", asked.campaign.protocol)

    from serve.quickstart import run_quickstart

    summary = run_quickstart(asked, out, console)
    console.result_json(summary)
    console.result(f"\nopen {summary['report']}")
    console.result(f"next: glassyli predict --model {summary['model']} --designs designs.jsonl")
