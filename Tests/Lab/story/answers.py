"""The scripted answers of a model: which one a request gets, and what in it refers to the request.

A script is JSON: {"roles": {ROLE: [ANSWER…]}}. An answer is {"when": {"contains": […], "lacks": […]}, "turns": [TURN…]};
the first whose words the request has (in the system prompt and the messages) is taken, so that a request that is asked
again after a crash gets the same answer. Turn N answers a conversation in which the model has spoken N times; the last
turn with "forever" repeats. A turn is {"text", "calls": [{"tool", "arguments"}], "finish": RESULT, "fault": …}.

In arguments and results, an object may hold
    {"$cite": "words"}   becomes {id, quote}: the ID of a piece of data that was shown, and its line with these words
    {"$fact": "words"}   the same as {citation, quote}
    {"$found": "regex"}  becomes the first group's text in what was shown
    {"$turn": "text {}"} becomes the text with the turn's number
    {"$edits": "file"}   becomes the edits of a file beside the script (before the server sees it)
    {"$file": "file"}    becomes its text
"""

import dataclasses
import json
import pathlib
import re

from story import edits

FENCE = re.compile(r"<untrusted-data((?:\s+[a-z]+=\"[^\"]*\")*)\s*>\n?(.*?)\n?</untrusted-data>", re.DOTALL)
IDENTIFIER = re.compile(r"\bid=\"([^\"]+)\"")
CITED = re.compile(r"\{[^{}]*\"quote\"[^{}]*\}")
QUOTE_MAX = 160


class ScriptError(Exception):
    """The script does not know what to answer; a sentence that says to what."""


@dataclasses.dataclass
class Conversation:
    """What a request holds, flattened."""

    role: str
    first: str
    """The text before the model first spoke: it identifies the conversation."""
    text: str
    turn: int
    tools: dict[str, dict]
    """The schemas of their arguments."""

    @staticmethod
    def of(request: dict, prompts: dict[str, str]) -> "Conversation":
        system = flat(request.get("system", ""))
        before, everything, turn = [system], [system], 0
        for message in request["messages"]:
            text = flat(message["content"])
            everything.append(text)
            if message["role"] == "assistant":
                turn += 1
            elif turn == 0:
                before.append(text)
        role = next((name for name, prompt in prompts.items() if system.startswith(prompt)), "")
        return Conversation(
            role=role, first="\n".join(before), text="\n".join(everything),
            turn=turn, tools={tool["name"]: tool["input_schema"] for tool in request.get("tools", [])})

    def pieces(self) -> list[tuple[str, str]]:
        """(ID, text) of all that can be cited: shown under an ID, or cited by another role whose words are here."""
        found = []
        for attributes, text in FENCE.findall(self.text):
            identifier = IDENTIFIER.search(attributes)
            if identifier:
                found.append((identifier.group(1), text))
        for text in CITED.findall(self.text):
            try:
                cited = json.loads(text)
            except ValueError:
                continue  # braces of something else
            identifier = cited.get("citation") or cited.get("id")
            if isinstance(identifier, str) and isinstance(cited.get("quote"), str):
                found.append((identifier, cited["quote"]))
        return found

    def cite(self, words: str) -> tuple[str, str]:
        for identifier, text in self.pieces():
            for line in text.splitlines():
                at = line.find(words)
                if at >= 0:
                    begin = max(0, at - (QUOTE_MAX - len(words)) // 2)
                    return identifier, line[begin:begin + max(QUOTE_MAX, len(words))].strip()
        raise ScriptError(f"nothing that {self.role or 'this model'} was shown contains {words!r}")


def read_prompts(folder: pathlib.Path) -> dict[str, str]:
    """How the system prompt of each role begins: its file's first paragraph, up to where something is filled in."""
    prompts = {}
    for file in folder.glob("*.md"):
        _, _, prompt = file.read_text().split("---\n", 2)
        prompts[file.stem] = prompt.strip().partition("\n")[0].partition("{{")[0]
    return prompts


def flat(content) -> str:
    """All text of a message's content, tool results and calls included."""
    if isinstance(content, str):
        return content
    parts = []
    for block in content:
        if block["type"] == "text":
            parts.append(block["text"])
        elif block["type"] == "tool_result":
            parts.append(flat(block.get("content", "")))
        elif block["type"] == "tool_use":
            parts.append(json.dumps(block["input"]))
    return "\n".join(parts)


def choose(script: dict, conversation: Conversation) -> tuple[int, dict]:
    """The number of the answer and its turn."""
    offered = script["roles"].get(conversation.role)
    if offered is None:
        raise ScriptError(f"no answer is scripted for the role {conversation.role!r}")
    for number, answer in enumerate(offered):
        when = answer.get("when", {})
        if (all(words in conversation.first for words in when.get("contains", []))
                and not any(words in conversation.first for words in when.get("lacks", []))):
            turns = answer["turns"]
            if conversation.turn < len(turns):
                return number, turns[conversation.turn]
            if turns[-1].get("forever"):
                return number, turns[-1]
            raise ScriptError(f"answer {number} of {conversation.role} has no turn {conversation.turn}")
    raise ScriptError(f"no answer of {conversation.role} fits what it was asked")


def arguments(call: dict, conversation: Conversation) -> dict:
    """A call's arguments, without those that the tool does not have."""
    tool = conversation.tools.get(call["tool"])
    if tool is None:
        raise ScriptError(f"{conversation.role} has no tool {call['tool']!r}")
    given = resolve(call.get("arguments", {}), conversation)
    return {name: value for name, value in given.items() if name in tool.get("properties", {})}


def resolve(value, conversation: Conversation):
    """A scripted value with its references to the request replaced."""
    if isinstance(value, list):
        return [resolve(item, conversation) for item in value]
    if not isinstance(value, dict):
        return value
    if "$found" in value:
        found = re.search(value["$found"], conversation.text)
        if not found:
            raise ScriptError(f"nothing matches {value['$found']!r}")
        return found.group(1)
    if "$turn" in value:
        return value["$turn"].format(conversation.turn)
    out = {}
    for key, item in value.items():
        if key in ("$cite", "$fact"):
            identifier, quote = conversation.cite(item)
            out |= {"id" if key == "$cite" else "citation": identifier, "quote": quote}
        else:
            out[key] = resolve(item, conversation)
    return out


def load(file: pathlib.Path) -> dict:
    """A script or a part of one, with the files that it names read."""
    return read_files(json.loads(file.read_text()), file.parent)


def read_files(value, folder: pathlib.Path):
    if isinstance(value, list):
        return [read_files(item, folder) for item in value]
    if not isinstance(value, dict):
        return value
    if "$edits" in value:
        return edits.parse((folder / value["$edits"]).read_text())
    if "$file" in value:
        return (folder / value["$file"]).read_text()
    return {key: read_files(item, folder) for key, item in value.items()}
