"""Hits → an answer."""
