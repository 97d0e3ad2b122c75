"""The chat in the browser, and the server it runs in."""
