"""Structure files as hypothesis draws them: whole in every format, and broken in many ways."""

import gzip
from dataclasses import dataclass

from hypothesis import strategies as st

from benchmarks.structure_files import WRITERS, snapshots
from simulate.design import EmbryoDesign

NUMBERS = (b"nan", b"inf", b"-1e9", b"1e9", b"1e400", b"0x10", b"--", b"\xff\xfe", b"")

SMALL = EmbryoDesign(
    n_atoms=120, packing_density_g_cm3=0.0534, mass_exchange="open", energy_exchange="open"
)


@dataclass(frozen=True)
class DrawnFile:
    """A file to upload.

    Attributes:
        is_whole: Whether it must be answered.
    """

    name: str
    content: bytes
    is_whole: bool


def _whole(name: str) -> bytes:
    return WRITERS[name](snapshots(SMALL, 1 if name.endswith(".data") else 2))


WHOLE = {name: _whole(name) for name in WRITERS}


@st.composite
def files(draw: st.DrawFn) -> DrawnFile:
    """A whole file, or one that was cut, overwritten, doubled, bent or misnamed."""
    name = draw(st.sampled_from(sorted(WHOLE)))
    content = WHOLE[name]
    damage = draw(st.sampled_from([None, *DAMAGES]))
    if damage is None:
        return DrawnFile(name, content, is_whole=True)
    if damage == "misnamed":
        return DrawnFile(draw(st.sampled_from(sorted(WHOLE))), content, is_whole=False)
    if name.endswith(".gz") and damage in {"number", "line", "twice"}:
        content = gzip.decompress(content)
    return DrawnFile(name, _damaged(draw, damage, content), is_whole=False)


DAMAGES = (
    "cut", "bytes", "number", "line", "twice", "bomb", "noise", "misnamed", "encoding", "header",
)  # fmt: skip


def _damaged(draw: st.DrawFn, damage: str, content: bytes) -> bytes:
    at = draw(st.integers(0, len(content) - 1))
    if damage == "cut":
        return content[:at]
    if damage == "bytes":
        return content[:at] + draw(st.binary(min_size=1, max_size=40)) + content[at + 1 :]
    if damage == "noise":
        return draw(st.binary(max_size=400))
    if damage == "encoding":
        return content.decode("latin-1").encode(draw(st.sampled_from(["utf-16", "utf-32"])))
    if damage == "bomb":
        inner = gzip.compress(b"0" * 5_000_000)
        return gzip.compress(
            draw(st.sampled_from([inner, b"9" * 200_000_000, b"120\n" * 100_000])), 1
        )
    lines = content.split(b"\n")
    row = draw(st.integers(0, len(lines) - 1))
    if damage == "line":
        del lines[row]
    elif damage == "twice":
        lines.insert(row, lines[row - 1])
    elif damage == "header":
        lines[row % 12] = draw(st.sampled_from([b"999999999", b"-1", b"0", b"", b"[[[[{", b"\x00"]))
    else:
        words = lines[row].split(b" ")
        words[draw(st.integers(0, len(words) - 1))] = draw(st.sampled_from(NUMBERS))
        lines[row] = b" ".join(words)
    return b"\n".join(lines)
