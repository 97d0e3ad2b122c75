"""Passages and their vectors ⇄ the folder `index/`."""
