"""A web server whose pages a test sets, and what a pull made of them."""

import json
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

from bot.corpus.pull import PullLimits, PullReport, pull

FAST = PullLimits(delay=0, backoff=0, silence=2, request_time=5, response_bytes=500_000, retries=2)


@dataclass
class Reply:
    body: bytes | str = b""
    status: int = 200
    kind: str = "text/html; charset=utf-8"
    headers: dict[str, str] = field(default_factory=dict)


Answer = Reply | Callable[[dict[str, str]], Reply | None]


@dataclass
class Site:
    """A web server with a dictionary of pages: path → reply, consecutive replies, or a function of the query."""

    port: int = 0
    pages: dict[str, Answer | list[Answer]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    times: list[float] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def answer(self, target: str) -> Reply:
        parts = urlsplit(target)
        page = self.pages.get(target) or self.pages.get(unquote(parts.path)) or Reply("gone", 404)
        if isinstance(page, list):
            page = page.pop(0) if len(page) > 1 else page[0]
        if isinstance(page, Reply):
            return page
        return page({name: values[0] for name, values in parse_qs(parts.query).items()}) or Reply("none", 404)


def served_site() -> Iterator[Site]:
    """Serve a site without pages while the caller iterates; yield it."""
    served = Site()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            served.asked.append(self.path)
            served.headers.append({name.lower(): value for name, value in self.headers.items()})
            served.times.append(time.monotonic())
            reply = served.answer(self.path)
            etag = reply.headers.get("ETag")
            if etag and self.headers.get("If-None-Match") == etag:
                reply = Reply(status=304, headers={"ETag": etag})
            served.statuses.append(reply.status)
            body = reply.body.encode() if isinstance(reply.body, str) else reply.body
            try:
                self.send_response(reply.status)
                sent = {"Content-Type": reply.kind, "Content-Length": str(len(body)), **reply.headers}
                for name, value in sent.items():
                    if value:
                        self.send_header(name, value)
                if not sent["Content-Length"]:
                    self.close_connection = True
                self.end_headers()
                if reply.headers.get("X-Trickle"):
                    for byte in body:
                        self.wfile.write(bytes([byte]))
                        time.sleep(0.1)
                else:
                    self.wfile.write(body)
            except OSError:
                self.close_connection = True

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.handle_error = lambda *_: None
    served.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield served
    server.shutdown()
    server.server_close()


def bring(site: Site, corpus: Path, path: str = "", **changed) -> PullReport:
    return pull(f"{site.url}{path}", corpus, **{"limits": FAST, "allow_private": True, **changed})


def counts(report: PullReport) -> tuple[int, int, int]:
    return report.new, report.changed, report.unchanged


def reasons(site: Site, report: PullReport) -> dict[str, str]:
    return {address.removeprefix(site.url): reason for address, reason in report.refused}


def files(corpus: Path) -> dict[str, Path]:
    """Return the files that the corpus reader sees, by their path below the site's folder."""
    found = [
        path
        for path in corpus.rglob("*")
        if path.is_file() and not any(part.startswith(".") for part in path.relative_to(corpus).parts)
    ]
    return {"/".join(path.relative_to(corpus).parts[2:]): path for path in found}


def page(words: str, head: str = "") -> Reply:
    return Reply(
        f"<!DOCTYPE html><html><head><title>{words}</title>{head}</head><body><h1>{words}</h1>"
        f"<p>{words} is explained here, in one paragraph.</p></body></html>"
    )


def sitemap(site: Site, *paths: str | tuple[str, str], index: bool = False) -> Reply:
    kind = "sitemap" if index else "url"
    entries = [(path, "") if isinstance(path, str) else path for path in paths]
    body = "".join(
        f"<{kind}><loc>{path if '://' in path else site.url + path}</loc>"
        f"{f'<lastmod>{day}</lastmod>' if day else ''}</{kind}>"
        for path, day in entries
    )
    outer = "sitemapindex" if index else "urlset"
    return Reply(
        f'<?xml version="1.0"?><{outer} xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{body}</{outer}>',
        kind="application/xml",
    )


def listed(site: Site, *paths: str) -> None:
    """Serve a sitemap and the pages that it lists, unless they are served already."""
    site.pages["/sitemap.xml"] = sitemap(site, *paths)
    for path in paths:
        site.pages.setdefault(path, page(f"About {path.strip('/')}"))


def as_json(value: object, **headers: str) -> Reply:
    return Reply(json.dumps(value), kind="application/json; charset=UTF-8", headers=headers)


class Blog:
    """A WordPress REST API as https://developer.wordpress.org/rest-api/reference/posts/ describes it."""

    def __init__(self, site: Site, posts: int = 3, *, etags: bool = False) -> None:
        self.site = site
        self.etags = etags
        self.posts = [self.post(number) for number in range(1, posts + 1)]
        self.static = [self.post(900, link=f"{site.url}/about/", title="About us", categories=[], tags=[])]
        categories = [
            {"id": 5, "name": "HR &amp; Payroll", "slug": "hr"},
            {"id": 1, "name": "Uncategorized", "slug": "uncategorized"},
        ]
        for root in ("/wp-json/wp/v2",):
            site.pages[f"{root}/posts"] = self.listing(lambda: self.posts)
            site.pages[f"{root}/pages"] = self.listing(lambda: self.static)
            site.pages[f"{root}/categories"] = self.listing(lambda: categories)
            site.pages[f"{root}/tags"] = self.listing(lambda: [{"id": 7, "name": "notice", "slug": "notice"}])

    def post(self, number: int, **changed) -> dict:
        return {
            "id": number,
            "link": f"{self.site.url}/hrm/post-{number}/",
            "date": "2024-03-01T10:00:00",
            "modified": "2025-06-02T11:30:00",
            "title": {"rendered": f"Post {number} &#8211; what is &lt;due&gt;"}
            if "title" not in changed
            else {"rendered": changed.pop("title")},
            "content": {
                "rendered": f"<p>Answer number {number} is written here, for all to read.</p>",
                "protected": False,
            },
            "categories": [1, 5],
            "tags": [7],
            **changed,
        }

    def listing(self, entries: Callable[[], list[dict]]) -> Callable[[dict[str, str]], Reply]:
        def answer(query: dict[str, str]) -> Reply:
            size, number = int(query.get("per_page", 10)), int(query.get("page", 1))
            wanted = [
                entry
                for entry in entries()
                if ("modified_after" not in query or entry["modified"] > query["modified_after"])
                and ("include" not in query or str(entry["id"]) in query["include"].split(","))
            ]
            pages = -(-len(wanted) // size)
            if number > max(pages, 1):
                return Reply(json.dumps({"code": "rest_post_invalid_page_number"}), 400, "application/json")
            fields = query["_fields"].split(",")
            shown = [
                {name: entry[name] for name in fields if name in entry}
                for entry in wanted[(number - 1) * size : number * size]
            ]
            reply = as_json(shown, **{"X-WP-Total": str(len(wanted)), "X-WP-TotalPages": str(pages)})
            if self.etags:
                reply.headers["ETag"] = f'"{zlib.crc32(reply.body.encode())}"'
            return reply

        return answer
