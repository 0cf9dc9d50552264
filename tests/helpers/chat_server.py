"""A chat server on the loopback interface whose replies, and whose faults, are scripted."""

import contextlib
import json
import re
import threading
import time
import zlib
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Server(ThreadingHTTPServer):
    """Answers `POST /v1/chat/completions` with what `policy(messages)` says.

    Faults that wait in `faults` are done first, one a request: a number (a status code), a text in brackets (status
    400 with these words), "slow" (seconds in `delay`),
    "closed" (the connection is closed in the middle), "json" (what comes is no JSON), "empty" (a reply without words),
    "cut" (stopped at the limit of tokens, reasoning not closed), "shape" (JSON that is no completion).

    Every request is kept in `requests` with its key in `keys`; those that were answered are in `answered`, too.
    """

    daemon_threads = True

    def __init__(self, policy):
        super().__init__(("127.0.0.1", 0), Handler)
        self.policy, self.faults, self.delay = policy, [], 3.0
        self.requests, self.keys, self.answered = [], [], []
        self.lock = threading.Lock()

    def handle_error(self, request, client_address):
        """A client that hung up is no error of ours."""

    @property
    def url(self):
        """The address, with the version."""
        return f"http://127.0.0.1:{self.server_address[1]}/v1"


class Handler(BaseHTTPRequestHandler):
    """One request."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # else head and body of an answer lie 40 ms apart

    def log_message(self, *args):
        """Keep quiet."""

    def say(self, data, status=200):
        """Send bytes."""
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def do_POST(self):
        """Answer, or do a fault."""
        length = int(self.headers["content-length"])
        body = json.loads(self.rfile.read(length))
        server = self.server
        with server.lock:
            server.requests.append(body)
            server.keys.append(self.headers.get("authorization"))
            fault = server.faults.pop(0) if server.faults else None
        if isinstance(fault, int):
            return self.say(json.dumps({"error": {"message": f"fault {fault}"}}).encode(), fault)
        if isinstance(fault, str) and fault.startswith("["):
            return self.say(json.dumps({"error": {"message": fault}}).encode(), 400)
        if fault == "slow":
            time.sleep(server.delay)
        if fault == "closed":
            self.send_response(200)
            self.send_header("content-length", "1000")
            self.end_headers()
            self.wfile.write(b'{"choices": [')
            self.close_connection = True
            return None
        if fault == "json":
            return self.say(b"<html>busy</html>")
        if fault == "shape":
            return self.say(b'{"choices": []}')
        said = server.policy(body["messages"])
        with server.lock:
            server.answered.append(body)
        message = {"role": "assistant", "content": "" if fault == "empty" else said}
        if fault == "cut":
            message["content"] = "<think>let me see, " + said
        usage = {"prompt_tokens": length // 4, "completion_tokens": len(said) // 4 + 1}
        usage["total_tokens"] = sum(usage.values())
        choice = {"index": 0, "message": message, "finish_reason": "length" if fault == "cut" else "stop"}
        head = {"id": f"chat-{len(server.requests)}", "object": "chat.completion", "created": 0, "model": body["model"]}
        return self.say(json.dumps({**head, "choices": [choice], "usage": usage}).encode())


@contextlib.contextmanager
def serving(policy):
    """A server that runs until the block ends."""
    server = Server(policy)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def scripted(messages):
    """An action that hangs on the last message alone."""
    actions = re.search(r"Actions: ([A-Z0-9_, ]+)\.", messages[0]["content"]).group(1).split(", ")
    return f"<action>{actions[zlib.crc32(messages[-1]['content'].encode()) % len(actions)]}</action>"


def chat(server, model="scripted", **options):
    """The student behind a server."""
    options = {"patience": 0.01, "timeout": 1, **options}
    return f"chat:{server.url}#{model}?" + "&".join(f"{k}={v}" for k, v in options.items())
