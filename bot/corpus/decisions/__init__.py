"""Editors' decisions about questions: tables in the corpus folder that people read, edit and keep in git.

Only this package reads and writes them. Deleting a row undoes its decision.
"""
