"""Search-and-replace edits as files that a person can read, and their application to a folder.

    src/payments/store.py
    <<<<<<< SEARCH
    old lines, which occur once; none makes a new file
    =======
    new lines
    >>>>>>> REPLACE
"""

import pathlib

SEARCH, BETWEEN, REPLACE = "<<<<<<< SEARCH", "=======", ">>>>>>> REPLACE"


class EditError(Exception):
    """A sentence: which edit, and why it does not apply."""


def parse(text: str) -> list[dict]:
    """The edits of a file, as {path, search, replace}."""
    edits, path, taking = [], "", None
    for number, line in enumerate(text.split("\n"), 1):
        if line == SEARCH and taking is None and path:
            edits.append({"path": path, "search": "", "replace": ""})
            taking = "search"
        elif line == BETWEEN and taking == "search":
            taking = "replace"
        elif line == REPLACE and taking == "replace":
            taking = None
        elif taking:
            edits[-1][taking] += line + "\n"
        elif line and not line.startswith("#"):
            path = line
        elif line == SEARCH:
            raise EditError(f"line {number}: an edit without a path")
    if taking:
        raise EditError("the last edit does not end")
    return edits


def apply(folder: pathlib.Path, edits: list[dict]) -> list[str]:
    """Applies edits in order; the answer is the files that are new or changed. Nothing is undone when one fails."""
    changed = []
    for edit in edits:
        file = folder / edit["path"]
        if edit["search"] == "":
            if file.exists():
                raise EditError(f"{edit['path']} is there already")
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(edit["replace"])
        else:
            if not file.exists():
                raise EditError(f"there is no {edit['path']}")
            text = file.read_text()
            count = text.count(edit["search"])
            if count != 1:
                raise EditError(f"the text to replace occurs {count} times in {edit['path']}")
            file.write_text(text.replace(edit["search"], edit["replace"]))
        changed.append(edit["path"])
    return sorted(set(changed))
