"""Whether scripted answers fit the roles: played as the agent loop asks, with the log's words and the code as data."""

import json
import pathlib

from story.answers import Conversation, ScriptError, choose, read_prompts, resolve
from story.project import Defect

ROLES = pathlib.Path(__file__).resolve().parents[3] / "runbooks/roles"


def front_matter(role: str) -> dict | None:
    """None where there is no YAML reader."""
    try:
        import yaml
    except ImportError:
        return None
    return yaml.safe_load((ROLES / f"{role}.md").read_text().split("---\n", 2)[1])


def problem(role: str, result: dict) -> str:
    """Why a result does not fit the role's schema; empty where it does, or where nobody can tell."""
    front = front_matter(role)
    if front is None:
        return ""
    try:
        import jsonschema
    except ImportError:
        return ""
    errors = list(jsonschema.Draft202012Validator(front["result"]).iter_errors(result))
    return "; ".join(f"{error.json_path}: {error.message}" for error in errors)[:300]


def fenced(text: str, source: str, identifier: str | None = None) -> str:
    known = f' id="{identifier}"' if identifier else ""
    return f'<untrusted-data{known} from="{source}">\n{text}\n</untrusted-data>'


def play(role: str, script: dict, first: str, checkout: pathlib.Path) -> tuple[dict, list[str]]:
    """What a role finishes with, and the tools that it called."""
    front, prompt = front_matter(role), read_prompts(ROLES)[role]
    messages, called, number = [{"role": "user", "content": first}], [], 1
    while True:
        request = {"system": prompt, "messages": messages}
        conversation = Conversation.of(request, {role: prompt})
        _, turn = choose(script, conversation)
        if "finish" in turn:
            return resolve(turn["finish"], conversation), called
        shown = []
        for call in turn["calls"]:
            number += 1
            called.append(call["tool"])
            if front and call["tool"] not in front["tools"]:
                raise ScriptError(f"{role} has no tool {call['tool']}")
            path = call.get("arguments", {}).get("path")
            shown.append(fenced((checkout / path).read_text() if path else "nothing", call["tool"], f"T{number}"))
        messages += [{"role": "assistant", "content": "…"}, {"role": "user", "content": "\n".join(shown)}]


def check_roles(expect, defect: Defect, checkout: pathlib.Path) -> None:
    name, script = f"{defect.project.name}/{defect.name}", defect.script()
    words = [fact["$fact"] for fact in script["roles"]["log-analysis"][0]["turns"][-1]["finish"]["facts"]]
    log = "\n".join(f"2026-01-02T03:04:05 {defect.facts['unit']}[7]: x {line} y" for line in words)
    first = {"log-analysis": fenced(log, "journal", "T1")}
    for role in ["log-analysis", "root-cause", "architect", "test", "code", "review", *defect.facts["rounds"][1:]]:
        try:
            result, called = play(role, script, first.get(role, "Begin."), checkout)
        except (ScriptError, OSError) as error:
            expect(f"{name}: {role} answers", False, str(error))
            continue
        if role == "log-analysis":
            first["root-cause"] = fenced(json.dumps(result["facts"], indent=2, ensure_ascii=False), "facts")
        wrong = problem(role, result)
        expect(f"{name}: {role} answers", not wrong, wrong or f"after {', '.join(called) or 'no call'}")
