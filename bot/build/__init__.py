"""Articles → a new generation."""
