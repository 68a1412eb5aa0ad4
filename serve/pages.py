"""Templates of the pages, all rendered by the same rules."""

from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from surrogate.deposition.rounding import figures


def template(name: str, **shared: Any) -> Any:  # noqa: ANN401 - jinja2's Template
    """A page's template: text is escaped, an unknown name is an error, `figures` is at hand.

    Args:
        name: Of the file in `serve/templates`.
        shared: What its macros may call as well.
    """
    environment = Environment(
        loader=PackageLoader("serve"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals |= {"figures": figures} | shared
    return environment.get_template(name)
