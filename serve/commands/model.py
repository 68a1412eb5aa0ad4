"""`glassyli model`: what a model package is, and whether it is whole."""

from pathlib import Path
from typing import Annotated

import typer

from serve.commands.options import AsJson
from serve.session import SESSION

model_app = typer.Typer(
    help="Look at a model package, or check it.", no_args_is_help=True, rich_markup_mode=None
)
PackagePath = Annotated[
    Path | None, typer.Argument(metavar="[PACKAGE]", help="Default: the one that ships.")
]


@model_app.command()
def inspect(
    package: PackagePath = None,
    card: Annotated[bool, typer.Option("--card", help="Show the whole model card.")] = False,
    as_json: AsJson = False,
) -> None:
    """What it was trained on, how it scored, and what it cannot do."""
    console = SESSION.console(as_json=as_json)
    from serve.models import model_path
    from surrogate.manifest import CARD, read_checked

    path = model_path(package)
    manifest, content = read_checked(path)
    console.result_json(manifest.summary(manifest.label))
    if card:
        console.result(content[CARD].decode().rstrip())
        return
    from serve.views import tell_model

    tell_model(console, manifest, path)


@model_app.command()
def verify(package: PackagePath = None, as_json: AsJson = False) -> None:
    """Check its checksums, schema, physics version and weights."""
    console = SESSION.console(as_json=as_json)
    from serve.models import model_path

    path = model_path(package)
    from serve.words import count
    from surrogate.package import read_package

    found = read_package(path)
    members = count(len(found.members()), "member")
    console.result_json({"package": str(path), "model": found.label, "is_sound": True})
    console.result(f"{found.label} in {path} is whole: checksums, schema, physics, {members}")
