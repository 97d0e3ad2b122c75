"""What articlebot knows of single languages."""
