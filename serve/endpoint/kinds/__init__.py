"""The kinds of questions a model replica answers, by the name routes ask for them."""

from typing import Any, Final

from serve.endpoint.kinds.about import About
from serve.endpoint.kinds.deposition import Deposition, Maps, Surface
from serve.endpoint.kinds.embryos import Embryos
from serve.endpoint.kinds.kind import Kind
from serve.endpoint.kinds.nothing import Nothing
from serve.endpoint.kinds.structures import Structures

KINDS: Final[dict[str, Kind[Any, Any]]] = {
    kind.name: kind
    for kind in (About(), Embryos(), Deposition(), Surface(), Maps(), Nothing(), Structures())
}
