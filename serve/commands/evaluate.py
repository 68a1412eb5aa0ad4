"""`glassyli evaluate`: a model's forecasts beside what was simulated."""

from pathlib import Path
from typing import Annotated

import typer

from serve.commands.options import AsJson, Model
from serve.session import SESSION


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

    from serve.views import tell_evaluation
    from surrogate.predictor import Predictor
    from train.evaluate import evaluate_package

    evaluation = evaluate_package(Predictor.load(path), opened)
    console.result_json(evaluation.model_dump(mode="json"))
    tell_evaluation(console, evaluation, model)
