"""An index on a Milvus server: the same generations, for more passages than one machine carries and for many replicas that answer from them.

Each generation is two collections: `rows`, one vector each, and `records`, which hold the passages, the articles, and the small files of a generation that
every replica keeps a copy of. An alias names the generation that is served. Nothing outside of this package knows of Milvus but `bot.backends.location`, which
opens it.
"""
