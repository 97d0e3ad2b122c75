"""English, the default language: its patterns and small talk."""
