"""From records to a model package."""
