"""The server as Ray Serve deploys it: `import_path: serve.endpoint.application:build`.

A light ingress checks questions and passes them on to replicas that hold the models. The API key is
read here, and only its digest travels. Under `serve deploy` this runs in a process that the cluster
starts: the environment it reads is that of `ray start`, not of the shell that deploys.
"""

import logging
from pathlib import Path
from typing import Any, Final

from serve.endpoint.ingress_replica import IngressReplica
from serve.endpoint.keys import digest_from_environment
from serve.endpoint.model_replica import ModelReplica
from serve.endpoint.packages import files_of, named
from serve.endpoint.settings import ServerSettings
from serve.messages.service import KEY_VARIABLE
from simulate.errors import MisuseError

logger = logging.getLogger(__name__)

DRAIN_TIMEOUT_S: Final = 20.0
"""Questions in hand at the end get this long to be answered."""

INGRESS_LINE: Final = 1024
"""Requests in hand at the ingress, slow uploads among them; models limit the heavy ones."""


def build(settings: ServerSettings) -> Any:  # noqa: ANN401 - Ray Serve's Application
    """The application, not yet running.

    Raises:
        MisuseError: There is no key, and the settings ask for one.
        PackageError: A package is missing, damaged or foreign.
    """
    from ray import serve as ray_serve

    key_digest = _key_digest(settings)
    settings = named(settings)
    spares = {name: files_of(folder) for name, folder in settings.models.items()}
    ending = {
        "graceful_shutdown_wait_loop_s": 0.1,
        "graceful_shutdown_timeout_s": DRAIN_TIMEOUT_S,
    }
    models = ray_serve.deployment(
        ModelReplica,
        name="models",
        ray_actor_options={"num_cpus": settings.replicas.cpus},
        max_ongoing_requests=settings.batching.ongoing,
        max_queued_requests=settings.batching.queued,
        **_how_many(settings),
        **ending,
    )
    ingress = ray_serve.deployment(
        ray_serve.ingress()(IngressReplica),
        name="ingress",
        ray_actor_options={"num_cpus": 0},
        max_ongoing_requests=INGRESS_LINE,
        max_queued_requests=INGRESS_LINE,
        **ending,
    )
    searches = None
    if settings.searches is not None:
        from serve.searches.search_replica import SearchReplica

        # One: it owns their folder, which Ray's processes must find from wherever they start.
        folder = str(Path(settings.searches.folder).absolute())
        searches = ray_serve.deployment(
            SearchReplica, name="searches", ray_actor_options={"num_cpus": 0}, **ending
        ).bind(settings.models, settings.searches.model_copy(update={"folder": folder}))
    return ingress.bind(models.bind(settings, spares), searches, settings, key_digest)


def _key_digest(settings: ServerSettings) -> bytes | None:
    found = digest_from_environment()
    if found is None and settings.needs_key:
        raise MisuseError(
            f"{KEY_VARIABLE} must hold the API key where the application is built, but is not set. "
            "Set it before `ray start` on every node (the shell of `serve deploy` is not read), or "
            "set needs_key to false to answer everybody."
        )
    if found is None and not settings.is_local:
        logger.warning(
            "%s is not set: everybody who reaches this server is answered.", KEY_VARIABLE
        )
    return found


def _how_many(settings: ServerSettings) -> dict[str, Any]:
    replicas = settings.replicas
    if replicas.least == replicas.most:
        return {"num_replicas": replicas.least}
    return {
        "autoscaling_config": {
            "min_replicas": replicas.least,
            "max_replicas": replicas.most,
            "target_ongoing_requests": replicas.busy_at,
        }
    }
