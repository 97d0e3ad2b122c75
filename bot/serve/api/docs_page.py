"""The page that describes REST: Swagger UI, served from this host, as no page here loads anything from another one."""

from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path

from fastapi import APIRouter, Response
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.responses import FileResponse, HTMLResponse

_FILES = {"swagger-ui-bundle.js": "text/javascript", "swagger-ui.css": "text/css"}


def docs_routes() -> APIRouter:
    """Return `GET /docs` with its files; nothing if the package that carries them is not installed."""
    routes = APIRouter(include_in_schema=False)
    if find_spec("fastapi_offline") is None:
        return routes
    folder = Path(str(files("fastapi_offline").joinpath("static")))

    @routes.get("/docs")
    def docs() -> HTMLResponse:
        # Relative addresses: a proxy may serve all this below a path of its own.
        script, style = (f"docs/{name}" for name in _FILES)
        return get_swagger_ui_html(
            openapi_url="api/v1/openapi.json", title="articlebot: REST", swagger_js_url=script, swagger_css_url=style,
            swagger_favicon_url="data:,",
        )  # fmt: skip

    @routes.get("/docs/{name}")
    def file(name: str) -> Response:
        if name not in _FILES:
            return HTMLResponse("There is nothing here.", 404)
        return FileResponse(folder / name, media_type=_FILES[name], headers={"Cache-Control": "max-age=86400"})

    return routes
