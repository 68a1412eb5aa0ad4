"""A model that stays up to date: its folder is looked at, and a sound new package takes over.

Questions in hand are answered by the model they were given to. A damaged package is refused, said
in the log and counted, and the old one goes on.
"""

import logging
import tempfile
from pathlib import Path
from typing import Final

from serve.endpoint.model import Model
from serve.endpoint.packages import Files
from serve.endpoint.tally import Tally
from serve.models import folder_at_present
from simulate.errors import GlassyLiError
from surrogate.known_answer import known_answer, reproduce
from surrogate.manifest import CARD, MANIFEST, WEIGHTS
from surrogate.package import read_package
from surrogate.predictor import Predictor

logger = logging.getLogger(__name__)

Look = tuple[tuple[int, int, int], ...]
"""Of each file of a package: inode, time of change, bytes."""


class HeldModel:
    """A proven model under a name.

    Args:
        asked_as: The name.
        folder: Of the package, as the settings name it.
        spare: The package as it was deployed; answers until the folder holds a sound one.

    Raises:
        PackageError: Neither is sound.
    """

    def __init__(self, asked_as: str, folder: str, spare: Files) -> None:
        self._folder = folder
        place = folder_at_present(folder)
        # Before it is read: what changes while it is read is looked at again.
        self._answers_for = self._last_seen = _look(place)
        try:
            predictor = proven(place)
        except GlassyLiError as error:
            predictor = _proven_spare(spare)
            logger.error("%s is back: %s", predictor.package.label, error)  # noqa: TRY400 - no bug
        self.model = Model(asked_as, predictor)

    def refresh(self, tally: Tally) -> None:
        """Take a new package over if there is one; slow then, a few microseconds else."""
        place = folder_at_present(self._folder)
        seen = _look(place)
        is_still = seen == self._last_seen
        self._last_seen = seen
        # Half-copied packages change from look to look; half-removed ones are no packages.
        if seen == self._answers_for or not is_still or len(seen) < len(_FILES):
            return
        self._answers_for = seen
        try:
            predictor = proven(place)
        except GlassyLiError as error:
            tally.n_refused_reloads += 1
            logger.error("%s stays: %s", self.model.name.label, error)  # noqa: TRY400 - no bug
            return
        tally.n_reloads += 1
        logger.warning("%s follows %s", predictor.package.label, self.model.name.label)
        self.model = Model(self.model.asked_as, predictor)


_FILES: Final = (MANIFEST, WEIGHTS, CARD)


def proven(folder: Path) -> Predictor:
    """A loaded package, checked against its checksums and its known answer.

    Older packages have no known answer: theirs is made here, and must come a second time.

    Raises:
        PackageError: It is not sound.
    """
    package = read_package(folder)
    known = package.manifest.known_answer or known_answer(Predictor(package))
    reproduce(Predictor(package), known)
    return Predictor(package)


def _proven_spare(spare: Files) -> Predictor:
    with tempfile.TemporaryDirectory(prefix="glassyli-") as place:
        for name, content in spare.items():
            (Path(place) / name).write_bytes(content)
        return proven(Path(place))


def _look(folder: Path) -> Look:
    found = []
    for name in _FILES:
        try:
            seen = (folder / name).stat()
        except OSError:
            continue
        found.append((seen.st_ino, seen.st_mtime_ns, seen.st_size))
    return tuple(found)
