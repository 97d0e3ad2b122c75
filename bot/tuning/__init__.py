"""Fine-tune a model to one corpus, and keep it only if it answers held-out questions better."""
