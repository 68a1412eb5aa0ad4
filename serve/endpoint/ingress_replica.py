"""The process that HTTP requests come to: Ray Serve's replica of the application."""

from typing import TYPE_CHECKING, Any

from serve.endpoint.settings import ServerSettings
from serve.faults import lose_logs_quietly

if TYPE_CHECKING:
    from ray.serve.handle import DeploymentHandle


class IngressReplica:
    """Ray Serve asks it for the application it serves.

    Args:
        replicas: Handle of the models.
        searches: Handle of the searches; None: none are taken.
        settings: Of the server, with every model named.
        key_digest: Of the API key; None: everybody may ask.
    """

    def __init__(
        self,
        replicas: "DeploymentHandle",
        searches: "DeploymentHandle | None",
        settings: ServerSettings,
        key_digest: bytes | None,
    ) -> None:
        lose_logs_quietly()
        self._replicas = replicas
        self._searches = searches
        self._settings = settings
        self._key_digest = key_digest

    def __serve_build_asgi_app__(self) -> Any:  # noqa: ANN401 - Ray Serve's own name
        from serve.endpoint.ingress import build_app
        from serve.endpoint.ray_asker import RayAsker
        from serve.searches.ray_searches import RaySearches

        asker = RayAsker(self._replicas, self._settings)
        searches = None if self._searches is None else RaySearches(self._searches)
        return build_app(asker, self._settings, searches, self._key_digest)
