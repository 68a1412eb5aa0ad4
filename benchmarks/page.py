"""A study of a record store: what its command takes, and the page it writes beside the data."""

import argparse
import json
from pathlib import Path
from typing import Any

from simulate.files import write_atomically


def parser(doc: str, store: str, study: str) -> argparse.ArgumentParser:
    """The arguments of every study.

    Args:
        doc: Of its module; the first line says what it is for.
        store: What the store must be.
        study: Name of its page in the store.
    """
    asked = argparse.ArgumentParser(description=doc.partition("\n")[0])
    asked.add_argument("store", type=Path, help=store)
    asked.add_argument(
        "--out", type=Path, help=f"Markdown file to write. Default: {study} in the store."
    )
    asked.add_argument("--json", action="store_true", help="print the numbers as JSON")
    return asked


def publish(options: argparse.Namespace, study: str, text: str, numbers: Any) -> None:  # noqa: ANN401
    """Write the page, and print it or its numbers."""
    write_atomically(options.out or options.store / study, text)
    print(json.dumps(numbers, indent=1) if options.json else text)
