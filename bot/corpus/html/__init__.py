"""HTML → the plain form of an article."""
