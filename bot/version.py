"""The version of articlebot, for packaging, manifests and screens."""

__version__ = "0.1.0"
