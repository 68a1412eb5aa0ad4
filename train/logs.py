"""What TensorBoard shows of a training: a curve for each member, and what the ensemble came to.

`tensorboard --logdir OUT.training/logs`; TensorBoard itself is not needed to write them.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from tensorboardX import SummaryWriter

from simulate.errors import GlassyLiError
from train.course import Epoch

if TYPE_CHECKING:
    from surrogate.manifest import Manifest

ENSEMBLE = "ensemble"


class MemberLog:
    """Curves of one member over its epochs.

    A fit that goes on from a checkpoint repeats what came after it: the first epoch told here takes
    the place of those of its number and above.

    Args:
        folder: Of all logs of a training.
        number: Of the member.
    """

    def __init__(self, folder: Path, number: int) -> None:
        self._folder = folder / f"member-{number}"
        self._writer: SummaryWriter | None = None

    def tell(self, epoch: Epoch) -> None:
        """Add an epoch."""
        if epoch.number == 0:
            return
        if self._writer is None:
            suffix = f".from-{epoch.number}"  # files of one second would else have one name
            self._writer = SummaryWriter(
                str(self._folder), purge_step=epoch.number, filename_suffix=suffix
            )
        values = {
            "loss/fitted": epoch.loss,
            "loss/validation": epoch.validation_loss,
            "learning_rate": epoch.learning_rate,
        }
        for name, value in values.items():
            if value is not None:
                self._writer.add_scalar(name, value, epoch.number)
        self._writer.flush()

    def close(self) -> None:
        """End the file."""
        if self._writer is not None:
            self._writer.close()


def log_ensemble(folder: Path, manifest: "Manifest", card_text: str) -> None:
    """Gates, scores of held-out designs, settings and card of what a training made.

    Raises:
        GlassyLiError: They cannot be written.
    """
    try:
        writer = SummaryWriter(str(folder / ENSEMBLE))
    except OSError as error:
        raise GlassyLiError(
            f"{folder} must be a writable folder, but: {error.strerror}. Mend that, or remove it; "
            "the same command goes on."
        ) from error
    with writer:
        for name, gate in manifest.gates.model_dump().items():
            writer.add_scalar(f"gate/{name}", gate, 0)
        for road, scores in manifest.scores.items():
            for name, score in scores.items():
                if isinstance(score, dict) and score["skill"] is not None:
                    writer.add_scalar(f"{road}/{name}/model", score["model"], 0)
                    writer.add_scalar(f"{road}/{name}/skill", score["skill"], 0)
            if scores["concordance"] is not None:
                writer.add_scalar(f"{road}/concordance", scores["concordance"], 0)
        settings = [f"    {name}: {value}" for name, value in manifest.training_config.items()]
        writer.add_text("settings", "\n".join(settings), 0)
        writer.add_text("card", card_text, 0)
