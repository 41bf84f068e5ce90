"""Whether the fake model's answers are what the vendor's own client and types take, and its faults what they say."""

import http.client
import json
import pathlib
import threading
import time

from story.answers import read_prompts
from story.fake_model import FakeModel, Server

ROLES = pathlib.Path(__file__).resolve().parents[3] / "runbooks/roles"
KEY = "story-key"
FINISH = {"name": "finish", "description": "Ends your work.", "input_schema": {"type": "object", "properties": {}}}
READ = {"name": "read", "description": "A file.", "input_schema": {
    "type": "object", "properties": {"path": {"type": "string"}}}}
DATA = '<untrusted-data id="T7" from="journal">\nfirst line\nERROR: the käse is gone\n</untrusted-data>'
FAULTS = [
    "broken-off", "garbage", "bad-event", "error-200", "error-in-stream", "bad-arguments", "max-tokens", "refusal",
    "rate-limit", "overloaded", "broken", "split", "hang", "hang-in-stream", "slow", "flood",
]


def script() -> dict:
    finish = {"finish": {"facts": [{"kind": "error", "text": "käse", "$fact": "the käse"}]}}
    return {"roles": {
        "log-analysis": [
            *({"when": {"contains": [f"fault {name}."]}, "turns": [finish | {"text": "Well.", "fault": name}]}
              for name in FAULTS),
            {"when": {"contains": ["once"]}, "turns": [finish | {"fault": "overloaded", "times": 1}]},
            {"turns": [finish]},
        ],
        "root-cause": [{"turns": [
            {"text": "I look.", "calls": [{"tool": "read", "arguments": {"path": "a.py", "project": "dropped"}}]},
            finish]}],
    }}


def check_wire(expect, place: pathlib.Path) -> None:
    (place / "script.json").write_text(json.dumps(script()))
    server = Server(0, FakeModel(place / "script.json", place / "requests.jsonl", ROLES, KEY))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        check_plain(expect, server.server_address[1])
        try:
            import anthropic
        except ImportError:
            print("skipped: the vendor's types; pip install anthropic")
        else:
            check_vendor(expect, anthropic, server.server_address[1])
        lines = [json.loads(line) for line in (place / "requests.jsonl").read_text().splitlines()]
        named = all("role" in line for line in lines)
        expect("fake model: each answered request is logged", named, f"{len(lines)} lines")
    finally:
        server.stop()
        thread.join()


def request(role: str, text: str, stream: bool) -> dict:
    return {
        "model": "scripted-1", "max_tokens": 1000, "stream": stream, "system": read_prompts(ROLES)[role] + "\n\nMore.",
        "tools": [READ, FINISH], "messages": [{"role": "user", "content": f"{text}\n{DATA}"}],
    }


def post(port: int, body: dict, headers: dict = {}) -> tuple[int, dict, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    known = {"x-api-key": KEY, "anthropic-version": "2023-06-01", "content-type": "application/json"}
    connection.request("POST", "/v1/messages", json.dumps(body), known | headers)
    answer = connection.getresponse()
    try:
        data = answer.read()
    except http.client.IncompleteRead as error:
        data = error.partial
    connection.close()
    return answer.status, {name.lower(): value for name, value in answer.getheaders()}, data


def arrives(port: int, fault: str, seconds: float, bytes_max: int) -> int:
    """How many bytes of an answer to a fault come within a time, at most."""
    connection, got = http.client.HTTPConnection("127.0.0.1", port, timeout=seconds), 0
    head = {"x-api-key": KEY, "anthropic-version": "2023-06-01"}
    end = time.monotonic() + seconds
    try:
        connection.request("POST", "/v1/messages", json.dumps(request("log-analysis", f"fault {fault}.", True)), head)
        answer = connection.getresponse()
        while got < bytes_max and time.monotonic() < end:
            got += len(answer.read1(65536))
    except TimeoutError:
        pass  # that is the fault
    finally:
        connection.close()
    return got


def events(data: bytes) -> list[dict]:
    return [json.loads(part.partition(b"data: ")[2]) for part in data.split(b"\n\n") if b"data: " in part]


def arguments(stream: list[dict]) -> str:
    deltas = [event["delta"] for event in stream if event["type"] == "content_block_delta"]
    return "".join(delta.get("partial_json", "") for delta in deltas)


def check_plain(expect, port: int) -> None:
    fact = {"kind": "error", "text": "käse", "citation": "T7", "quote": "ERROR: the käse is gone"}
    status, _, data = post(port, request("log-analysis", "go", True))
    stream = events(data)
    expect("fake model: a citation is found in what was shown", status == 200 and
           json.loads(arguments(stream)) == {"facts": [fact]}, arguments(stream))
    status, _, data = post(port, request("root-cause", "go", False))
    call = json.loads(data)["content"][-1]
    expect("fake model: a call keeps to the tool's arguments", call["input"] == {"path": "a.py"}, json.dumps(call))
    follow = request("root-cause", "go", False)
    follow["messages"] += [
        {"role": "assistant", "content": json.loads(data)["content"]},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": call["id"], "content": "x"}]}]
    status, _, data = post(port, follow)
    expect("fake model: the next turn follows", json.loads(data)["content"][-1]["name"] == "finish")
    expect("fake model: a wrong key", post(port, follow, {"x-api-key": "other"})[0] == 401)
    expect("fake model: a request that the script does not know",
           b"script: " in post(port, request("architect", "go", False))[2])
    codes = [post(port, request("log-analysis", "once", True))[0] for _ in range(2)]
    expect("fake model: overloaded once", codes == [529, 200], str(codes))
    for fault, holds in {
        "rate-limit": lambda status, head, data: status == 429 and head["retry-after"] == "1",
        "overloaded": lambda status, head, data: status == 529,
        "broken": lambda status, head, data: status == 500,
        "error-200": lambda status, head, data: status == 200 and json.loads(data)["type"] == "error",
        "error-in-stream": lambda status, head, data: status == 200 and events(data)[-1]["type"] == "error",
        "garbage": lambda status, head, data: status == 200 and b"data: " not in data,
        "broken-off": lambda status, head, data: b"message_stop" not in data,
        "bad-event": lambda status, head, data: data.endswith(b'"content_blo\n\n'),
        "bad-arguments": lambda status, head, data: arguments(events(data)) == '{"edits": [{"path": "src/',
        "max-tokens": lambda status, head, data: b'"stop_reason": "max_tokens"' in data,
        "refusal": lambda status, head, data: b'"stop_reason": "refusal"' in data,
        "split": lambda status, head, data: json.loads(arguments(events(data))) == {"facts": [fact]},
    }.items():
        expect(f"fake model: fault {fault}", holds(*post(port, request("log-analysis", f"fault {fault}.", True))))


    bounds = {"hang": (0, 0), "hang-in-stream": (50, 1000), "slow": (1, 40), "flood": (1 << 22, 1 << 23)}
    for fault, (least, most) in bounds.items():
        got = arrives(port, fault, 2.5, 1 << 22)
        expect(f"fake model: fault {fault}", least <= got <= most, f"{got} bytes in 2.5 s")
    expect("fake model: it goes on answering", post(port, request("log-analysis", "go", True))[0] == 200)


def check_vendor(expect, anthropic, port: int) -> None:
    import pydantic

    client = anthropic.Anthropic(base_url=f"http://127.0.0.1:{port}", api_key=KEY, max_retries=0)
    event_type = pydantic.TypeAdapter(anthropic.types.RawMessageStreamEvent)
    for role, text in [("log-analysis", "go"), ("root-cause", "go"), ("log-analysis", "fault split."),
                       ("log-analysis", "fault max-tokens."), ("log-analysis", "fault refusal.")]:
        stream = [event for event in events(post(port, request(role, text, True))[2]) if event["type"] != "ping"]
        for event in stream:
            event_type.validate_python(event, strict=True)
        expect(f"vendor's types: {role}, {text}", len(stream) > 2, f"{len(stream)} events, {anthropic.__version__}")
        message = json.loads(post(port, request(role, text, False))[2])
        anthropic.types.Message.model_validate(message, strict=True)
        body = request(role, text, False)
        body.pop("stream")
        if "max-tokens" not in text:
            with client.messages.stream(**body) as told:
                final = told.get_final_message()
            fields = {"type", "text", "name", "input"}
            same = [block.model_dump(include=fields) for block in final.content]
            plain = [{name: block[name] for name in block.keys() & fields} for block in message["content"]]
            expect(f"vendor's client: {role}, {text}", same == plain and final.stop_reason == message["stop_reason"],
                   final.stop_reason)
    for fault, error in [("rate-limit", anthropic.RateLimitError), ("broken", anthropic.InternalServerError),
                         ("overloaded", anthropic.APIStatusError), ("error-in-stream", anthropic.APIStatusError)]:
        body = request("log-analysis", f"fault {fault}.", False)
        body.pop("stream")
        try:
            with client.messages.stream(**body) as told:
                told.get_final_message()
            expect(f"vendor's client: {fault}", False, "no error")
        except error as raised:
            expect(f"vendor's client: {fault}", True, type(raised).__name__)
