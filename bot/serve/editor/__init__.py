"""The editor's page: what visitors asked, what to do about it, and the index, for whoever has the password."""
