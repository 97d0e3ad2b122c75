"""The editor's page, behind a password: what visitors asked, decisions about it, and the index."""
