"""A course in a browser: one page, served on the loopback address to who knows the address alone.

The address holds a random token, which every request must name; the host must be this server's, so that no other site
can reach it under a name of its own; and a request that another site's page sends is refused. The page loads nothing
from anywhere. Texts are set as texts, so that nothing in a book or a notebook is read as markup.

Several browsers may show the same course: a reply says which page it answers, and one that answers an old page is
refused with the present one.
"""

import json
import pathlib
import secrets
import sys
import threading
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from textbook_gym.play.chart import grades
from textbook_gym.play.folder import beside_references, write_played
from textbook_gym.play.played_course import PlayedCourse

HOST = "127.0.0.1"
MOST_REQUEST_BYTES = 1 << 16  # of a request
REQUEST_SECONDS = 30.0  # seconds for a request to arrive
PAGE_FILE = pathlib.Path(__file__).with_name("page.html")
JSON = "application/json"


class Refused(Exception):
    """A request that is not done: the status, and why in one line."""

    def __init__(self, status: HTTPStatus, why: str) -> None:
        super().__init__(why)
        self.status = status


class Seats:
    """A course that several browsers look at, one at a time."""

    def __init__(self, course: PlayedCourse) -> None:
        self.course = course
        self._lock = threading.Lock()
        self._beside: dict[str, Any] | None = None

    def state(self) -> dict[str, Any]:
        """Return what the page shows, JSON-able."""
        with self._lock:
            return self._state()

    def reply(self, asked: dict[str, Any]) -> dict[str, Any]:
        """Do what a browser asks: `turn` names the page, `action` the action or "" to turn it, `notes` the notebook.

        Raises:
            Refused: it answers an old page, or asks for something that there is not.
        """
        with self._lock:
            course = self.course
            if asked.get("turn") != self._turn:
                raise Refused(HTTPStatus.CONFLICT, "this page was answered elsewhere; here is the present one")
            if isinstance(asked.get("notes"), str) and asked["notes"] != course.notes:
                course.write_notes(asked["notes"])
            action = asked.get("action")
            if action is None:
                return self._state()
            if course.desk.done or not isinstance(action, str) or course.closing != (action == ""):
                raise Refused(HTTPStatus.BAD_REQUEST, f"{str(action)[:40]!r} cannot be done on this page")
            if course.closing:
                course.turn_page()
            else:
                course.act(course.keys.read(action))
            return self._state()

    @property
    def _turn(self) -> int:
        return len(self.course.desk.transcript)

    def _state(self) -> dict[str, Any]:
        course = self.course
        return {
            "title": f"{course.book}, edition {course.edition}",
            "preface": course.preface,
            "pages": course.present,
            "actions": list(course.keys.of.items()),
            "turn": self._turn,
            "closing": course.closing,
            "done": course.desk.done,
            "notes": None if course.memory == "none" else course.notes,
            "notes_chars": course.desk.settings.notebook_chars,
            "marks": course.results if course.shows_marks else None,
            "chapters": [
                [place, course.chapters[number - 1].name, number, int(row.exercises)]
                for place, (number, row) in enumerate(course.desk.lane.rows.items(), 1)
            ],
            "compared": self._compared() if course.desk.done else None,
        }

    def _compared(self) -> dict[str, Any]:
        """Return the comparison at the end; the study is written with it."""
        if self._beside is None:
            course, rows = self.course, beside_references(self.course)
            write_played(course.folder)
            self._beside = {
                "students": list(rows),
                "marks": [[round(mark, 6) for mark in r["mark"].tolist()] for r in rows.values()],
                "newcomer": [course.chapters[number - 1].newcomer for number in course.desk.lane.rows],
                "grades": grades(rows, course.chapters),
                "folder": str(course.folder),
            }
        return self._beside


class Handler(BaseHTTPRequestHandler):
    """Answers one browser."""

    server: "Server"
    server_version, sys_version = "textbook-gym", ""
    protocol_version = "HTTP/1.1"
    timeout = REQUEST_SECONDS

    def do_GET(self) -> None:
        """Give the page, or the state of the course."""
        self.answer({"": self.server.page, "state": self.server.table.state})

    def do_POST(self) -> None:
        """Take a reply."""
        self.answer({"reply": self.take})

    def answer(self, known: dict[str, Callable[[], Any]]) -> None:
        """Answer a request for one of these places, or refuse it."""
        try:
            place = self.admit()
            if place not in known:
                raise Refused(HTTPStatus.NOT_FOUND, "there is nothing here")
            found = known[place]()
            status = HTTPStatus.OK
        except Refused as error:
            status, found = error.status, {"error": str(error)}
        except ValueError as error:
            status, found = HTTPStatus.BAD_REQUEST, {"error": str(error)}
        except (OSError, RuntimeError, ModuleNotFoundError) as error:
            status, found = HTTPStatus.INTERNAL_SERVER_ERROR, {"error": str(error)}
        self.send(status, found)

    def admit(self) -> str:
        """Return the place that is asked for.

        Raises:
            Refused: the host, the sender or the token is not ours.
        """
        port = self.server.server_port
        hosts = [f"{HOST}:{port}", f"localhost:{port}"]
        if self.headers.get_all("Host", []) not in [[host] for host in hosts]:
            raise Refused(HTTPStatus.MISDIRECTED_REQUEST, f"this server is {hosts[0]}, and no other host")
        origin = self.headers.get("Origin")
        if origin is not None and origin not in [f"http://{host}" for host in hosts]:
            raise Refused(HTTPStatus.FORBIDDEN, "a page of another site sent this")
        token, _, place = self.path.removeprefix("/").partition("/")
        if not secrets.compare_digest(token.encode(), self.server.token.encode()):
            raise Refused(HTTPStatus.FORBIDDEN, "the address lacks its token; open the one that the terminal shows")
        return place

    def take(self) -> dict[str, Any]:
        """Read a reply and have it done."""
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal() or int(length) > MOST_REQUEST_BYTES:
            raise Refused(
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"a reply has a length of at most {MOST_REQUEST_BYTES} bytes"
            )
        body = self.rfile.read(int(length))
        if self.headers.get_content_type() != JSON:
            raise Refused(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, f"a reply is {JSON}")
        try:
            asked = json.loads(body)
        except (ValueError, RecursionError):
            asked = None
        if not isinstance(asked, dict):
            raise Refused(HTTPStatus.BAD_REQUEST, "a reply is one object of JSON")
        return self.server.table.reply(asked)

    def send(self, status: HTTPStatus, found: Any) -> None:
        """Send a page (text) or an object, for nobody else to keep or to embed."""
        page = isinstance(found, str)
        data = (found if page else json.dumps(found)).encode()
        nonce = self.server.nonce
        self.send_response(status)
        self.send_header("Content-Type", "text/html; charset=utf-8" if page else JSON)
        self.send_header("Content-Length", str(len(data)))
        self.send_header("Cache-Control", "no-store")
        self.send_header("Referrer-Policy", "no-referrer")
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Cross-Origin-Resource-Policy", "same-origin")
        self.send_header(
            "Content-Security-Policy",
            f"default-src 'none'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; connect-src 'self'; "
            "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        )
        if status != HTTPStatus.OK:  # what is left of its body is not read
            self.send_header("Connection", "close")
            self.close_connection = True
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: Any) -> None:
        """Keep the terminal quiet: an address in a log would hold the token."""


class Server(ThreadingHTTPServer):
    """Serves one course on the loopback address, at a port that is free.

    Attributes:
        token: what the address holds.
        table: the course.
    """

    daemon_threads = True

    def __init__(self, course: PlayedCourse) -> None:
        self.token, self.nonce = secrets.token_urlsafe(24), secrets.token_urlsafe(12)
        self.table = Seats(course)
        super().__init__((HOST, 0), Handler)

    @property
    def address(self) -> str:
        """Where the page is."""
        return f"http://{HOST}:{self.server_port}/{self.token}/"

    def page(self) -> str:
        """Return the page."""
        return PAGE_FILE.read_text(encoding="utf-8").replace("{{nonce}}", self.nonce)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A browser that goes away in the middle is no news; anything else is told in one line."""
        error = sys.exc_info()[1]
        if not isinstance(error, (ConnectionError, TimeoutError)):
            print(f"a request failed: {error!r}", file=sys.stderr)


def serve_web(course: PlayedCourse, announce: Callable[[str], object] = print) -> None:
    """Serve a course until it is interrupted.

    Raises:
        KeyboardInterrupt: as it came; the course is kept.

    Example:
        serve_web(open_course("Concepts", pathlib.Path("played"), name="ada"))  # prints an address
    """
    with Server(course) as server:
        announce(f"Open {server.address} in a browser on this machine; Ctrl-C ends it, and the course is kept.")
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            raise KeyboardInterrupt("; the course is kept, the same command goes on") from None
