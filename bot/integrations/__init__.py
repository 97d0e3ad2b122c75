"""Retrievers for other frameworks; each module needs its own extra."""
