"""Export passages, FAQ markup and a map for other tools and pages."""
