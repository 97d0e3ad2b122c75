"""How good a corpus and its answers are."""
