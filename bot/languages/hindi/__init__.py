"""Hindi and Hinglish."""
