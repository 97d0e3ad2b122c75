"""A question and its hits → the words that answer it, and how surely."""
