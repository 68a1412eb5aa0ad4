"""`glassyli potentials`: which there are, whether they are fit, and what they are like."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from serve.commands.options import AsJson
from serve.session import SESSION

if TYPE_CHECKING:
    from serve.console import Console
    from simulate.potentials.findings import Report
    from simulate.potentials.registry import Potential

potentials_app = typer.Typer(
    help="List, test or measure interatomic potentials.",
    invoke_without_command=True,
    rich_markup_mode=None,
)
Name = Annotated[str, typer.Argument(help="One of `glassyli potentials`.")]
Out = Annotated[
    Path | None, typer.Option(help="Keep the result in this file instead of the package.")
]


@potentials_app.callback()
def list_potentials(context: typer.Context, as_json: AsJson = False) -> None:
    """One line a potential: what it describes, how long its steps are, what it costs."""
    if context.invoked_subcommand is not None:
        return
    console = SESSION.console(as_json=as_json)
    from serve.potentials_view import tell_potentials

    tell_potentials(console)


@potentials_app.command()
def check(
    name: Name,
    full: Annotated[
        bool, typer.Option("--full", help="All of it: minutes, for ReaxFF and SNAP an hour.")
    ] = False,
    out: Out = None,
    as_json: AsJson = False,
) -> None:
    """Run the admission test of one.

    Crystals at rest and a small free crystal, at most a minute. With --full for longer, and the
    energy that an isolated embryo keeps; the result is dated and kept beside the coefficients.
    """
    console = SESSION.console(as_json=as_json)
    from simulate.errors import MisuseError
    from simulate.potentials.admission import Form, admit
    from simulate.potentials.findings import keep, place_to_keep

    potential = _asked(name)
    if out is not None and not full:
        raise MisuseError(
            "--out must go with --full, since only full results are kept, but --full is missing. "
            "Add it, or leave out --out."
        )
    form: Form = "full" if full else "quick"
    place = place_to_keep("admission", potential, out) if full else None
    report = _watched(console, f"checking {name}", lambda told: admit(name, form, told))
    from serve.potentials_view import tell_report

    tell_report(console, report)
    if place is not None:
        keep(report, place)
        console.say(f"kept in {place}")
    if report.verdict == "fail":
        raise typer.Exit(1)


@potentials_app.command()
def characterise(
    name: Name,
    sizes: Annotated[str, typer.Option(help="Atoms of the clusters heated.")] = "200,500,1000",
    rate: Annotated[float, typer.Option(min=0.01, help="Heating rate, simulated K/ps.")] = 2.0,
    seeds: Annotated[int, typer.Option(min=1, help="Repetitions, for errors.")] = 2,
    watch_ps: Annotated[float, typer.Option(min=8.0, help="The melt's diffusion, ps.")] = 20.0,
    out: Out = None,
    as_json: AsJson = False,
) -> None:
    """Measure Tm(N), latent heat, diffusivity and fcc.

    Takes a minute or two by an EAM potential, and longer as `glassyli potentials` says others are
    dearer. Tm(N) is the melting of free clusters that are heated, diffusivity that of the melt at a
    hold of 300 K, and fcc is compared with bcc at rest. The result is dated and kept beside the
    coefficients.
    """
    console = SESSION.console(as_json=as_json)
    from serve.potentials_view import tell_report
    from simulate.potentials.characterise import Effort
    from simulate.potentials.characterise import characterise as measured
    from simulate.potentials.findings import keep, place_to_keep

    potential = _asked(name)
    effort = Effort(_sizes(sizes), rate, seeds, watch_ps)
    place = place_to_keep("characterisation", potential, out)
    report = _watched(console, f"measuring {name}", lambda told: measured(name, effort, told))
    tell_report(console, report)
    keep(report, place)
    console.say(f"kept in {place}")
    if report.verdict == "fail":  # something broke down before it was measured
        raise typer.Exit(1)


def _asked(name: str) -> "Potential":
    """The potential of that name, or what is wrong with the name."""
    from simulate.errors import MisuseError
    from simulate.potentials.registry import potential_named

    try:
        return potential_named(name)
    except ValueError as error:
        raise MisuseError(str(error)) from error


def _sizes(text: str) -> tuple[int, ...]:
    from simulate.errors import MisuseError

    try:
        return tuple(int(part) for part in text.split(","))
    except ValueError as error:
        raise MisuseError(
            f"--sizes must be whole numbers with commas between them, but got {text!r}. "
            "Write for example --sizes 200,500."
        ) from error


def _watched(
    console: "Console",
    what: str,
    measure: "Callable[[Callable[[float, str], object]], Report]",
) -> "Report":
    """Measure with a bar and the time left, judged by the time spent."""
    import time

    began = time.monotonic()
    with console.progress(what, 100) as bar:

        def told(share: float, note: str) -> None:
            spent_s = time.monotonic() - began
            left_s = spent_s * (1.0 - share) / share if share > 0.0 else None
            bar.at(round(100 * share), note, left_s)

        return measure(told)
