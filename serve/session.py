"""Options that hold for the whole command line, whatever the verb."""

from dataclasses import dataclass

from serve.console import Console


@dataclass(slots=True)
class Session:
    """Set once by the options before the verb."""

    is_quiet: bool = False
    is_debug: bool = False
    verb: str = ""

    def console(self, *, as_json: bool = False) -> Console:
        """The console of the running verb; claims standard output."""
        return Console(as_json=as_json, is_quiet=self.is_quiet)


SESSION = Session()
