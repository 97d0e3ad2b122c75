"""The widget for other websites."""
