"""One page that tells an evaluation to people: self-contained, computed, light and dark."""

from pathlib import Path
from typing import Any, Final

from serve import words
from serve.evaluation_plots import curves_svg, reliability_svg, skill_svg, times_svg
from serve.evaluation_words import (
    FORECASTERS,
    MEASURES,
    calibration_words,
    ceiling_words,
    over,
    place,
    place_over,
    signed,
    told,
    told_skill,
    verdict,
)
from serve.pages import template
from simulate.files import write_atomically
from train.comparison import Comparison
from train.resampling import Estimate
from train.standing import MODEL, SPREAD_SCORES, AtLandmark, Standing

DASH: Final = words.DASH


def write_evaluation_page(out: Path, found: Comparison) -> Path:
    """Write the page.

    Args:
        out: The HTML file.
        found: What it tells.

    Returns:
        The path written.
    """
    page = template("evaluation.html").render(
        found=found,
        count=words.count,
        verdict=verdict(found),
        skills=[
            skill_svg(found.landmarks, measure, f"Skill by the {name}")
            for measure, name in MEASURES.items()
        ],
        reliability_svg=reliability_svg(found.pooled),
        times_svg=times_svg(found.landmarks),
        curves_svg=curves_svg(found.curves),
        forecasters=FORECASTERS,
        calibration=calibration_words(found),
        ceiling=ceiling_words(found.ceiling) if found.ceiling else "",
        model_rows=[_model_row(each) for each in found.landmarks],
        pooled_rows=_pooled_rows(found),
        landmarks=[
            {"found": each, "rows": [_row(*item) for item in each.standings.items()]}
            for each in found.landmarks
        ],
    )
    write_atomically(out, page)
    return out


def window(found: AtLandmark) -> str:
    """From when to when the forecasts of a landmark are scored."""
    return f"up to {found.horizon_ps:.0f} ps {'later' if found.is_past_quench else 'of hold'}"


def _model_row(found: AtLandmark) -> dict[str, Any]:
    standing = found.standings[MODEL]
    scores = standing.scores
    excess = None
    if scores.expected is not None and scores.observed is not None:
        excess = scores.expected - scores.observed
    middle, wide = standing.coverages
    return {
        "landmark": found.landmark,
        "waiting": f"{found.n_waiting}",
        "ordered": f"{found.n_ordered}",
        "window": window(found),
        "place": place(found, "integrated_brier")[0],
        "log_place": place(found, "log")[0],
        "brier": _two_lines(told_skill(scores.integrated_brier)),
        "log": _two_lines(told_skill(scores.log)),
        "uno": _two_lines(told(standing.uno_c)),
        "auroc": _two_lines(told(standing.auroc)),
        "auprc": _two_lines(told(standing.auprc)),
        "by_chance": f"{found.share_ordered:.2f}",
        "excess": signed(Estimate(value=excess, interval=scores.excess_interval)),
        "half": told(middle.found),
        "wide": told(wide.found),
        "times": f"{standing.times.p_value:.2g}",
    }


def _two_lines(words_of_estimate: str) -> tuple[str, str]:
    """A number and its interval apart."""
    value, _, rest = words_of_estimate.partition(" ")
    return value, rest.strip("()")


def _row(name: str, standing: Standing) -> dict[str, Any]:
    """One forecaster at one landmark: each cell a value and what stands below it."""
    brier, log = over(standing, "integrated_brier"), over(standing, "log")
    is_model = name == MODEL
    return {
        "name": name,
        "cells": [
            (*_two_lines(told_skill(standing.scores.integrated_brier)), _repeats(standing, 0)),
            (*_two_lines(told_skill(standing.scores.log)), _repeats(standing, 1)),
            ("", "", "") if is_model else (*_two_lines(told_skill(brier)), place_over(brier)),
            ("", "", "") if is_model else (*_two_lines(told_skill(log)), place_over(log)),
            (*_two_lines(told(standing.uno_c)), _repeats(standing, 2)),
            (*_two_lines(told(standing.auroc)), _repeats(standing, 3)),
            (*_two_lines(told(standing.auprc)), ""),
            *((f"{each.found.value:.2f}", "", "") for each in standing.coverages),
            (f"{standing.times.p_value:.2g}", "", ""),
        ],
    }


def _repeats(standing: Standing, place_of_score: int) -> str:
    """Mean and standard deviation over repeats, where there are any."""
    spread = (standing.over_repeats or {}).get(SPREAD_SCORES[place_of_score])
    if spread is None:
        return ""
    return f"{spread.mean:.2f} \N{PLUS-MINUS SIGN} {spread.deviation:.2f}"


def _pooled_rows(found: Comparison) -> list[dict[str, Any]]:
    """Calibration at the horizon of every forecaster."""
    return [
        {
            "name": name,
            "excess": signed(each.mean_excess),
            "error": told(each.expected_error),
            "error_by_chance": f"{each.expected_error_by_chance[0]:.2f}",
            "largest": f"{each.largest:.2f}",
            "at_most": DASH if each.largest_at_most is None else f"{each.largest_at_most:.2f}",
            "by_chance": f"{each.largest_by_chance[0]:.2f}; {each.largest_by_chance[1]:.2f}",
        }
        for name, each in found.pooled.items()
    ]
