"""The tabs of the editor's page, one module each."""
