"""`glassyli evaluate`: a model's forecasts beside what was simulated."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from serve.commands.options import AsJson, Model
from serve.session import SESSION

if TYPE_CHECKING:
    from serve.console import Console
    from train.evaluate import Evaluation
    from train.scores import Scores


def evaluate(
    store: Annotated[Path, typer.Argument(help="Record store to compare with.")],
    model: Model = None,
    as_json: AsJson = False,
) -> None:
    """Score a model on a record store, beside Kaplan-Meier.

    Designs that the model was trained on are told from new ones.
    """
    console = SESSION.console(as_json=as_json)
    from serve.models import model_path
    from simulate.store import open_store

    opened = open_store(store)
    path = model_path(model)

    from surrogate.predictor import Predictor
    from train.evaluate import evaluate_package

    evaluation = evaluate_package(Predictor.load(path), opened)
    console.result_json(evaluation.model_dump(mode="json"))
    report(console, evaluation, model)


def report(console: "Console", evaluation: "Evaluation", model: Path | None) -> None:
    """Scores, a table, and what to do with a model of such scores, for people."""
    from serve.console import interval
    from serve.words import count
    from simulate.design import EmbryoDesign

    console.result(
        f"{evaluation.model}: {count(evaluation.n_records, 'trajectory')} of "
        f"{count(evaluation.n_designs, 'design')}, {evaluation.n_designs_in_training} of them in "
        f"its training data; {evaluation.n_failed} failed"
    )
    scored = {f"{road} road": scores for road, scores in evaluation.scores.items()}
    if evaluation.new_designs is not None:
        scored["new designs only"] = evaluation.new_designs
    console.table(*score_table(scored))
    console.result("")
    console.table(
        ["design", "trained on", "ordered", "P(crystalline)", "90 %"],
        [
            [
                EmbryoDesign.model_validate(row.design).sentence,
                "yes" if row.is_in_training else "no",
                f"{row.n_ordered} of {row.n_records}",
                f"{row.p_crystalline:.2f}",
                interval(row.p_crystalline_interval),
            ]
            for row in evaluation.rows
        ],
    )
    named = f" --model {model}" if model else ""
    console.result(f"next: glassyli search{named} --out runs/search")


def score_table(scored: "Mapping[str, Scores]") -> tuple[list[str], list[list[str]]]:
    """Head and rows: skill over Kaplan-Meier, its interval, and ordered shares."""
    from serve.console import interval

    head = ["", "horizon, ps", "integrated Brier skill", "90 %", "forecast", "seen ordered"]
    rows = []
    for name, scores in scored.items():
        brier = scores.integrated_brier
        rows.append(
            [
                name,
                f"{scores.horizon_ps:.0f}",
                "-" if brier is None or brier.skill is None else f"{brier.skill:+.2f}",
                "" if brier is None else interval(brier.skill_interval),
                f"{scores.expected:.2f}",
                f"{scores.observed:.2f}",
            ]
        )
    return head, rows
