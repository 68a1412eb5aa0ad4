"""Figures as SVG whose ink, grid and ground are the page's own: one drawing, light and dark."""

import io
import re
from dataclasses import dataclass
from html import escape
from typing import Any, Final

from matplotlib.figure import Figure


@dataclass(frozen=True, slots=True)
class Theme:
    """What a figure is drawn with apart from its data's colours."""

    ink: str
    faint: str
    paper: str

    def settings(self, name: str) -> dict[str, Any]:
        """Matplotlib settings; `name` keeps the ids of several SVGs of one page apart."""
        return {
            "svg.fonttype": "none",
            "svg.hashsalt": name,
            "font.size": 10.0,
            "text.color": self.ink,
            "axes.labelcolor": self.ink,
            "axes.edgecolor": self.ink,
            "axes.facecolor": "none",
            "figure.facecolor": "none",
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.grid": True,
            "axes.axisbelow": True,
            "grid.color": self.faint,
            "grid.linewidth": 0.6,
            "xtick.color": self.ink,
            "ytick.color": self.ink,
            "legend.frameon": False,
            "legend.fontsize": 9.5,
            "legend.labelcolor": self.ink,
        }


PAGE: Final = Theme(ink="#010203", faint="#010204", paper="#010205")
"""Stand-ins that `themed_svg` replaces by the page's own variables."""

PRINT: Final = Theme(ink="#1b2330", faint="#dfe3e9", paper="#ffffff")


def themed_svg(figure: Figure, title: str) -> str:
    """The figure as an `<svg>` element that fills its place and takes its ink from the page."""
    text = io.StringIO()
    figure.savefig(text, format="svg", dpi=220, metadata={"Date": None, "Creator": None})
    svg = text.getvalue()
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r'(<svg[^>]*?) width="[^"]*"', r"\1", svg, count=1)
    svg = re.sub(r'(<svg[^>]*?) height="[^"]*"', r"\1", svg, count=1)
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, count=1, flags=re.DOTALL)
    for stand_in, variable in (
        (PAGE.ink, "var(--ink)"),
        (PAGE.faint, "var(--line)"),
        (PAGE.paper, "var(--paper)"),
    ):
        svg = svg.replace(stand_in, variable)
    return svg.replace("<svg", f'<svg role="img" aria-label="{escape(title)}"', 1)
