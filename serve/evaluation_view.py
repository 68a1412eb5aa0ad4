"""An evaluation as the terminal shows it, to people and to programs."""

from pathlib import Path
from typing import Any

from serve.console import MOST_ROWS, Console, interval
from serve.evaluation_words import (
    MEASURES,
    Measure,
    calibration_words,
    ceiling_words,
    place,
    score_of,
    verdict,
)
from serve.views import SKILL_RULE, score_table
from serve.words import count
from simulate.design import EmbryoDesign
from simulate.settings import Settings
from train.comparison import Comparison
from train.evaluate import Evaluation, EvaluationRow
from train.scores import Score
from train.standing import MODEL, AtLandmark


class Answer(Settings):
    """What `glassyli evaluate --json` prints, in this shape whatever was asked.

    Attributes:
        at_landmarks: Beside baselines, at every moment with enough who wait.
        not_at_landmarks: Why there is no such comparison.
        by_design: Forecasts from the designs alone, one by one; only of a package on records of
            which some are new to it, for of what it learnt the scores would flatter it.
    """

    at_landmarks: Comparison | None = None
    not_at_landmarks: str | None = None
    by_design: Evaluation | None = None

    def as_json(self) -> dict[str, Any]:
        """All fields, null where there is nothing, after the names of the parts there are."""
        known = {"at_landmarks": self.at_landmarks, "by_design": self.by_design}
        parts = [name for name, part in known.items() if part is not None]
        return {"parts": parts} | self.model_dump(mode="json")


def tell_evaluation(console: Console, evaluation: Evaluation, model: Path | None) -> None:
    """Scores, a table, and what to do with a model of such scores, for people."""
    console.result(
        f"{evaluation.model}: {count(evaluation.n_records, 'trajectory')} of "
        f"{count(evaluation.n_designs, 'design')}, {evaluation.n_designs_in_training} of them in "
        f"its training data; {evaluation.n_failed} failed"
    )
    scored = {f"{road} road": scores for road, scores in evaluation.scores.items()}
    if evaluation.new_designs is not None:
        scored["new designs only"] = evaluation.new_designs
    console.table(*score_table(scored))
    console.result(SKILL_RULE)
    console.result("")
    console.result(
        f"By design, at the end of the hold, the most surprising first{_of_all(evaluation)}:"
    )
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
            for row in sorted(evaluation.rows, key=_surprise, reverse=True)[:MOST_ROWS]
        ],
    )
    console.result(next_step(model))


def _surprise(row: EvaluationRow) -> float:
    """How far what was seen lies from the forecast."""
    return abs(row.n_ordered / row.n_records - row.p_crystalline)


def _of_all(evaluation: Evaluation) -> str:
    if len(evaluation.rows) <= MOST_ROWS:
        return ""
    return f" ({MOST_ROWS} of {len(evaluation.rows)}; --json has all)"


def next_step(model: Path | None) -> str:
    """What can be typed after an evaluation."""
    named = f" --model {model}" if model else ""
    return f"next: glassyli search{named} --out runs/search"


def tell_comparison(console: Console, found: Comparison) -> None:
    """The verdict, a line a landmark, and how much to trust the probabilities, for people."""
    console.result(
        f"{found.model}: {count(found.n_records, 'trajectory')} of "
        f"{count(found.n_designs, 'design')}, {found.n_failed} failed; a design is judged by at "
        f"least {count(found.n_judges, 'member')}"
    )
    for sentence in verdict(found):
        console.result(sentence)
    console.table(*_skill_table(found))
    if found.has_baselines:
        console.result(
            "skill over Kaplan-Meier; best: of the baselines; beside them: ahead of all, behind "
            "one,\nor level, by the 90 % interval of the paired difference; up to: the forecast's "
            "window"
        )
    else:
        console.result(
            "skill over Kaplan-Meier, as no baseline was learnt from the model's data here;\n"
            "up to: the forecast's window"
        )
    console.table(
        ["asked at", "Uno's C", "AUROC", "AUPRC", "by chance", "excess", "50 % held", "90 % held",
         "D-calibration p"],
        [_ranks(each) for each in found.landmarks],
    )  # fmt: skip
    console.result(
        "who orders first (Uno's C), who at all (AUROC, AUPRC); excess: forecast less seen; held: "
        "share\nof times within the interval; D-calibration p: below 0.05 times are not spread as "
        "forecast"
    )
    sentences = [*calibration_words(found), *found.notes]
    if found.ceiling is not None:
        sentences.append(ceiling_words(found.ceiling))
    for sentence in sentences:
        console.result(f"  {sentence}")


def _skill_table(found: Comparison) -> tuple[list[str], list[list[str]]]:
    """A line a landmark; what stands beside the model only where it was learnt."""
    beside = ["best", "beside"] if found.has_baselines else []
    head = ["asked at", "wait", "order", "up to, ps"]
    head += ["Brier skill", "90 %", *beside, "log skill", "90 %", *beside]
    return head, [_skills(each, has_baselines=found.has_baselines) for each in found.landmarks]


def _skills(found: AtLandmark, *, has_baselines: bool) -> list[str]:
    standing = found.standings[MODEL]
    row = [found.landmark, f"{found.n_waiting}", f"{found.n_ordered}", f"{found.horizon_ps:.0f}"]
    for measure in MEASURES:
        row += _skill(score_of(standing, measure))
        if has_baselines:
            row += [_best(found, measure), place(found, measure)[0]]
    return row


def _ranks(found: AtLandmark) -> list[str]:
    standing = found.standings[MODEL]
    scores, middle, wide = standing.scores, *standing.coverages
    excess = "-"
    if scores.expected is not None and scores.observed is not None:
        excess = f"{scores.expected - scores.observed:+.2f}"
    return [
        found.landmark,
        *(_number(each.value) for each in (standing.uno_c, standing.auroc, standing.auprc)),
        f"{found.share_ordered:.2f}",
        excess,
        *(_number(each.found.value) for each in (middle, wide)),
        f"{standing.times.p_value:.2g}",
    ]


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"


def _best(found: AtLandmark, measure: Measure) -> str:
    """Skill of the best baseline."""
    others = [score_of(s, measure) for name, s in found.standings.items() if name != MODEL]
    skills = [each.skill for each in others if each is not None and each.skill is not None]
    return f"{max(skills):+.2f}" if skills else "-"


def _skill(score: Score | None) -> tuple[str, str]:
    if score is None or score.skill is None:
        return "-", ""
    return f"{score.skill:+.2f}", interval(score.skill_interval)
