"""Build the index if the articles changed, then serve the chat.

The environment variables `ARTICLEBOT_CORPUS`, `ARTICLEBOT_INDEX`, `ARTICLEBOT_HOST` and `ARTICLEBOT_PORT` apply.
"""

from bot.cli import run

if __name__ == "__main__":
    run("build")
    run("serve")
