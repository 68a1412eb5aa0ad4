"""Forecasts for the terminal: a table, what it means, and where it does not hold."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from serve.console import Console, interval
from serve.words import reasons_by
from simulate.snapshot import Snapshot
from surrogate.prediction import Prediction


@dataclass(frozen=True)
class Asked:
    """One row of the answer.

    Attributes:
        label: Design or frame, for people.
        number: Of the design in the question, or of the frame in its file.
        told: What a program is told of it beside the forecast.
    """

    label: str
    number: int
    prediction: Prediction
    told: dict[str, object] = field(default_factory=dict)


def tell_predictions(console: Console, asked: Sequence[Asked], *, is_structure: bool) -> None:
    """Forecasts as a table, what they mean, and where they do not hold."""
    for each in asked:
        console.result_json(each.told | each.prediction.model_dump(mode="json"))
    noun = "frame" if is_structure else "design"
    console.table(
        [noun, "P(crystalline)", "90 %", "median incubation, ps", "in data"],
        [_row(each) for each in asked],
    )
    after = "; of a frame of the hold: after it" if is_structure else ""
    console.result(
        f"P(crystalline): lasting order within {asked[0].prediction.horizon_ps:g} ps of the hold, "
        f"order in the quench included{after}.\nMD of a one-component metal without SEI; "
        "nanoseconds are not minutes (README, Limits)."
    )
    judged = [(each.number, each.prediction.applicability) for each in asked]
    for reason in reasons_by(noun.capitalize(), judged):
        console.remark(reason)


def frame_name(number: int, frame: Snapshot) -> str:
    """Which frame, and when; one without a stage is taken to wait at the end of the quench."""
    if frame.stage == "given":
        return f"{number} as given: waiting, hold clock {frame.time_ps:g} ps"
    return f"{number} {frame.stage} {frame.time_ps:g} ps"


def _row(asked: Asked) -> list[str]:
    prediction = asked.prediction
    if prediction.applicability.looks_ordered:
        return [asked.label, "looks ordered", "", "", "no"]
    median = prediction.incubation_ps["0.5"]
    return [
        asked.label,
        f"{prediction.p_crystalline:.2f}",
        interval(prediction.p_crystalline_interval),
        _time(median, prediction.horizon_ps),
        "yes" if prediction.applicability.is_inside else "no",
    ]


def _time(median_ps: float | None, horizon_ps: float) -> str:
    """The median incubation in words where it is no time of the watched hold."""
    if median_ps is None or median_ps > horizon_ps:
        return f"beyond {horizon_ps:g}"
    return f"{median_ps:.0f}" if median_ps > 0.0 else "in the quench"
