"""What visitors do with the answers."""
