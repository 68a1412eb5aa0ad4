"""The doors: terminal, HTTP, report."""
