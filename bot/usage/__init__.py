"""What visitors asked, how they voted on the answers, and reports of what was not answered."""
