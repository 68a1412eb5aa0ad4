"""Forecasts for uploaded atoms, one by one: what is asked beside never changes an answer."""

import hashlib
from collections.abc import Sequence

import numpy as np

from serve.endpoint.kinds.kind import Kind
from serve.endpoint.model import Model
from serve.messages.structures import FrameAtoms, FrameForecast, StructureFormat, StructuresReply
from serve.uploads.asked import AskedFrame
from simulate.settings import Settings


class StructuresQuestion(Settings):
    """What a model is asked once a file has been read."""

    format: StructureFormat
    frames: tuple[AskedFrame, ...]
    horizon_ps: float | None
    with_atoms: bool


class Structures(Kind[StructuresQuestion, StructuresReply]):
    """Forecast of every frame, and its atoms where they are asked for."""

    name = "structures"

    def cost(self, question: StructuresQuestion) -> int:
        """Atoms; those that are told apart go through the network twice."""
        n_atoms = sum(frame.snapshot.n_atoms for frame in question.frames)
        return n_atoms * (2 if question.with_atoms else 1)

    def parts(self, question: StructuresQuestion, most_atoms: int) -> list[StructuresQuestion]:  # noqa: ARG002 - a frame is the smallest part, and frames share nothing
        """A turn for each frame."""
        return [question.model_copy(update={"frames": (frame,)}) for frame in question.frames]

    def answers(
        self, model: Model, questions: Sequence[StructuresQuestion]
    ) -> list[StructuresReply]:
        """Each by itself."""
        return [
            StructuresReply(
                model=model.name,
                format=question.format,
                frames=[_forecast(model, frame, question) for frame in question.frames],
            )
            for question in questions
        ]

    def joined(self, replies: Sequence[StructuresReply]) -> StructuresReply:
        """Frames of all turns in their order."""
        frames = [frame for reply in replies for frame in reply.frames]
        return replies[0].model_copy(update={"frames": frames})

    def key(self, question: StructuresQuestion) -> str:
        """By what the atoms are and where, not by the file they came in."""
        said = hashlib.sha256(question.model_dump_json(exclude={"frames"}).encode())
        for frame in question.frames:
            atoms = frame.snapshot
            told = (frame.number, atoms.is_periodic, atoms.time_ps, atoms.stage, atoms.n_atoms)
            said.update(f"{told}{frame.design.key}{frame.notes}".encode())
            said.update(np.ascontiguousarray(atoms.positions_A).tobytes())
            said.update(np.ascontiguousarray(atoms.cell_A).tobytes())
        return said.hexdigest()


def _forecast(model: Model, frame: AskedFrame, question: StructuresQuestion) -> FrameForecast:
    snapshot = frame.snapshot
    prediction = model.predictor.predict_structure(snapshot, frame.design, question.horizon_ps)
    return FrameForecast(
        frame=frame.number,
        time_ps=snapshot.time_ps,
        stage=snapshot.stage,
        n_atoms=snapshot.n_atoms,
        design=frame.design,
        prediction=frame.noted(prediction),
        atoms=_atoms(model, frame) if question.with_atoms else None,
    )


def _atoms(model: Model, frame: AskedFrame) -> FrameAtoms:
    snapshot, predictor = frame.snapshot, model.predictor
    x, y, z = snapshot.cell_A.tolist()
    is_known = predictor.package.manifest.architecture.has_labels
    return FrameAtoms(
        positions_A=[(a, b, c) for a, b, c in np.round(snapshot.positions_A, 4).tolist()],
        cell_A=(x, y, z),
        is_periodic=snapshot.is_periodic,
        p_crystalline=np.round(predictor.p_crystalline_atoms(snapshot, frame.design), 6).tolist()
        if is_known
        else None,
    )
