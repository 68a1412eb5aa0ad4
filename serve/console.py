"""What the terminal shows: results to stdout, everything else to stderr.

Ray and the engines may print to file descriptor 1 whatever they are told, so results go to a saved
duplicate of it, and descriptor 1 is sent to stderr before any of them starts.
"""

import json
import os
import sys
import textwrap
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Self, TextIO

if TYPE_CHECKING:
    from rich.console import RenderableType

Row = Sequence[object]

COLUMNS = 100
"""Of a sentence."""
MOST_ROWS = 20
"""Of a table for people that may be long."""

QUIET_S = 5.0
"""Where stderr is no terminal, progress speaks at most this often."""


class Console:
    """Where one command writes.

    Attributes:
        as_json: Whether results are for machines.
        is_quiet: Whether progress is hidden.
    """

    def __init__(self, *, as_json: bool = False, is_quiet: bool = False) -> None:
        """Claim standard output; do this once, before any engine starts."""
        self.as_json = as_json
        self.is_quiet = is_quiet
        sys.stdout.flush()
        self._results: TextIO = os.fdopen(os.dup(1), "w", encoding="utf-8")
        os.dup2(2, 1)

    def result(self, text: str) -> None:
        """One line of the answer, for people."""
        if not self.as_json:
            self._results.write(f"{text}\n")
            self._results.flush()

    def result_json(self, value: object) -> None:
        """One JSON object on its own line, for machines."""
        if self.as_json:
            self._results.write(json.dumps(value, allow_nan=False) + "\n")
            self._results.flush()

    def table(self, head: Row, rows: Sequence[Row]) -> None:
        """An aligned table, for people; numbers to the right."""
        if self.as_json:
            return
        texts = [[str(cell) for cell in row] for row in (head, *rows)]
        widths = [max(len(row[i]) for row in texts) for i in range(len(head))]
        is_number = [all(_is_number(row[i]) for row in texts[1:]) for i in range(len(head))]
        for row in texts:
            cells = [
                cell.rjust(width) if right else cell.ljust(width)
                for cell, width, right in zip(row, widths, is_number, strict=True)
            ]
            self.result(("  " + "  ".join(cells)).rstrip())

    def sentence(self, text: str, indent: str = "  ") -> None:
        """A sentence of the answer in lines of a terminal's width, for people."""
        for line in _lines(text, indent):
            self.result(line)

    def say(self, text: str) -> None:
        """A remark to the person watching, on stderr."""
        if not self.is_quiet:
            sys.stderr.write(f"{text}\n")
            sys.stderr.flush()

    def remark(self, text: str, indent: str = "  ") -> None:
        """A sentence to the person watching, likewise in lines, the later ones set in further."""
        for line in _lines(text, indent, f"{indent}  "):
            self.say(line)

    def warn(self, text: str) -> None:
        """A remark that is shown even when quiet."""
        sys.stderr.write(f"warning: {text}\n")
        sys.stderr.flush()

    @contextmanager
    def progress(self, what: str, total: float) -> Iterator["ProgressBar"]:
        """A live bar on stderr with rate and time left; plain lines where stderr is no terminal."""
        with ProgressBar(self, what, total) as bar:
            yield bar


class ProgressBar:
    """A bar that knows how far it is."""

    def __init__(self, console: Console, what: str, total: float) -> None:
        from rich.console import Console as RichConsole
        from rich.live import Live
        from rich.progress import (
            BarColumn,
            MofNCompleteColumn,
            Progress,
            TextColumn,
            TimeElapsedColumn,
        )

        self._console = console
        self._is_live = sys.stderr.isatty() and not console.is_quiet
        screen = RichConsole(file=sys.stderr)
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=28),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.fields[left]}"),
            TextColumn("{task.fields[note]}"),
            console=screen,
        )
        self._facts: Mapping[str, str] = {}
        self._live = Live(console=screen, get_renderable=self._picture, refresh_per_second=4)
        self._task = self._bar.add_task(what, total=total, left="", note="")
        self._what = what
        self._total = total
        self._said_at = -QUIET_S

    def __enter__(self) -> Self:
        if self._is_live:
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._is_live:
            self._live.stop()

    def at(
        self,
        done: float,
        note: str = "",
        seconds_left: float | None = None,
        total: float | None = None,
        facts: Mapping[str, str] | None = None,
    ) -> None:
        """Move the bar to `done`, with a short note; a plain line where there is no terminal.

        Args:
            done: Steps behind us.
            note: A few words.
            seconds_left: Guess; None: not known yet.
            total: Steps in all, where that is known only now.
            facts: Names and values for a table, where there is room for one instead of the note.
        """
        self._total = self._total if total is None else total
        self._facts = facts or {}
        left = f"~{duration(seconds_left)} left" if seconds_left is not None else ""
        if self._is_live:
            shown = "" if self._facts else note
            self._bar.update(self._task, completed=done, total=self._total, note=shown, left=left)
        elif done >= self._total or time.monotonic() - self._said_at >= QUIET_S:
            self._said_at = time.monotonic()
            parts = [f"{self._what}  {done:g}/{self._total:g}", note, left]
            self._console.say("  ".join(part for part in parts if part))

    def _picture(self) -> "RenderableType":
        """The bar, and what is known beneath it."""
        from rich.console import Group
        from rich.table import Table

        if not self._facts:
            return self._bar
        table = Table(box=None, padding=(0, 3, 0, 0), header_style="dim")
        for name in self._facts:
            table.add_column(name, justify="right")
        table.add_row(*self._facts.values())
        return Group(self._bar, table)


def _lines(text: str, indent: str, later: str | None = None) -> list[str]:
    """A sentence in lines of a terminal's width."""
    return textwrap.wrap(
        text,
        COLUMNS,
        initial_indent=indent,
        subsequent_indent=indent if later is None else later,
        break_on_hyphens=False,
    )


def duration(seconds: float) -> str:
    """Seconds as people say them.

    >>> duration(4.2), duration(75), duration(5400)
    ('4 s', '1 min 15 s', '1 h 30 min')
    """
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s" if whole % 60 else f"{whole // 60} min"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def interval(values: Sequence[float | None] | None, digits: int = 2) -> str:
    """An interval in brackets; an open end is written as such.

    >>> interval([0.1, 0.25]), interval([120.0, None], 0)
    ('(0.10 to 0.25)', '(120 to not reached)')
    """
    if values is None:
        return ""
    low, high = ("not reached" if value is None else f"{value:.{digits}f}" for value in values)
    return f"({low} to {high})"


def _is_number(text: str) -> bool:
    try:
        float(text.strip("(%)+"))
    except ValueError:
        return text in {"", "-", "\N{EM DASH}"}
    return True
