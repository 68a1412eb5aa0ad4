"""The fixed moments of a trajectory at which a forecast can be asked and compared.

Packing, end of heating, end of the quench, and a few times of the hold. Fixed by the clock and
never by the outcome, so that what is asked does not tell the answer.
"""

from typing import Final

from simulate.record import TrajectoryRecord

HOLD_LANDMARKS_PS: Final = (50.0, 100.0, 200.0, 400.0)
LANDMARKS: Final = (
    "packing",
    "end of heating",
    "end of quench",
    *(f"{time_ps:g} ps" for time_ps in HOLD_LANDMARKS_PS),
)


def landmark_frames(record: TrajectoryRecord) -> dict[str, int]:
    """Number of the frame nearest to each landmark that was reached; 0 is the packing.

    Numbers are those of `RecordStore.frames`: n is `record.frames[n - 1]`. A replica starts at a
    stored frame and has no heating and no quench.
    """
    found = {"packing": 0} if record.parent is None else {}
    for stage, name in (("heat", "end of heating"), ("quench", "end of quench")):
        ends = [n for n, frame in enumerate(record.frames, start=1) if frame.stage == stage]
        if ends:
            found[name] = ends[-1]
    held = [(frame.time_ps, n) for n, frame in enumerate(record.frames, 1) if frame.stage == "hold"]
    for landmark_ps in HOLD_LANDMARKS_PS:
        nearest = min(held, key=lambda each: abs(each[0] - landmark_ps), default=None)
        if nearest and abs(nearest[0] - landmark_ps) <= 0.5 * record.protocol.frame_every_ps:
            found[f"{landmark_ps:g} ps"] = nearest[1]
    return found
