"""`glassyli serve`: the prediction endpoint."""

from typing import Annotated

import typer

from serve.commands.options import Address, AsJson, Model
from serve.session import SESSION


def serve(
    host: Annotated[str, typer.Option(help="Address to listen at.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 picks a free one.")] = 8000,
    model: Model = None,
    address: Address = None,
    as_json: AsJson = False,
) -> None:
    """Answer predictions over HTTP until interrupted."""
    console = SESSION.console(as_json=as_json)
    from serve.models import model_path
    from serve.server import serve_package

    path = model_path(model)

    def ready(url: str) -> None:
        console.result_json({"url": url, "model": str(path)})
        console.result(f"serving {path} at {url}    stop: Ctrl-C")
        console.say(f"  try: curl {url}/v1/model")

    if host not in {"127.0.0.1", "localhost", "::1"}:
        console.warn(f"listening at {host}: anybody who reaches this machine may ask.")
    serve_package(path, host, port, address, ready)
    console.say("stopped; nothing is left running.")
