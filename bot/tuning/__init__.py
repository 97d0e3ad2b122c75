"""A model fine-tuned to one corpus, and kept only if it answers better what it was not taught."""

from bot.tuning.tune import Tuning, tune

__all__ = ["Tuning", "tune"]
