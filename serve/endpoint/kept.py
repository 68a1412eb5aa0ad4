"""Answers kept for whoever asks the same again, within a number of bytes."""

from collections import OrderedDict


class Kept:
    """The answers used last. Keys say model, kind and question, so that none can be wrong.

    Args:
        most_bytes: Of all answers together; 0 keeps none.

    >>> kept = Kept(most_bytes=10)
    >>> kept.keep("a", b"1234567"); kept.keep("b", b"123")
    >>> kept.find("a"); kept.keep("c", b"123")
    b'1234567'
    >>> kept.find("b") is None, kept.n_bytes
    (True, 10)
    """

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self._answers: OrderedDict[str, bytes] = OrderedDict()
        self.n_bytes = 0

    def find(self, key: str) -> bytes | None:
        """The answer, if it is still there."""
        found = self._answers.get(key)
        if found is not None:
            self._answers.move_to_end(key)
        return found

    def keep(self, key: str, answer: bytes) -> None:
        """Keep an answer; those unused for longest make room."""
        if len(answer) > self._most_bytes:
            return
        self.n_bytes += len(answer) - len(self._answers.pop(key, b""))
        self._answers[key] = answer
        while self.n_bytes > self._most_bytes:
            _, oldest = self._answers.popitem(last=False)
            self.n_bytes -= len(oldest)
