"""Searches as jobs: submitted, run one at a time beside the server, kept, resumed, cancelled."""
