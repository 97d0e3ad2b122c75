"""Builds generations: articles → the files of an index."""
