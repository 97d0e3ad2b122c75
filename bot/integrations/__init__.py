"""The retriever inside other frameworks: one module for each, each an extra of its own."""
