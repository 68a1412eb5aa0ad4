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
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from pydantic import Field, ValidationError
from safetensors import SafetensorError
from safetensors.torch import load as load_tensors
from safetensors.torch import save as save_tensors
from torch import Tensor

from simulate.errors import MisuseError, PackageError
from simulate.files import sha256_of, write_atomically
from simulate.protocol import Protocol
from simulate.settings import Settings, explain
from surrogate.applicability import TrainingDomain
from surrogate.network import EmbryoNet

SCHEMA_VERSION: Final = 1
MANIFEST: Final = "package.json"
WEIGHTS: Final = "weights.safetensors"
CARD: Final = "model_card.md"
UNITS: Final = {
    "time": "ps on the hold clock",
    "temperature": "K, experiment-equivalent",
    "packing_density": "g/cm3",
}


class Architecture(Settings):
    """Sizes of the networks."""

    design_width: int = Field(ge=1)
    graph_width: int = Field(ge=1)
    n_rounds: int = Field(ge=1)

    def network(self) -> EmbryoNet:
        """A member without training."""
        return EmbryoNet(self.design_width, self.graph_width, self.n_rounds)


class Gates(Settings):
    """How much of the structure correction counts, chosen on held-out designs.

    Attributes:
        packed: For atoms before the end of the quench.
        waiting: For atoms at the end of the quench or later.
    """

    packed: float = Field(ge=0, le=1)
    waiting: float = Field(ge=0, le=1)


class ReferenceCurve(Settings):
    """Kaplan-Meier curve of the training records: the forecast to beat.

    Attributes:
        knots_ps: 0 and the times of order on the hold clock, rising.
        survival_at_knots: Share still disordered there; linear between, constant after the last.
    """

    knots_ps: list[float]
    survival_at_knots: list[float]


class Manifest(Settings):
    """What `package.json` says.

    Attributes:
        training_data_sha256: `simulate.store.content_hash` of every training store.
        n_packings: Packings averaged by the full road.
        road_difference: Mean absolute difference of P(order by the end of the hold) between the two
            roads, over the training designs.
        scores: What held-out designs showed, by road (see `train.evaluate`).
        warnings: What a user should know about the data.
        sha256: Checksum of every other file.
    """

    schema_version: int = SCHEMA_VERSION
    name: str
    glassyli: str = Field(default_factory=lambda: version("glassyli"))
    created_at: str
    element: str
    potential: str
    protocol: Protocol
    domain: TrainingDomain
    architecture: Architecture
    n_members: int = Field(ge=2)
    n_packings: int = Field(ge=1)
    gates: Gates
    training_data_sha256: list[str]
    n_records: int
    n_failed: int
    road_difference: float
    reference: ReferenceCurve
    scores: dict[str, Any]
    warnings: list[str]
    training_config: dict[str, Any]
    units: dict[str, str] = Field(default_factory=UNITS.copy)
    sha256: dict[str, str] = Field(default_factory=dict)


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
            PackageError: The weights do not fit the architecture.
        """
        networks = []
        for number in range(self.manifest.n_members):
            prefix = f"members.{number}."
            state = {
                name.removeprefix(prefix): tensor
                for name, tensor in self.weights.items()
                if name.startswith(prefix)
            }
            network = self.manifest.architecture.network()
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
        values = self.manifest.model_dump(mode="json", exclude={"domain", "sha256", "reference"})
        domain = self.manifest.domain
        return values | {
            "model": self.label,
            "horizon_ps": self.protocol.hold_ps,
            "n_designs": len(domain.designs),
            "design_ranges": {name: list(ends) for name, ends in domain.ranges.items()},
            "exchanges": sorted({(d.mass_exchange, d.energy_exchange) for d in domain.designs}),
        }

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
        write_atomically(path.parent / f".{path.name}.probe", b"")
        (path.parent / f".{path.name}.probe").unlink()
        aside = Path(tempfile.mkdtemp(dir=path.parent, prefix=f".{path.name}."))
        try:
            for name, content in files.items():
                write_atomically(aside / name, content)
            aside.chmod(0o755)
            aside.rename(path)
        except BaseException:
            shutil.rmtree(aside, ignore_errors=True)
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
        PackageError: Missing, damaged, foreign, or written by a newer release.
    """
    manifest = _read_manifest(path)
    content = {}
    for name in (WEIGHTS, CARD):
        content[name] = _read_bytes(path / name)
        found = sha256_of(content[name])
        if found != manifest.sha256.get(name):
            raise PackageError(
                f"{path / name} must have checksum {manifest.sha256.get(name, 'none')[:12]}…, but "
                f"has {found[:12]}…: it was changed or damaged. Fetch or train the package anew."
            )
    try:
        weights = load_tensors(content[WEIGHTS])
        card_text = content[CARD].decode()
    except (SafetensorError, UnicodeDecodeError) as error:
        raise PackageError(
            f"{path} is damaged: {error}. Fetch or train the package anew."
        ) from error
    return Package(manifest, weights, card_text)


def _read_manifest(path: Path) -> Manifest:
    if not (path / MANIFEST).is_file():
        raise PackageError(
            f"a model package must be a folder with a {MANIFEST}, but {path} is not one. "
            "Make one with `glassyli train STORE --out PACKAGE`."
        )
    data = _read_bytes(path / MANIFEST)
    try:
        schema = _Schema.model_validate_json(data).schema_version
    except ValidationError as error:
        raise PackageError(
            f"{path / MANIFEST} is damaged or not a model package: {explain(error)} "
            "Fetch or train the package anew."
        ) from error
    if schema > SCHEMA_VERSION:
        raise PackageError(
            f"{path} must have schema {SCHEMA_VERSION} or older, but has {schema}: a newer release "
            "of glassyli wrote it. Update glassyli."
        )
    try:
        return Manifest.model_validate_json(data)
    except ValidationError as error:
        raise PackageError(
            f"{path / MANIFEST} is damaged: {explain(error)} Fetch or train the package anew."
        ) from error


class _Schema(Settings, extra="ignore"):
    """The one key that is read before all others."""

    schema_version: int


def _read_bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise PackageError(
            f"a model package must hold a readable {path.name}, but {path}: {error.strerror}. "
            "Fetch or train the package anew."
        ) from error


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
