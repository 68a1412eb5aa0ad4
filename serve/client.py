"""Ask a Glassy Li server from Python: questions and answers as objects, losses mended on the way.

    from serve.client import Client

    with Client("http://127.0.0.1:8000") as client:
        reply = client.deposition([{"current_density_mA_cm2": 0.5, "deposition_time_min": 20.0}])
        print(reply.forecasts[0].glassy_share, reply.forecasts[0].glassy_share_interval)

What the server refuses is a `serve.connection.RefusedError`, which names every field that is wrong;
a server that cannot be reached, after some tries, is a `ServerError`.
"""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Self, TypeVar

from pydantic import BaseModel

from serve.connection import Connection
from serve.messages.deposition import DepositionReply, MapsReply, SurfaceReply
from serve.messages.embryos import EmbryosReply
from serve.messages.searches import SearchJob
from serve.messages.service import AboutReply, ModelsReply, Readiness
from serve.messages.structures import StructuresReply
from simulate.design import EmbryoDesign
from simulate.errors import MisuseError
from surrogate.deposition.conditions import DepositionConditions
from surrogate.prediction import Road
from surrogate.search.config import SearchConfig

SEARCHES: Final = "/v1/deposition/search"

Values = Mapping[str, Any]
ReplyType = TypeVar("ReplyType", bound=BaseModel)


class Client:
    """A server to ask. Safe to share between threads; close it, or use it in a `with` block.

    Args:
        url: As `glassyli serve` tells it.
        key: API key; None: that of the environment variable GLASSYLI_API_KEY, if any.
        model: Name of the model to ask; None: the server's first.
        timeout_s: Longest wait for one answer.
        tries: Of each question, the first included.

    Raises:
        MisuseError: The URL does not begin with http:// or https://.
    """

    def __init__(
        self,
        url: str = "http://127.0.0.1:8000",
        key: str | None = None,
        model: str | None = None,
        timeout_s: float = 300.0,
        tries: int = 6,
    ) -> None:
        self._connection = Connection(url, key, timeout_s, tries)
        self._model = {} if model is None else {"model": model}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let the connections go."""
        self._connection.close()

    def embryos(
        self,
        designs: Sequence[EmbryoDesign | Values],
        horizon_ps: float | None = None,
        road: Road = "full",
    ) -> EmbryosReply:
        """Outcome, survival and incubation of 1 to 256 design points, in their order.

        Args:
            designs: Design points, or their values.
            horizon_ps: Until when on the hold clock; None: the model's own hold.
            road: `full`: packed atoms through the network; `fast`: from the design alone.

        Raises:
            RefusedError: The server names what is wrong.
            ServerError: No answer after all tries.
        """
        body = {"designs": _plain(designs), "horizon_ps": horizon_ps, "road": road}
        return self._asked("POST", "/v1/embryos/predict", EmbryosReply, json=body)

    def structures(
        self,
        file: Path | str | bytes,
        design: EmbryoDesign | Values,
        *,
        file_format: str | None = None,
        horizon_ps: float | None = None,
        frames: Sequence[int] | None = None,
        stage: str | None = None,
        time_ps: float | None = None,
        with_atoms: bool = False,
    ) -> StructuresReply:
        """The same for atoms in a file: extended XYZ, LAMMPS data or dump, GSD.

        Args:
            file: Its path, or its content (then `file_format` is needed).
            design: What the embryos are; number of atoms, exchange and, of a periodic structure,
                packing density may be left out.
            file_format: `extxyz`, `lammps-data`, `lammps-dump` or `gsd`; None: by the file's name.
            horizon_ps: Time from the frame on; None: the model's own hold.
            frames: Which, from 1; None: all.
            stage: `packing`, `heat`, `quench` or `hold`, where the file does not say it; None:
                taken to wait at the end of the quench.
            time_ps: Hold clock of the only frame asked about, with `stage`.
            with_atoms: Also positions, and of each atom the probability that it is crystalline.

        Raises:
            RefusedError: The server names what is wrong.
            ServerError: No answer after all tries.
        """
        name, content = (
            ("atoms", file) if isinstance(file, bytes) else (Path(file).name, _read(Path(file)))
        )
        said: Values = design.model_dump(mode="json") if isinstance(design, BaseModel) else design
        parts = {
            "design": dict(said),
            "horizon_ps": horizon_ps,
            "frames": None if frames is None else list(frames),
            "time_ps": time_ps,
            "with_atoms": with_atoms,
        }
        data = {key: json.dumps(value) for key, value in parts.items() if value is not None}
        texts = {"format": file_format, "stage": stage}
        data |= {name: value for name, value in texts.items() if value is not None}
        return self._asked(
            "POST",
            "/v1/structures/predict",
            StructuresReply,
            data=data,
            files={"file": (name, content)},
        )

    def deposition(
        self,
        conditions: Sequence[DepositionConditions | Values],
        deposition_map: str = "paper",
        horizon_ps: float | None = None,
        bridge: Values | None = None,
    ) -> DepositionReply:
        """Glassy shares of deposits, with intervals and the embryos assumed.

        Args:
            conditions: What is set at the bench, 1 to 256 times.
            deposition_map: The assumption, by its name (see `maps`).
            horizon_ps: MD horizon; None: the model's own.
            bridge: From nanoseconds to minutes, instead of a horizon.

        Raises:
            RefusedError: The server names what is wrong.
            ServerError: No answer after all tries.
        """
        body = {
            "conditions": _plain(conditions),
            "deposition_map": deposition_map,
            "horizon_ps": horizon_ps,
            "bridge": bridge,
        }
        return self._asked("POST", "/v1/deposition/predict", DepositionReply, json=body)

    def surface(self, question: Values) -> SurfaceReply:
        """Glassy shares over current density and plating time.

        Args:
            question: Body of `POST /v1/deposition/surface`, for example
                `{"current_density_mA_cm2": {"min": 0.1, "max": 5.0, "n": 19},
                "deposition_time_min": {"min": 1.0, "max": 600.0, "n": 17}}`.

        Raises:
            RefusedError: The server names what is wrong.
            ServerError: No answer after all tries.
        """
        return self._asked("POST", "/v1/deposition/surface", SurfaceReply, json=dict(question))

    def search(self, config: SearchConfig | Values) -> SearchJob:
        """Submit a search for the best way to plate, or find the job that it is already.

        Args:
            config: As of `glassyli search`; maps by their names.

        Raises:
            RefusedError: The server names what is wrong.
            ServerError: No answer after all tries; one that takes no more searches now, too.
        """
        values: Values = (
            config.model_dump(mode="json") if isinstance(config, BaseModel) else dict(config)
        )
        return self._asked("POST", SEARCHES, SearchJob, json=values)

    def search_state(self, job_id: str) -> SearchJob:
        """How far a search is; its result once it is done."""
        return self._connection.ask("GET", f"{SEARCHES}/{job_id}", SearchJob)

    def cancel_search(self, job_id: str) -> SearchJob:
        """Stop a search; submitted again, it goes on where it stopped."""
        return self._connection.ask("DELETE", f"{SEARCHES}/{job_id}", SearchJob)

    def wait_for_search(
        self,
        job_id: str,
        progress: Callable[[SearchJob], None] = lambda _: None,
        every_s: float = 1.0,
    ) -> SearchJob:
        """Look at a search until it is done, cancelled or has failed.

        Args:
            job_id: Of `SearchJob.id`.
            progress: Told each time.
            every_s: Between two looks.
        """
        while True:
            job = self.search_state(job_id)
            progress(job)
            if job.state not in {"queued", "running"}:
                return job
            time.sleep(every_s)

    def maps(self) -> MapsReply:
        """What may be assumed of deposits, and what was seen of them."""
        return self._asked("GET", "/v1/deposition/maps", MapsReply)

    def model(self) -> AboutReply:
        """What the model is: protocol, training ranges, scores, limits, card."""
        return self._asked("GET", "/v1/model", AboutReply)

    def models(self) -> ModelsReply:
        """Which models can be asked."""
        return self._connection.ask("GET", "/v1/models", ModelsReply)

    def ready(self) -> Readiness:
        """Models that have proved themselves; waits, as long as tries allow, until there are any.

        Raises:
            ServerError: Not ready.
        """
        return self._connection.ask("GET", "/readyz", Readiness)

    def _asked(
        self,
        method: str,
        path: str,
        kind: type[ReplyType],
        **content: Any,  # noqa: ANN401 - httpx's own
    ) -> ReplyType:
        """The answer of the model that was chosen; what is of no model is asked without."""
        return self._connection.ask(method, path, kind, params=self._model, **content)


def _plain(values: Sequence[BaseModel | Values]) -> list[Any]:
    return [
        each.model_dump(mode="json") if isinstance(each, BaseModel) else dict(each)
        for each in values
    ]


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise MisuseError(f"a structure must be a readable file, but {error}.") from error
