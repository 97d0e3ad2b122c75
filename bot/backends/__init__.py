"""Where an index can be stored."""
