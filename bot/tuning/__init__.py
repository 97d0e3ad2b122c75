"""Fine-tune a model to one corpus, and keep it only if it answers held-out questions better."""

from bot.tuning.tune import Tuning, tune

__all__ = ["Tuning", "tune"]
