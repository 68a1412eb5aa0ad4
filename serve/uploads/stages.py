"""At which stage the frames of a file are: said by the file, or by the client where it is not."""

from collections.abc import Sequence
from dataclasses import replace

from serve.messages.refusals import RequestError, refused
from serve.messages.structures import StructuresRequest
from serve.uploads.reading import NumberedSnapshot


def staged(frames: Sequence[NumberedSnapshot], asked: StructuresRequest) -> list[NumberedSnapshot]:
    """The frames, at the stage that is said of those whose file does not say it.

    Raises:
        RequestError: 422, file and client contradict each other, or one time is said of many.
    """
    if asked.stage is None:
        return list(frames)
    if asked.time_ps is not None and len(frames) > 1:
        raise refused(
            422,
            "time_ps",
            f"`time_ps` is the time of one frame, but {len(frames)} are asked about. "
            "Name one in `frames`, or write the times into the file.",
            asked.time_ps,
        )
    return [_staged(frame, asked.stage, asked.time_ps) for frame in frames]


def _staged(frame: NumberedSnapshot, stage: str, said_ps: float | None) -> NumberedSnapshot:
    snapshot = frame.snapshot
    is_silent = snapshot.stage == "given"
    time_ps = snapshot.time_ps if said_ps is None else said_ps
    for name, said, seen in (
        ("stage", stage, snapshot.stage),
        ("time_ps", time_ps, snapshot.time_ps),
    ):
        if not is_silent and said != seen:
            raise _contradiction(frame, name, said, seen)
    return replace(frame, snapshot=replace(snapshot, stage=stage, time_ps=time_ps))


def _contradiction(frame: NumberedSnapshot, name: str, said: object, seen: object) -> RequestError:
    return refused(
        422,
        name,
        f"frame {frame.number} of the file says {name} = {seen}, but {said} was said. "
        "Leave that out, or correct the file.",
        said,
        {"const": seen},
    )
