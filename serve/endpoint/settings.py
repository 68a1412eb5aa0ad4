"""What a server is told: which models, how much at once, and what it refuses.

These are the `args` of a deploy file (`configs/serve/*.yaml`). The API key is not among them: it
comes from the environment of whichever process builds the application (of `ray start`, where a
deploy file is used), where files and process lists do not show it.
"""

from typing import Self

from pydantic import Field, model_validator

from serve.messages.embryos import MAX_ATOMS_FULL_ROAD, MAX_DESIGNS
from serve.searches.settings import SearchSettings
from serve.uploads.limits import MEBIBYTE
from simulate.settings import Settings


class Limits(Settings):
    """What one client may ask of the server; above, it is refused with the limit named."""

    body_bytes: int = Field(MEBIBYTE, ge=1024, le=MEBIBYTE, description="Bytes of a JSON body.")
    upload_bytes: int = Field(32 * MEBIBYTE, ge=1024, description="Bytes of an uploaded file.")
    body_s: float = Field(20.0, gt=0, description="Time a client may take to send its body, s.")
    request_s: float = Field(300.0, gt=0, description="Time an answer may take, s.")
    designs: int = Field(
        MAX_DESIGNS, ge=1, le=MAX_DESIGNS, description="Designs or conditions of a request."
    )
    atoms: int = Field(
        MAX_ATOMS_FULL_ROAD,
        ge=1,
        le=MAX_ATOMS_FULL_ROAD,
        description="Atoms of a request that go through the graph network.",
    )
    frames: int = Field(64, ge=1, description="Structures of an uploaded file that are answered.")


class Replicas(Settings):
    """Processes that hold models and compute; between the two, as many as there is work for."""

    least: int = Field(1, ge=1, description="Kept when nobody asks.")
    most: int = Field(1, ge=1, description="Never more than this.")
    busy_at: float = Field(2.0, gt=0, description="Questions in hand of each when one is added.")
    cpus: float = Field(
        0.0,
        ge=0,
        description="Cores that Ray sets aside for each. 0: a machine of one core must do.",
    )

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.least > self.most:
            raise ValueError(
                f"least <= most must hold, but got least={self.least}, most={self.most}. "
                "Raise most or lower least."
            )
        return self


class Batching(Settings):
    """Questions answered in one computation. Never changes an answer, only when it comes."""

    atoms: int = Field(
        5_000,
        ge=100,
        description="Atoms of one computation, half a second to a second on one core; a larger "
        "question takes several turns, so that a small one never waits longer.",
    )
    ongoing: int = Field(64, ge=1, description="Questions in hand at one replica.")
    queued: int = Field(64, ge=1, description="Questions that may wait for one; above, 503.")


class ServerSettings(Settings):
    """A server, whole."""

    models: dict[str, str] = Field(
        default_factory=dict,
        description="Model packages: name -> folder, readable on every node, or `shipped`. The "
        "first answers when none is named. Empty: the one that ships, under its own name.",
    )
    loaded: int = Field(3, ge=1, description="Models that one replica holds at a time.")
    watch_s: float = Field(2.0, gt=0, description="Look for a new package this often, s.")
    cache_bytes: int = Field(64 * MEBIBYTE, ge=0, description="Kept answers of one replica, bytes.")
    limits: Limits = Limits()
    replicas: Replicas = Replicas()
    batching: Batching = Batching()
    searches: SearchSettings | None = Field(
        SearchSettings(), description="Searches that run beside it; null: none are taken."
    )
    is_local: bool = Field(
        default=False,
        description="It listens at a loopback address only: without a key, requests that name it "
        "otherwise than localhost or 127.0.0.1 are refused, as pages of other sites send them.",
    )
    needs_key: bool = Field(
        default=False,
        description="Do not start without an API key. For servers that others can reach.",
    )
    measures_itself: bool = Field(
        default=False,
        description="Answer `POST /v1/nothing`, which goes all the way and asks nothing: for "
        "benchmarks.",
    )
