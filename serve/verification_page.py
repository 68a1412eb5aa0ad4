"""`glassyli verify`: forecast beside outcome, on one self-contained page."""

from pathlib import Path
from typing import Any

from serve.pages import template
from serve.verification_plots import conditions_svg, reliability_svg
from serve.verification_words import answer, named, remarks, sided, told
from serve.words import DASH, count
from simulate.files import write_atomically
from train.verification import Verification


def write_verification_page(out: Path, found: Verification) -> Path:
    """Write the page.

    Returns:
        The path written.
    """
    page = template("verification.html").render(
        found=found,
        answer=answer(found),
        remarks=remarks(found),
        rows=_rows(found),
        conditions_svg=conditions_svg(found),
        reliability_svg=reliability_svg(found),
        count=count,
    )
    write_atomically(out, page)
    return out


def _rows(found: Verification) -> list[dict[str, Any]]:
    rows = []
    numbers = {group.group: 0 for group in found.groups}
    for each in found.conditions:
        numbers[each.group] += 1
        rows.append(
            {
                "name": named(each, numbers[each.group]),
                "conditions": each.conditions,
                "searched": DASH if each.searched_share is None else f"{each.searched_share:.2f}",
                "fast": f"{each.fast_share:.2f}",
                "forecast": told(each.forecast),
                "simulated": told(each.simulated.share),
                "seen": each.simulated,
                "excess": DASH if each.excess is None else sided(each.excess),
                "clipped": f"{100.0 * each.clipped_share:.0f} %",
            }
        )
    return rows
