"""Frames of a structure file as a model is asked about them, uploaded or of one's own."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from pydantic import InstanceOf

from serve.messages.refusals import RequestError, checked
from serve.messages.structures import StructureFormat, StructuresRequest
from serve.uploads.designs import before_reading, design_of, notes_on
from serve.uploads.formats import format_of
from serve.uploads.reading import NumberedSnapshot, read_own_file
from serve.uploads.stages import staged
from simulate.design import EmbryoDesign
from simulate.errors import MisuseError
from simulate.settings import Settings
from simulate.snapshot import Snapshot
from surrogate.prediction import Prediction


class AskedFrame(Settings):
    """One frame of a file.

    Attributes:
        number: In the file, from 1.
        design: What its embryo is.
        notes: What was assumed of it because nobody said it.
    """

    number: int
    design: EmbryoDesign
    snapshot: InstanceOf[Snapshot]
    notes: tuple[str, ...] = ()

    def noted(self, prediction: Prediction) -> Prediction:
        """A forecast of it that says what was assumed, too."""
        judged = prediction.applicability
        told = judged.model_copy(update={"reasons": [*judged.reasons, *self.notes]})
        return prediction.model_copy(update={"applicability": told})


def asked_frames(
    frames: Sequence[NumberedSnapshot], asked: StructuresRequest, form: StructureFormat | None
) -> tuple[AskedFrame, ...]:
    """The frames of a file that was read, with what the client says and what they say themselves.

    Args:
        frames: As they were read.
        asked: What is asked about them.
        form: Of the file; None: another one that ASE reads.

    Raises:
        RequestError: 422, where file and client contradict each other or something is missing.
    """
    notes = notes_on(form, asked.design)
    return tuple(
        AskedFrame(
            number=frame.number,
            design=design_of(frame, asked.design),
            snapshot=frame.snapshot,
            notes=notes,
        )
        for frame in staged(frames, asked)
    )


def own_frames(path: Path, said: Mapping[str, object]) -> tuple[AskedFrame, ...]:
    """Frames of a file of one's own, by the rules for uploaded ones but without their limits.

    Args:
        path: The file.
        said: As of `StructuresRequest`.

    Raises:
        MisuseError: With all that is wrong with the file or with what is said of it.
    """
    try:
        asked = checked(StructuresRequest, dict(said))
        form = asked.format or format_of(path.name)
        frames = read_own_file(path, before_reading(asked.design), form, asked.frames)
        return asked_frames(frames, asked, form)
    except RequestError as error:
        raise MisuseError(str(error)) from error
