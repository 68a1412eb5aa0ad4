"""What is wrong with text that should be JSON, for people who do not know Python's parser."""

import json
from typing import Final

SENTENCES: Final = {
    "Expecting ',' delimiter": "a comma or the closing brace or bracket is missing",
    "Expecting ':' delimiter": "a colon is missing after the key",
    "Expecting property name enclosed in double quotes": "a key in double quotes is missing "
    "(after the last value no comma may stand)",
    "Expecting value": "a value is missing: a number, text in double quotes, true, false or null",
    "Unterminated string starting at": "text begins that no double quote ends",
    "Invalid control character at": r"a line break or tab stands inside text: write \n or \t",
    "Invalid \\escape": r"a backslash stands inside text: write \\",
    "Extra data": "something follows after the end of the JSON",
}
"""By what Python says; it may say more in another version, which is then passed on."""


def json_fault(error: json.JSONDecodeError) -> str:
    """Where JSON is broken and what is missing there; the line is told where there are several.

    >>> try:
    ...     json.loads('{"n_atoms": 300 "element": "Li"}')
    ... except json.JSONDecodeError as error:
    ...     json_fault(error)
    'at column 17 a comma or the closing brace or bracket is missing'
    """
    if not error.doc.strip():
        return "it is empty"
    said = error.msg.removesuffix(": ")
    sentence = SENTENCES.get(said, f"Python's parser says: {said}")
    line = f"line {error.lineno}, " if "\n" in error.doc.rstrip() else ""
    return f"at {line}column {error.colno} {sentence}"
