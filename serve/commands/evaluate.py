"""`glassyli evaluate`: a model's forecasts beside what was simulated."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from serve.commands.options import Address, AsJson, Model
from serve.session import SESSION

if TYPE_CHECKING:
    from collections.abc import Sequence

    from serve.console import Console
    from simulate.store import RecordStore
    from train.comparison import Comparison


NEEDS_REPEATS: Final = ("config", "work", "address")
"""Options that would be ignored without."""


def evaluate(
    context: typer.Context,
    stores: Annotated[list[Path], typer.Argument(help="Record stores to compare with.")],
    model: Model = None,
    out: Annotated[
        Path | None, typer.Option(help="Page with plots (.html) or tables (.md).")
    ] = None,
    repeats: Annotated[
        int, typer.Option(min=0, max=50, help="Train so often on other folds instead; 5 is usual.")
    ] = 0,
    config: Annotated[
        Path | None, typer.Option(help="Training settings of the repeats (YAML).")
    ] = None,
    work: Annotated[
        Path, typer.Option(help="Keeps the repeats, so that an evaluation can go on.")
    ] = Path("runs/evaluation"),
    address: Address = None,
    as_json: AsJson = False,
) -> None:
    """Score a model on records, beside baselines.

    On the stores that a model learnt from, designs are judged by members that never saw them.
    --json: see docs/evaluation-json.md.
    """
    console = SESSION.console(as_json=as_json)
    from simulate.errors import MisuseError
    from simulate.store import open_store

    def is_typed(name: str) -> bool:
        """Not a default, nor one of the environment."""
        source = context.get_parameter_source(name)
        return source is not None and source.name == "COMMANDLINE"

    ignored = next(filter(is_typed, NEEDS_REPEATS), None)
    if ignored and not repeats:
        raise MisuseError(f"--{ignored} is for --repeats, but none are asked for. Add --repeats 5.")
    if repeats and is_typed("model"):
        raise MisuseError(
            "--repeats judges models that it trains itself, so that --model must not be given, but "
            f"got {model}. Leave out one of them."
        )
    if out is not None and out.suffix not in {".html", ".md"}:
        raise MisuseError(f"--out must be an .html or .md file, but is {out}. Rename it.")
    opened = [open_store(store) for store in stores]
    if repeats:
        found = _repeated(console, opened, config, repeats, work, address)
        _publish(console, found, out, None)
    else:
        _evaluate_package(console, opened, model, out)


def _evaluate_package(
    console: "Console", stores: "Sequence[RecordStore]", model: Path | None, out: Path | None
) -> None:
    """Landmarks where enough wait; designs one by one where the package is new to some."""
    from serve.models import model_path

    path = model_path(model)

    from serve.evaluation_view import Answer, tell_comparison, tell_evaluation
    from simulate.errors import MisuseError
    from surrogate.predictor import Predictor
    from train.comparison import Comparison, compare_package, why_not
    from train.evaluate import evaluate_package

    predictor = Predictor.load(path)
    at_landmarks: Comparison | None = None
    reason = why_not(stores, predictor.package)
    if not reason:
        with console.progress("evaluate", 1) as bar:
            at_landmarks = compare_package(
                stores, predictor.package, lambda what, done, total: bar.at(done, what, total=total)
            )
    if at_landmarks is not None and at_landmarks.kind == "judges":
        _publish(console, at_landmarks, out, model)
        return
    if reason and out is not None:
        raise MisuseError(f"A page cannot be made: {reason} Or leave out --out.")
    evaluation = evaluate_package(predictor, stores)
    answer = Answer(
        at_landmarks=at_landmarks, not_at_landmarks=reason or None, by_design=evaluation
    )
    console.result_json(answer.as_json())
    if at_landmarks is not None:
        tell_comparison(console, at_landmarks)
        _write(console, at_landmarks, out)
        console.result("")
    else:
        console.result(f"Not compared at landmarks: {reason}")
    tell_evaluation(console, evaluation, model)


def _repeated(
    console: "Console",
    stores: "Sequence[RecordStore]",
    config: Path | None,
    n_repeats: int,
    work: Path,
    address: str | None,
) -> "Comparison":
    """Train what is missing, then compare."""
    from simulate.cluster import ray_session
    from simulate.errors import MisuseError
    from simulate.files import read_yaml
    from simulate.settings import validated
    from train.config import TrainingConfig
    from train.landmark import too_few_wait
    from train.records import read_records

    values = read_yaml(config, "training settings") if config else {}
    settings = validated(TrainingConfig, values, str(config or "training settings"))
    # What hours of training would end in is said before them, and before the heavy imports.
    learnt_from = [record for _, record in read_records(stores).answered]
    if reason := too_few_wait(learnt_from):
        raise MisuseError(f"--repeats cannot be compared: {reason}")

    from serve.views import show_training
    from train.comparison import compare_repeats
    from train.progress import Progress
    from train.repeats import is_trained, train_repeats

    with console.progress("train", 1) as bar:

        def tell(number: int) -> Progress:
            console.say(f"repeat {number + 1} of {n_repeats}")
            return lambda progress: show_training(bar, progress)

        if is_trained(n_repeats, work):
            packages = train_repeats(stores, settings, n_repeats, work, tell)
        else:
            with ray_session(address):
                packages = train_repeats(stores, settings, n_repeats, work, tell)
    with console.progress("evaluate", 1) as bar:
        return compare_repeats(
            stores, packages, lambda what, done, total: bar.at(done, what, total=total)
        )


def _publish(console: "Console", found: "Comparison", out: Path | None, model: Path | None) -> None:
    """The comparison for machines or people, the page, and what to do next."""
    from serve.evaluation_view import Answer, next_step, tell_comparison

    console.result_json(Answer(at_landmarks=found).as_json())
    tell_comparison(console, found)
    _write(console, found, out)
    console.result(next_step(model))


def _write(console: "Console", found: "Comparison", out: Path | None) -> None:
    if out is None:
        console.result("the same with plots: add --out evaluation.html")
        return
    if out.suffix == ".html":
        from serve.evaluation_page import write_evaluation_page

        write_evaluation_page(out, found)
    else:
        from serve.evaluation_markdown import write_evaluation_markdown

        write_evaluation_markdown(out, found)
    console.result(f"wrote {out}")
