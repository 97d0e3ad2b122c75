"""What WordPress, its page builders and its plugins store in place of HTML, written as HTML."""
