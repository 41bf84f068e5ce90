#!/usr/bin/env python3
"""A fake model behind a real HTTP server that speaks Anthropic's Messages API and answers by a script (answers.py).

It misbehaves where a turn's "fault" says so; with "times" only so often for that turn, then it answers:
    hang             accepts the request and never answers       hang-in-stream  begins to answer and stops
    broken-off       ends in the middle of the stream            garbage         a stream of bytes that is none
    bad-event        an event whose data is no JSON              error-200       200 with an error's body
    error-in-stream  an error event in the stream                bad-arguments   arguments that are no JSON
    max-tokens       stops at the limit in the middle            refusal         declines
    rate-limit       429 with retry-after                        overloaded      529        broken  500
    slow             a few bytes a second                        flood           text without end
    split            right, every byte in a write of its own
"""

import argparse
import hashlib
import http.server
import json
import pathlib
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

from story import anthropic_wire as wire
from story.answers import Conversation, ScriptError, arguments, choose, read_prompts, resolve

BODY_MAX = 32 << 20
HANG_SECONDS_MAX = 1800
FLOOD_BYTES_MAX = 4 << 30
STATUS = {
    "authentication_error": 401, "invalid_request_error": 400, "not_found_error": 404, "request_too_large": 413,
    "rate_limit_error": 429, "api_error": 500, "overloaded_error": 529,
}


class FakeModel:
    """The script, what was asked so far, and the log."""

    def __init__(self, script: pathlib.Path, log: pathlib.Path, roles: pathlib.Path, key: str | None = None):
        self.script_file, self.log_file, self.key = script, log, key
        self.prompts = read_prompts(roles)
        self.lock = threading.Lock()
        self.requests = 0
        self.faults: dict[tuple, int] = {}

    def script(self) -> dict:
        """Read anew for each request, so that a test can change it."""
        return json.loads(self.script_file.read_text())

    def number(self) -> int:
        with self.lock:
            self.requests += 1
            return self.requests

    def fault(self, turn: dict, place: tuple) -> str | None:
        """What goes wrong with this turn this time."""
        if "fault" not in turn:
            return None
        with self.lock:
            self.faults[place] = self.faults.get(place, 0) + 1
            return turn["fault"] if self.faults[place] <= turn.get("times", sys.maxsize) else None

    def log(self, line: dict) -> None:
        with self.lock, open(self.log_file, "a", encoding="utf-8") as file:
            file.write(json.dumps({"at": time.time()} | line) + "\n")

    def answer(self, request: dict, number: int) -> tuple[dict, dict, str | None]:
        """The message, its turn in the script, and what goes wrong."""
        conversation = Conversation.of(request, self.prompts)
        digest = hashlib.sha256(conversation.first.encode()).hexdigest()[:12]
        line = {"request": number, "role": conversation.role, "conversation": digest, "turn": conversation.turn,
                "stream": request.get("stream", False), "tools": list(conversation.tools)}
        try:
            chosen, turn = choose(self.script(), conversation)
            fault = self.fault(turn, (conversation.role, digest, conversation.turn))
            content = self.content(turn, conversation, number)
        except ScriptError as error:
            self.log(line | {"script_error": str(error)})
            raise
        self.log(line | {"answer": chosen, "fault": fault, "says": [
            block.get("name", "text") for block in content]})
        calls = any(block["type"] == "tool_use" for block in content)
        usage = {"input_tokens": len(conversation.text) // 4 + 1, "output_tokens": len(json.dumps(content)) // 4 + 1,
                 "cache_creation_input_tokens": 0, "cache_read_input_tokens": 0}
        stop = turn.get("stop") or ("tool_use" if calls else "end_turn")
        return wire.message(f"msg_{number:08}", request["model"], content, stop, usage), turn, fault

    def content(self, turn: dict, conversation: Conversation, number: int) -> list[dict]:
        calls = [(call["tool"], arguments(call, conversation)) for call in turn.get("calls", [])]
        if "finish" in turn:
            calls.append(("finish", resolve(turn["finish"], conversation)))
        content = [{"type": "text", "text": turn["text"]}] if turn.get("text") else []
        for index, (tool, given) in enumerate(calls):
            content.append({"type": "tool_use", "id": f"toolu_{number:08}{index:02}", "name": tool, "input": given})
        return content


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: "Server"

    def do_GET(self) -> None:
        if self.path == "/healthz":
            return self.send(200, b"ok\n", "text/plain")
        self.refuse("not_found_error", f"there is no {self.path}", "req_0")

    def do_POST(self) -> None:
        model, number = self.server.model, self.server.model.number()
        identifier = f"req_{number:08}"
        length = int(self.headers.get("Content-Length", 0))
        if length > BODY_MAX:
            self.close_connection = True
            return self.refuse("request_too_large", "the request is too large", identifier)
        body = self.rfile.read(length)
        if self.path != "/v1/messages":
            return self.refuse("not_found_error", f"there is no {self.path}", identifier)
        key = self.headers.get("x-api-key") or self.headers.get("authorization", "").removeprefix("Bearer ")
        if model.key is not None and key != model.key:
            return self.refuse("authentication_error", "invalid x-api-key", identifier)
        version = self.headers.get("anthropic-version")
        if version not in wire.VERSIONS:
            return self.refuse("invalid_request_error", "anthropic-version: header is required", identifier)
        try:
            request = json.loads(body)
            for field in ("model", "max_tokens", "messages"):
                if field not in request:
                    return self.refuse("invalid_request_error", f"{field}: Field required", identifier)
            for field in wire.REMOVED if version == wire.VERSIONS[1] else []:
                if field in request:
                    return self.refuse("invalid_request_error", f"{field}: Extra inputs are not permitted", identifier)
            message, turn, fault = model.answer(request, number)
        except (ValueError, KeyError, TypeError) as error:
            return self.refuse("invalid_request_error", f"cannot read the request: {error!r}", identifier)
        except ScriptError as error:
            return self.refuse("invalid_request_error", f"script: {error}", identifier)
        try:
            self.perform(fault, turn, message, request.get("stream", False), identifier)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True  # the client has had enough

    def perform(self, fault: str | None, turn: dict, message: dict, stream: bool, identifier: str) -> None:
        match fault:
            case "hang":
                return self.hang()
            case "rate-limit":
                after = str(turn.get("retry_after", 1))
                return self.refuse("rate_limit_error", "too many requests", identifier, {"retry-after": after})
            case "overloaded":
                return self.refuse("overloaded_error", "Overloaded", identifier)
            case "broken":
                return self.refuse("api_error", "Internal server error", identifier)
            case "error-200":
                return self.send(200, as_json(wire.error("api_error", "Internal server error", identifier)))
            case "garbage":
                self.begin(stream)
                self.wfile.write(bytes(range(256)) * 8)
                return self.end()
            case "bad-arguments":
                for block in message["content"]:
                    if block["type"] == "tool_use":
                        block["raw_input"] = '{"edits": [{"path": "src/'
            case "max-tokens":
                message["stop_reason"] = "max_tokens"
                for block in message["content"]:
                    if block["type"] == "tool_use":
                        block["raw_input"] = json.dumps(block["input"])[:-4]
            case "refusal":
                message |= {"stop_reason": "refusal", "content": []}
        if not stream:
            for block in message["content"]:
                block.pop("raw_input", None)
            return self.send(200, as_json(message))
        self.stream(fault, wire.events(message), identifier)

    def stream(self, fault: str | None, events: list[bytes], identifier: str) -> None:
        self.begin(True)
        match fault:
            case "hang-in-stream":
                self.wfile.write(events[0])
                return self.hang()
            case "broken-off":
                events = events[:max(3, len(events) // 2)]
                events[-1] = events[-1][:-9]
            case "bad-event":
                events[2:] = [b"event: content_block_start\ndata: {\"type\": \"content_blo\n\n"]
            case "error-in-stream":
                error = wire.error("overloaded_error", "Overloaded", identifier)
                events[3:] = [b"event: error\ndata: " + as_json(error) + b"\n\n"]
            case "flood":
                return self.flood(events)
        for event in events:
            if fault in ("split", "slow"):
                for index in range(len(event)):
                    self.wfile.write(event[index:index + 1])
                    self.server.stopping.wait(0.25) if fault == "slow" else None
            else:
                self.wfile.write(event)
        self.end()

    def flood(self, events: list[bytes]) -> None:
        for event in events[:2]:
            self.wfile.write(event)
        start = {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}
        delta = {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "word " * 2000}}
        self.wfile.write(wire.event(start))
        piece, sent = wire.event(delta), 0
        while sent < FLOOD_BYTES_MAX and not self.server.stopping.is_set():
            self.wfile.write(piece)
            sent += len(piece)
        self.end()

    def hang(self) -> None:
        self.wfile.flush()
        self.server.stopping.wait(HANG_SECONDS_MAX)
        self.close_connection = True

    def begin(self, stream: bool) -> None:
        """A body whose end is the connection's."""
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream; charset=utf-8" if stream else "application/json")
        self.send_header("Connection", "close")
        self.end_headers()

    def end(self) -> None:
        self.wfile.flush()
        self.close_connection = True

    def refuse(self, kind: str, text: str, identifier: str, headers: dict[str, str] = {}) -> None:
        self.send(STATUS[kind], as_json(wire.error(kind, text, identifier)), headers=headers)

    def send(self, status: int, body: bytes, kind: str = "application/json", headers: dict[str, str] = {}) -> None:
        self.send_response(status)
        for name, value in ({"Content-Type": kind, "Content-Length": str(len(body))} | headers).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """The log is the file."""


def as_json(value: dict) -> bytes:
    return json.dumps(value).encode()


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, port: int, model: FakeModel):
        super().__init__(("127.0.0.1", port), Handler)
        self.model = model
        self.stopping = threading.Event()

    def stop(self) -> None:
        self.stopping.set()
        self.shutdown()
        self.server_close()


def main() -> None:
    parser = argparse.ArgumentParser(description="A fake model that speaks Anthropic's Messages API.")
    parser.add_argument("--port", type=int, default=18999)
    parser.add_argument("--script", type=pathlib.Path, required=True)
    parser.add_argument("--log", type=pathlib.Path, required=True, help="one JSON object a request is appended")
    parser.add_argument("--roles", type=pathlib.Path, required=True, help="folder of the role files, to tell who asks")
    parser.add_argument("--key-file", type=pathlib.Path, help="refuse requests without this key")
    given = parser.parse_args()
    key = given.key_file.read_text().strip() if given.key_file else None
    Server(given.port, FakeModel(given.script, given.log, given.roles, key)).serve_forever()


if __name__ == "__main__":
    main()
