"""`glassyli verify`: do fresh simulations bear out the best conditions of a search?"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from serve.commands.options import Address, AsJson, Model
from serve.session import SESSION

if TYPE_CHECKING:
    from serve.console import Console
    from surrogate.frozen.forecasts import FrozenForecasts


def verify(
    search: Annotated[Path, typer.Argument(help="Folder of a finished search.")],
    model: Model = None,
    out: Annotated[
        Path | None,
        typer.Option(
            help="Folder of the verification; the same one resumes it. "
            "Default: SEARCH/verification."
        ),
    ] = None,
    top: Annotated[
        int, typer.Option(min=1, max=100, help="Best conditions, and as many at random.")
    ] = 3,
    embryos: Annotated[
        int,
        typer.Option(min=2, max=10_000, help="Simulated for each; fewer widen the intervals."),
    ] = 50,
    seed: Annotated[int, typer.Option(min=0, help="Of conditions and embryos drawn.")] = 1,
    workers: Annotated[
        int | None, typer.Option(min=1, help="Trajectories at a time. Default: one a core.")
    ] = None,
    address: Address = None,
    dry_run: Annotated[
        bool, typer.Option(help="Say what would be run and what it costs here, and stop.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Check a search's best conditions by fresh molecular dynamics.

    Forecasts are frozen first, for the best conditions and as many drawn at random; then embryos
    that the deposition map expects are simulated anew. Stop at any time and go on later. This
    verifies the surrogate against molecular dynamics, not the map against a cell.
    """
    console = SESSION.console(as_json=as_json)
    from serve.models import model_path
    from surrogate.frozen.forecasts import FORECASTS, VerificationQuestion, read_search
    from surrogate.manifest import read_manifest

    path = model_path(model)
    label = read_manifest(path).label
    result, checksum = read_search(search, label)
    question = VerificationQuestion(
        search_sha256=checksum, model=label, n_top=top, n_embryos=embryos, seed=seed
    )
    folder = out or search / "verification"

    from serve.verification_words import cut_short
    from surrogate.frozen.freezing import freeze, frozen_in
    from surrogate.predictor import Predictor

    predictor = Predictor.load(path)
    shorter = cut_short(top, len(result.ranked))
    if shorter is not None:
        console.say(shorter)
    if dry_run and not (folder / FORECASTS).exists():
        _tell_price(console, freeze(predictor, result, question), folder)
        return
    forecasts = frozen_in(folder, predictor, result, question)
    if dry_run:
        _tell_price(console, forecasts, folder)
        return
    _simulate_and_compare(console, forecasts, folder, address, workers)


def _tell_price(console: "Console", forecasts: "FrozenForecasts", folder: Path) -> None:
    from serve.price_view import priced
    from serve.verification_view import tell_plan

    found = priced(console, forecasts.plans(), folder / "records", forecasts.protocol)
    tell_plan(console, forecasts, found)


def _simulate_and_compare(
    console: "Console",
    forecasts: "FrozenForecasts",
    folder: Path,
    address: str | None,
    workers: int | None,
) -> None:
    from serve.campaign_view import campaign_view
    from serve.verification_page import write_verification_page
    from serve.verification_view import tell_verification
    from serve.words import count
    from simulate.campaign import run_campaign
    from simulate.files import write_atomically
    from simulate.store import create_or_open
    from train.verification import verified

    store = create_or_open(folder / "records", forecasts.protocol)
    plans = forecasts.plans()
    waiting = sum(plan.trajectory_id not in store for plan in plans)
    console.say(
        f"forecasts of {count(len(forecasts.conditions), 'condition')} frozen "
        f"{forecasts.frozen_at} in {folder}; {waiting} of {count(len(plans), 'trajectory')} to run"
    )
    with campaign_view(console, waiting) as view:
        run_campaign(plans, store, address=address, n_workers=workers, on_progress=view.show)
    found = verified(forecasts, store)
    write_atomically(folder / "verification.json", found.model_dump_json(indent=1) + "\n")
    page = write_verification_page(folder / "verification.html", found)
    console.result_json(
        found.model_dump(mode="json") | {"page": str(page), "store": str(store.path)}
    )
    tell_verification(console, found)
    console.result(f"page in {page}    the trajectories can be learnt from:")
    console.result(f"next: glassyli records merge {store.path} STORE --out MERGED")
