"""What Anthropic's Messages API answers, byte for byte: whole messages, event streams, errors.

After the published contract (platform.claude.com, "Messages" and "Streaming messages"); `check` compares it with the
vendor's own types.
"""

import json

VERSIONS = ["2023-06-01", "2026-10-21"]
REMOVED = ["temperature", "top_p", "top_k"]
"""Parameters that the second version no longer takes."""


def message(identifier: str, model: str, content: list[dict], stop: str, usage: dict) -> dict:
    return {
        "id": identifier, "type": "message", "role": "assistant", "model": model, "content": content,
        "stop_reason": stop, "stop_sequence": None, "usage": usage,
    }


def error(kind: str, text: str, request: str) -> dict:
    return {"type": "error", "error": {"type": kind, "message": text}, "request_id": request}


def event(value: dict) -> bytes:
    return f"event: {value['type']}\ndata: {json.dumps(value)}\n\n".encode()


def events(whole: dict, piece: int = 40) -> list[bytes]:
    """The stream that tells a message, its texts and arguments in pieces of at most so many characters."""
    start = whole | {"content": [], "stop_reason": None, "usage": whole["usage"] | {"output_tokens": 1}}
    out = [event({"type": "message_start", "message": start}), event({"type": "ping"})]
    for index, block in enumerate(whole["content"]):
        if block["type"] == "text":
            empty, kind, field, text = {"type": "text", "text": ""}, "text_delta", "text", block["text"]
        else:
            empty, kind, field = block | {"input": {}}, "input_json_delta", "partial_json"
            text = block.get("raw_input") or json.dumps(block["input"])
            empty.pop("raw_input", None)
        out.append(event({"type": "content_block_start", "index": index, "content_block": empty}))
        for at in range(0, len(text), piece):
            delta = {"type": kind, field: text[at:at + piece]}
            out.append(event({"type": "content_block_delta", "index": index, "delta": delta}))
        out.append(event({"type": "content_block_stop", "index": index}))
    delta = {"stop_reason": whole["stop_reason"], "stop_sequence": None}
    out.append(event({
        "type": "message_delta", "delta": delta, "usage": {"output_tokens": whole["usage"]["output_tokens"]}}))
    out.append(event({"type": "message_stop"}))
    return out
