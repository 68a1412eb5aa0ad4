"""Uploaded structure files: bytes of strangers in, checked atoms out.

Nothing that a file holds can hurt the server: sizes are read off headers before anything is parsed,
and the parsing is done by a process of its own that may use little time and memory.
"""
