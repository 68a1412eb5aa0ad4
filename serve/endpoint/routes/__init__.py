"""What can be asked over HTTP, by subject: `routes(asker, settings)` is a FastAPI router."""
