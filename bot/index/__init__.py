"""Reads an index: generations, passages, vectors and words."""
