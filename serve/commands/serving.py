"""`glassyli serve`: the prediction endpoint."""

from pathlib import Path
from typing import Annotated

import typer

from serve.commands.options import Address, AsJson
from serve.session import SESSION
from simulate.errors import MisuseError


def serve(
    host: Annotated[str, typer.Option(help="Address to listen at.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 picks a free one.")] = 8000,
    model: Annotated[
        list[str] | None,
        typer.Option(
            envvar="GLASSYLI_MODEL",
            help="Model package, PATH or NAME=PATH; once for each. The first answers when none is "
            "named. Default: the one that ships.",
        ),
    ] = None,
    replicas: Annotated[
        int, typer.Option(min=1, help="Processes that compute; each holds every model.")
    ] = 1,
    searches: Annotated[
        Path, typer.Option(help="Folder of the searches that clients submit; kept and resumed.")
    ] = Path("runs/searches"),
    address: Address = None,
    as_json: AsJson = False,
) -> None:
    """Answer predictions over HTTP until interrupted."""
    console = SESSION.console(as_json=as_json)
    from serve.endpoint.keys import digest_from_environment
    from serve.endpoint.loopback import is_loopback
    from serve.endpoint.packages import named
    from serve.endpoint.settings import Replicas, ServerSettings
    from serve.messages.service import KEY_VARIABLE
    from serve.searches.settings import SearchSettings
    from serve.server import serve_models

    settings = named(
        ServerSettings(
            models=models_named(model or []),
            replicas=Replicas(least=replicas, most=replicas),
            searches=SearchSettings(folder=str(searches)),
        )
    )

    def ready(url: str) -> None:
        console.result_json({"url": url, "models": settings.models})
        console.result(f"serving {', '.join(settings.models)} at {url}    stop: Ctrl-C")
        console.say(f"  open {url} in a browser; for programs: {url}/openapi.json")

    if not is_loopback(host) and digest_from_environment() is None:
        console.warn(
            f"listening at {host} without a key: anybody who reaches this machine may ask. "
            f"Set {KEY_VARIABLE} to a secret to answer only those who send it."
        )
    serve_models(settings, host, port, address, ready)
    console.say("stopped; nothing is left running.")


def models_named(given: list[str]) -> dict[str, str]:
    """Folders of packages by name; a package without a name goes by its own.

    Raises:
        MisuseError: A name is empty or given twice.
        PackageError: A package without a name is missing or damaged.
    """
    from serve.models import model_path
    from surrogate.manifest import read_manifest

    folders: dict[str, str] = {}
    for each in given:
        name, is_named, folder = each.partition("=")
        if not is_named or "/" in name:
            folder = each
            name = read_manifest(model_path(Path(folder))).name
        if not name or name in folders:
            raise MisuseError(
                f"--model must name each package once, but got {each!r} for {name!r}. "
                "Write --model NAME=PATH with another name."
            )
        # Not resolved: a link may lead elsewhere later, and a server must follow it.
        folders[name] = str(Path(folder).absolute())
    return folders
