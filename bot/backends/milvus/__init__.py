"""An index on a Milvus server, for more passages than one machine holds and for many replicas that answer from them.

A generation is two collections: `rows` with one vector each, and `records` with the passages, the articles, and the
small files that every replica copies. An alias names the current generation. Only `bot.backends.location` imports
this package.
"""
