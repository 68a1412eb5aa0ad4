"""A model package: one folder with everything needed to use a model, to check it and to judge it.

    PACKAGE/package.json           what it is: protocol, designs, numbers, checksums
    PACKAGE/weights.safetensors    weights of every member
    PACKAGE/model_card.md          what it can and cannot do, for people

Written aside and renamed as a whole. Loading reads numbers and text and executes nothing.
"""

import os
import shutil
import tempfile
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load as load_tensors
from safetensors.torch import save as save_tensors
from torch import Tensor

from simulate.errors import GlassyLiError, MisuseError, PackageError
from simulate.files import sha256_of, write_atomically
from simulate.protocol import Protocol
from surrogate.manifest import CARD, MANIFEST, WEIGHTS, Manifest, read_checked
from surrogate.network import EmbryoNet


@dataclass(frozen=True)
class Package:
    """A model package in memory.

    Attributes:
        manifest: What it is.
        weights: Tensors of every member, named ``members.<number>.<parameter>``.
        card_text: The model card, Markdown.
    """

    manifest: Manifest
    weights: dict[str, Tensor]
    card_text: str

    @property
    def name(self) -> str:
        """What its maker called it."""
        return self.manifest.name

    @property
    def protocol(self) -> Protocol:
        """The protocol its predictions are for."""
        return self.manifest.protocol

    @cached_property
    def label(self) -> str:
        """Name and short hash of the weights: names a model in every prediction."""
        return f"{self.name}-{sha256_of(save_tensors(self.weights))[:8]}"

    def members(self) -> list[EmbryoNet]:
        """The networks, ready for use.

        Raises:
            PackageError: The weights do not fit the architecture, or are not finite.
        """
        spoilt = [name for name, each in self.weights.items() if not each.isfinite().all()]
        if spoilt:
            raise PackageError(
                f"the weights of {self.name} must be finite, but {spoilt[0]} is not. "
                "Fetch or train the package anew."
            )
        networks = []
        for number in range(self.manifest.n_members):
            prefix = f"members.{number}."
            state = {
                name.removeprefix(prefix): tensor
                for name, tensor in self.weights.items()
                if name.startswith(prefix)
            }
            network = self.manifest.network()
            try:
                network.load_state_dict(state)
            except RuntimeError as error:
                raise PackageError(
                    f"the weights of {self.name} must fit its architecture, but member {number} "
                    f"does not: {error}. Fetch or train the package anew."
                ) from error
            networks.append(network.eval().requires_grad_(requires_grad=False))
        return networks

    def summary(self) -> dict[str, Any]:
        """What a user wants to know first; ready for JSON."""
        return self.manifest.summary(self.label)

    def write(self, path: Path) -> None:
        """Write the folder; it appears whole or not at all.

        Raises:
            MisuseError: There is something at `path` already.
            GlassyLiError: The place cannot be written.
        """
        check_is_free(path)
        files = {WEIGHTS: save_tensors(self.weights), CARD: self.card_text.encode()}
        sums = {name: sha256_of(content) for name, content in files.items()}
        manifest = self.manifest.model_copy(update={"sha256": sums})
        files[MANIFEST] = (manifest.model_dump_json(indent=1) + "\n").encode()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            aside = Path(tempfile.mkdtemp(dir=path.parent, prefix=f".{path.name}."))
        except OSError as error:
            raise GlassyLiError(
                f"{path.parent} must be a writable folder, but: {error.strerror}. "
                "Choose another --out."
            ) from error
        try:
            for name, content in files.items():
                write_atomically(aside / name, content)
            aside.chmod(0o755)
            aside.rename(path)
        except BaseException as error:
            shutil.rmtree(aside, ignore_errors=True)
            if isinstance(error, OSError):
                raise GlassyLiError(
                    f"{path} could not be written: {error.strerror}. Nothing was left half-written."
                ) from error
            raise
        _sync(path.parent)


def check_is_free(path: Path) -> None:
    """Refuse to overwrite.

    Raises:
        MisuseError: There is something at `path` already.
    """
    if path.exists():
        raise MisuseError(
            f"a new model package must not replace anything, but {path} exists. "
            "Choose another --out, or remove it first."
        )


def read_package(path: Path) -> Package:
    """A package from its folder, checked against its own checksums.

    Raises:
        PackageError: Missing, damaged, foreign, of another release or of other physics.
    """
    manifest, content = read_checked(path)
    try:
        weights = load_tensors(content[WEIGHTS])
        card_text = content[CARD].decode()
    except (SafetensorError, UnicodeDecodeError) as error:
        raise PackageError(
            f"{path} is damaged: {error}. Fetch or train the package anew."
        ) from error
    return Package(manifest, weights, card_text)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
