"""Opens the chat: brings the index up to date with the articles, then serves it. `ARTICLEBOT_CORPUS`, `_INDEX`, `_HOST` and `_PORT` are heeded."""

from bot.cli import run

if __name__ == "__main__":
    run("build")
    run("serve")
