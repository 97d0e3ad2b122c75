"""Measure how good a corpus and its answers are."""
