"""Which websites may call an API from a visitor's browser."""

from collections.abc import Sequence

from fastapi import FastAPI
from starlette.middleware.cors import CORSMiddleware


def add_cors(api: FastAPI, origins: Sequence[str]) -> None:
    """Allow pages of these origins to call from a browser; `*` in an origin matches any subdomain."""
    patterns = [each.replace(".", r"\.").replace("*", "[A-Za-z0-9.-]+") for each in origins if "*" in each]
    api.add_middleware(
        CORSMiddleware,
        allow_origins=[origin for origin in origins if "*" not in origin],
        allow_origin_regex="|".join(patterns) or None,
        allow_methods=["GET", "POST"],
        allow_headers=["*"],  # clients name themselves in headers of their own
        max_age=86400,
    )
