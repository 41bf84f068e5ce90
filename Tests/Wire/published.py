"""The checks of Tests/Wire/check, inside an environment that has the vendors' packages."""

import json
import pathlib
import sys
import traceback
import typing

import anthropic
import anthropic._streaming
import anthropic.lib.streaming._messages
import anthropic.types
import anthropic.types.message_create_params
import ollama._types
import openai._streaming
import openai.lib.streaming.chat
import openai.types.chat
import openai.types.chat.completion_create_params
import openai.types.shared
import pydantic

FIXTURES = pathlib.Path(sys.argv[1])


def read(path: pathlib.Path):
    return json.loads(path.read_text(encoding="utf-8"))


def same(name: str, found, expected) -> None:
    if found != expected:
        raise AssertionError(f"{name}: {json.dumps(found, ensure_ascii=False)}\n  not {json.dumps(expected, ensure_ascii=False)}")


def plain(value):
    """A validated value with its lazy iterables read: reading them is what checks their items."""
    if isinstance(value, pydantic.BaseModel):
        return value.model_dump(exclude_unset=True, by_alias=True)
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, (str, bytes)) or not isinstance(value, typing.Iterable):
        return value
    return [plain(item) for item in value]


def accepted(kind, value) -> None:
    """The value is of the published type, and has no key that the type does not know."""
    adapter = pydantic.TypeAdapter(kind)  # kept while the lazy iterables are read
    same("accepted", plain(adapter.validate_python(value)), value)


def part(text=None, call=None, vendor=None):
    if text is not None:
        return {"text": text}
    return {"call": call} if call is not None else {"vendor": vendor}


# Anthropic


def anthropic_request(value) -> None:
    accepted(anthropic.types.message_create_params.MessageCreateParamsStreaming, value)


def anthropic_events(path: pathlib.Path):
    for event in anthropic._streaming.SSEDecoder().iter_bytes(iter([path.read_bytes()])):
        value = event.json()
        same("event's name", event.event, value["type"])
        yield value


def anthropic_stream(path: pathlib.Path, expected) -> None:
    kind = pydantic.TypeAdapter(anthropic.types.RawMessageStreamEvent)
    message, buffers = None, {}
    for value in anthropic_events(path):
        if value["type"] == "ping":
            continue
        event = kind.validate_python(value)
        message = anthropic.lib.streaming._messages.accumulate_event(
            event=event, current_snapshot=message, json_bufs=buffers)
    message = anthropic.types.Message.model_validate(message.to_dict())
    parts = []
    for block in message.content:
        if block.type == "text":
            parts.append(part(text=block.text))
        elif block.type == "tool_use":
            parts.append(part(call={"id": block.id, "tool": block.name, "arguments": block.input}))
        else:
            parts.append(part(vendor=block.to_dict()))
    if expected.get("cut"):
        parts.pop()
    if message.stop_details:
        parts.append(part(text=message.stop_details.explanation))
    usage = message.usage
    same("reply", {"parts": parts, "stop": message.stop_reason, "usage": {
        "input": usage.input_tokens, "output": usage.output_tokens,
        "cacheRead": usage.cache_read_input_tokens or 0, "cacheWritten": usage.cache_creation_input_tokens or 0}},
        {key: expected[key] for key in ("parts", "stop", "usage")})


def anthropic_error(value) -> None:
    pydantic.TypeAdapter(anthropic.types.ErrorResponse).validate_python(value)


def anthropic_error_stream(path: pathlib.Path) -> None:
    values = list(anthropic_events(path))
    kind = pydantic.TypeAdapter(anthropic.types.RawMessageStreamEvent)
    for value in values[:-1]:
        kind.validate_python(value)
    anthropic_error(values[-1])


# OpenAI


def openai_request(value) -> None:
    accepted(openai.types.chat.completion_create_params.CompletionCreateParamsStreaming, value)


def openai_chunks(path: pathlib.Path):
    data = [event.data for event in openai._streaming.SSEDecoder().iter_bytes(iter([path.read_bytes()]))]
    return [json.loads(text) for text in data if text != "[DONE]"], "[DONE]" in data[-1:]


def openai_stream(path: pathlib.Path, expected) -> None:
    chunks, is_done = openai_chunks(path)
    same("[DONE]", is_done, True)
    text, calls, stop, usage = "", {}, None, None
    for value in chunks:
        chunk = openai.types.chat.ChatCompletionChunk.model_validate(value)
        usage = chunk.usage or usage
        for choice in chunk.choices:
            text += (choice.delta.content or "") + (choice.delta.refusal or "")
            stop = choice.finish_reason or stop
            for call in choice.delta.tool_calls or []:
                known = calls.setdefault(call.index, {"id": "", "tool": "", "arguments": ""})
                known["id"] += call.id or ""
                known["tool"] += call.function.name or ""
                known["arguments"] += call.function.arguments or ""
    if expected.get("cut"):
        calls.popitem()
    for call in calls.values():
        call["arguments"] = json.loads(call["arguments"])
    details = usage.prompt_tokens_details
    cached = details.cached_tokens or 0
    same("reply", {
        "parts": [part(text=text)] + [part(call=call) for call in calls.values()], "stop": stop,
        "usage": {"input": usage.prompt_tokens - cached, "output": usage.completion_tokens, "cacheRead": cached,
                  "cacheWritten": 0}}, {key: expected[key] for key in ("parts", "stop", "usage")})


def openai_error(value) -> None:
    openai.types.shared.ErrorObject.model_validate(value["error"], strict=True)


def openai_error_stream(path: pathlib.Path) -> None:
    chunks, is_done = openai_chunks(path)
    same("[DONE]", is_done, False)
    for value in chunks[:-1]:
        openai.types.chat.ChatCompletionChunk.model_validate(value)
    openai_error(chunks[-1])


# Ollama


def ollama_request(value) -> None:
    request = ollama._types.ChatRequest.model_validate(value)
    messages = [ollama._types.Message.model_validate(message) for message in value["messages"]]
    shown = request.model_dump(exclude_unset=True, by_alias=True)
    shown["messages"] = [message.model_dump(exclude_unset=True) for message in messages]
    # The package's type of a tool knows only the commonest words of JSON Schema; the server takes any schema.
    for tool, given in zip(shown.get("tools", []), value.get("tools", [])):
        tool["function"]["parameters"] = given["function"]["parameters"]
    same("accepted", shown, value)


def ollama_lines(path: pathlib.Path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def ollama_stream(path: pathlib.Path, expected) -> None:
    text, thinking, calls = "", "", []
    for value in ollama_lines(path):
        line = ollama._types.ChatResponse.model_validate(value)
        text += line.message.content or ""
        thinking += line.message.thinking or ""
        for call in line.message.tool_calls or []:
            calls.append({
                "id": f"call_{len(calls)}", "tool": call.function.name, "arguments": dict(call.function.arguments)})
    same("done", line.done, True)
    parts = [part(vendor={"thinking": thinking})] if thinking else []
    same("reply", {
        "parts": parts + [part(text=text)] + [part(call=call) for call in calls], "stop": line.done_reason,
        "usage": {"input": line.prompt_eval_count, "output": line.eval_count, "cacheRead": 0, "cacheWritten": 0}},
        {key: expected[key] for key in ("parts", "stop", "usage")})


def ollama_error(value) -> None:
    same("error", ollama._types.ResponseError(json.dumps(value)).error, value["error"])


def ollama_error_stream(path: pathlib.Path) -> None:
    lines = ollama_lines(path)
    for value in lines[:-1]:
        ollama._types.ChatResponse.model_validate(value)
    ollama_error(lines[-1])


def check(path: pathlib.Path) -> bool:
    """False for what is checked together with its stream."""
    vendor, name = path.parent.name, path.name
    is_stream = path.suffix != ".json"
    if name.startswith("request-"):
        globals()[f"{vendor}_request"](read(path))
    elif name.startswith("error-"):
        globals()[f"{vendor}_error_stream"](path) if is_stream else globals()[f"{vendor}_error"](read(path))
    elif is_stream:
        globals()[f"{vendor}_stream"](path, read(path.with_suffix(".json")))
    else:
        return False
    return True


def main() -> int:
    passed = failed = 0
    for path in sorted(FIXTURES.glob("*/*")):
        try:
            passed += check(path)
        except Exception:
            failed += 1
            print(f"{path.relative_to(FIXTURES)} is not what the vendor publishes:\n{traceback.format_exc(limit=2)}")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
