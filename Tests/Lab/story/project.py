"""One project of the story: its commits, its service on a host, its settings, and the answers that repair it.

A folder in `projects` holds
    project.json     its entry of `projects:` in the settings, and what `check` needs to know
    commits/NN-NAME  the files that a commit adds or replaces, and its `message` (Author, Date, empty line, text)
    site/            files of the host, by their place under /
    defects/NAME     one defect: story.json, the right answers, and in wrong/ single wrong ones

A variation renames words everywhere, in texts and in paths: nothing outside may depend on a project's names.
"""

import dataclasses
import json
import os
import pathlib
import shutil
import subprocess
import tempfile

from story import answers

FOLDER = pathlib.Path(__file__).resolve().parent
PROJECTS = FOLDER / "projects"
COMMANDS = ["deploy", "rollback", "switch", "integration-test"]
PROGRAM = "/usr/lib/nightshift-story"
MODEL_PORT = 18999


@dataclasses.dataclass(frozen=True)
class Variation:
    """Words and what they become, in order."""

    words: tuple[tuple[str, str], ...] = ()

    def text(self, text: str) -> str:
        for old, new in self.words:
            text = text.replace(old, new)
        return text

    def value(self, value):
        if isinstance(value, list):
            return [self.value(item) for item in value]
        if isinstance(value, dict):
            return {self.text(key): self.value(item) for key, item in value.items()}
        return self.text(value) if isinstance(value, str) else value


def git(folder: pathlib.Path, *arguments: str, env: dict[str, str] = {}, **options) -> str:
    """Without the machine's settings, and with nothing of this environment but the path."""
    clean = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "GIT_CONFIG_NOSYSTEM": "1", "TZ": "UTC"}
    done = subprocess.run(
        ["git", "-c", "safe.directory=*", "-c", "core.hooksPath=/dev/null", *arguments], cwd=folder, env=clean | env,
        check=True, capture_output=True, text=True, **options)
    return done.stdout.strip()


def copy(source: pathlib.Path, target: pathlib.Path, variation: Variation) -> None:
    """Lays a folder's files over another's, renamed."""
    for file in sorted(source.rglob("*")):
        if file.is_file() and "__pycache__" not in file.parts:
            place = target / variation.text(str(file.relative_to(source)))
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(variation.text(file.read_text()))
            place.chmod(file.stat().st_mode & 0o777)


class Project:
    def __init__(self, folder: str, variation: Variation = Variation()):
        self.folder = PROJECTS / folder
        self.variation = variation
        self.facts = json.loads(variation.text((self.folder / "project.json").read_text()))
        self.name: str = self.facts["name"]
        self.settings: dict = self.facts["settings"]

    @staticmethod
    def all() -> list["Project"]:
        return [Project(file.parent.name) for file in sorted(PROJECTS.glob("*/project.json"))]

    # The repository

    def commits(self) -> list[pathlib.Path]:
        return sorted(folder for folder in (self.folder / "commits").iterdir() if folder.is_dir())

    def make_repository(self, bare: pathlib.Path) -> str:
        """A bare repository with the whole history, always the same; the answer is its last commit."""
        work = bare.with_name(bare.name + ".work")
        bare.mkdir(parents=True)
        git(bare, "init", "--quiet", "--bare", "--initial-branch", self.branch)
        work.mkdir()
        place = {"GIT_DIR": str(bare), "GIT_WORK_TREE": str(work)}
        for commit in self.commits():
            head, _, message = (commit / "message").read_text().partition("\n\n")
            fields = dict(line.split(": ", 1) for line in head.splitlines())
            author, _, address = fields["Author"].rstrip(">").partition(" <")
            copy(commit, work, self.variation)
            (work / "message").unlink()
            git(work, "add", "--all", env=place)
            person = {f"GIT_{who}_{what}": value for who in ("AUTHOR", "COMMITTER") for what, value in [
                ("NAME", author), ("EMAIL", self.variation.text(address)), ("DATE", fields["Date"])]}
            message = self.variation.text(message)
            git(work, "commit", "--quiet", "--file=-", env=place | person, input=message)
        shutil.rmtree(work)
        (bare / "index").unlink(missing_ok=True)
        return git(bare, "rev-parse", self.branch)

    @property
    def branch(self) -> str:
        return self.settings["repository"]["branch"]

    def checkout(self, bare: pathlib.Path, folder: pathlib.Path) -> None:
        """The files of the branch, without a repository."""
        folder.mkdir(parents=True)
        archive = subprocess.run(
            ["git", "-c", "safe.directory=*", "archive", self.branch], cwd=bare, check=True, capture_output=True).stdout
        subprocess.run(["tar", "-x"], cwd=folder, input=archive, check=True)

    # The defects

    def defects(self) -> list["Defect"]:
        return [Defect(self, file.parent) for file in sorted((self.folder / "defects").glob("*/story.json"))]

    def defect(self, name: str) -> "Defect":
        return Defect(self, self.folder / "defects" / name)

    # The host

    def install(self, root: pathlib.Path) -> str:
        """Lays repository, commands, units, rules and runbooks under `root`; the answer is the last commit."""
        home = root / "srv" / self.name
        home.mkdir(parents=True, exist_ok=True)
        for command in COMMANDS:
            shutil.copy(FOLDER / "host" / command, home / command)
        copy(self.folder / "site", root, self.variation)
        # git works nowhere below /proc/PID/root: made outside, then copied.
        with tempfile.TemporaryDirectory(prefix="story-") as folder:
            commit = self.make_repository(pathlib.Path(folder) / "made.git")
            shutil.copytree(pathlib.Path(folder) / "made.git", root / self.settings["repository"]["url"].lstrip("/"))
        return commit


class Defect:
    """One thing that is wrong in a project, and what a model has to say to mend it."""

    def __init__(self, project: Project, folder: pathlib.Path):
        self.project, self.folder, self.name = project, folder, folder.name
        self.facts = project.variation.value(json.loads((folder / "story.json").read_text()))

    def script(self) -> dict:
        return self.project.variation.value(answers.load(self.folder / "right.json"))

    def wrong(self) -> list["Wrong"]:
        return [Wrong(self, file) for file in sorted((self.folder / "wrong").glob("*.json"))]

    def result(self, role: str, number: int = 0) -> dict:
        """What a role's answer finishes with."""
        return self.script()["roles"][role][number]["turns"][-1]["finish"]

    def edits(self, role: str, number: int = 0) -> list[dict]:
        return self.result(role, number)["edits"]


class Wrong:
    """The right answers with those of one role replaced: `answers`, or `edits` for a role that writes; `also` are those of
    other roles that are asked more often for it."""

    def __init__(self, defect: Defect, file: pathlib.Path):
        self.defect, self.name = defect, file.stem
        self.facts = defect.project.variation.value(answers.load(file))
        self.role: str = self.facts["role"]
        self.gates: list[str] = self.facts["gate"]

    @property
    def edits(self) -> list[dict]:
        return self.facts["edits"]

    def script(self) -> dict:
        given = self.facts.get("answers") or [
            {"turns": [{"finish": {"edits": self.edits, "explanation": self.facts["explanation"]}}]}]
        for answer in given:
            answer["turns"][-1]["forever"] = True  # a model that is told what is wrong, and says the same again
        right = self.defect.script()
        return right | {"roles": right["roles"] | {self.role: given} | self.facts.get("also", {})}
