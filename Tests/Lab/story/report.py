"""The names of the tests that ran and how each ended, from a JUnit or a TAP report."""

import pathlib
import re
import xml.etree.ElementTree as xml

LINE = re.compile(r"^(not )?ok\b\s*\d*\s*-?\s*(.*?)\s*(?:#\s*(skip|todo)\b.*)?$", re.IGNORECASE)


def read(report: dict, folder: pathlib.Path, output: str) -> dict[str, str] | None:
    """Name to `passed`, `failed`, `error` or `skipped`; None where there is no report."""
    if report.get("tap") == "-":
        return tap(output)
    file = folder / (report.get("junit") or report.get("tap"))
    if not file.exists():
        return None
    return junit(file) if "junit" in report else tap(file.read_text())


def junit(file: pathlib.Path) -> dict[str, str]:
    found = {}
    for case in xml.parse(file).getroot().iter("testcase"):
        ends = {"failure": "failed", "error": "error", "skipped": "skipped"}
        found[case.get("name", "")] = next(
            (end for mark, end in ends.items() if case.find(mark) is not None), "passed")
    return found


def tap(text: str) -> dict[str, str] | None:
    found, plan = {}, False
    for line in text.splitlines():
        plan = plan or re.match(r"^1\.\.\d+", line) is not None
        match = LINE.match(line)
        if match:
            found[match.group(2)] = "failed" if match.group(1) else "skipped" if match.group(3) else "passed"
    return found if plan else None
