"""Languages: one protocol, one package for each language."""
