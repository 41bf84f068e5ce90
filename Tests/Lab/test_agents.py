"""Agents where nothing is to be changed: the cause for a person (`escalate: {agents: root-cause}`), and the reviewer by
itself (`nightshift review`). Both end with words; branch, production and pull requests stay as they were."""

import itertools
import json
import pathlib
import re
import shutil
import sqlite3
import tempfile
from subprocess import CompletedProcess

from labkit import campaign
from labkit.campaign import Transcript
from labkit.host import CORE, SHIPPED
from labkit.machine import wait_until
from story.desk import Desk
from story.lab import model_requests
from story.project import Project, Variation
from test_fix import FixCase

SECRET = "9f1c77d04b2e4a3c8d51"
"""Stands behind a name that speaks of a secret, in a log line or in a diff."""
ROOT_CAUSE = Variation((("agents: fix", "agents: root-cause"),))
LEDGER = "var/lib/nightshift"


def exchanges(desk: Desk) -> dict[str, list[dict]]:
    """By step, what was said to models and by them, as the ledger holds it; read from a copy, for the daemon has it."""
    with tempfile.TemporaryDirectory(prefix="story-") as folder:
        for file in (desk.host.root / LEDGER).glob("ledger.sqlite*"):
            shutil.copy(file, folder)
        ledger = sqlite3.connect(pathlib.Path(folder) / "ledger.sqlite")
        rows = ledger.execute("SELECT path, body FROM exchange ORDER BY path, number").fetchall()
        ledger.close()
    by_step = itertools.groupby(rows, lambda row: row[0])
    return {path: [json.loads(body) for _, body in group] for path, group in by_step}


def objects(value, *keys: str) -> list[dict]:
    """Every object in it that has these keys."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else []
    here = [value] if isinstance(value, dict) and all(key in value for key in keys) else []
    return here + [found for item in inner for found in objects(item, *keys)]


def folded(text: str) -> str:
    return " ".join(text.split())


class UnchangedCase(FixCase):
    """Nothing may be merged, deployed or offered."""

    def begin(self, script: dict, names: Variation = Variation()) -> Desk:
        project = Project("payments", names)
        self.defect = project.defect("lost-update")
        desk = self.desk(project, {"roles": script})
        self.performed = self.host.read("/srv/payments/performed")
        self.first = desk.story.head()
        return desk

    def assert_unchanged(self, desk: Desk, head: str) -> None:
        self.assertEqual(desk.pulls(), [])
        self.assertEqual(desk.story.head(), head)
        self.assertEqual(desk.story.git("for-each-ref", "--format=%(refname)"), "refs/heads/main")
        self.assertEqual(desk.story.revision(), self.first, "production runs what it ran")
        self.assertEqual(self.host.read("/srv/payments/performed"), self.performed, "nothing was deployed")

    def assert_nowhere(self, secret: str) -> None:
        """Not in what is kept: ledger, its log, mirrors and worktrees."""
        for folder in [LEDGER, "var/lib/nightshift-agents"]:
            for file in (self.host.root / folder).rglob("*"):
                if file.is_file():
                    self.assertNotIn(secret.encode(), file.read_bytes(), str(file))


class Diagnosis(UnchangedCase):
    def begin(self, script: dict, names: Variation = ROOT_CAUSE) -> Desk:
        desk = super().begin(script, names)
        self.host.install_runbooks(["diagnose"], {}, f"{SHIPPED}/runbooks/pipeline")
        return desk

    def roles(self) -> dict:
        right = Project("payments").defect("lost-update").script()["roles"]
        reader, cause = right["log-analysis"][0], right["root-cause"][0]
        shown = {"contains": ["refused a payment to", "[masked]"], "lacks": [SECRET]}
        return {"log-analysis": [reader | {"when": shown}], "root-cause": [cause | {"when": {"lacks": [SECRET]}}]}

    def test_a_cause_for_a_person(self) -> None:
        desk = self.begin(self.roles())
        desk.story.insult(f"api_token={SECRET} of ada")
        broke = self.now()
        incident = desk.breaks(self.defect)
        item = desk.drive(incident["id"], approves=False)
        incident = self.host.incident(incident["id"])
        self.assert_state(incident, "escalated")
        self.assertEqual((item["state"], desk.script_errors()), ("escalated", []))
        self.assertEqual([line["role"] for line in model_requests(self.host)],
                         ["log-analysis", "root-cause", "root-cause"])
        self.assert_kinds(incident, "signal", "result", "escalate", "agent", "agent", "escalate")
        self.assertNotIn("approval", [line["kind"] for line in incident["timeline"]], "nobody was asked anything")
        self.assert_evidence(incident)
        self.assert_told(desk, incident, broke)
        self.assert_cited(desk)
        self.assert_unchanged(desk, self.first)
        self.assert_nowhere(SECRET)
        printed = self.host.nightshift("work", "show", item["id"], "--transcript").stdout
        self.assertIn("Store.pay reads the balance", printed)
        self.assertNotIn(SECRET, printed)
        self.transcript("incidents", "show", incident["id"])

    def assert_told(self, desk: Desk, incident: dict, broke: float) -> None:
        """What was found stands on the timeline and in the page that follows it."""
        cause = desk.story.project.defect("lost-update").script()["roles"]["root-cause"][0]["turns"][-1]["finish"]
        found = [line["text"] for line in incident["timeline"] if line["text"].startswith("diagnose: done")]
        self.assertEqual(len(found), 1)
        self.assertIn(cause["hypotheses"][0]["cause"], found[0])
        self.assertIn(f"proposes fix payments: {cause['proposal']['text']}", found[0])
        words = f"diagnosis: {cause['proposal']['text']}"
        self.assertTrue(any(line["kind"] == "escalate" and words in line["text"] for line in incident["timeline"]))
        unit = desk.story.project.settings["units"][0]
        wait_until("a page with the diagnosis", 20, lambda: [
            page for page in self.host.requests()
            if page["at"] >= broke and unit in page["body"] and words in page["body"]])

    def assert_cited(self, desk: Desk) -> None:
        """Each citation of what was found is of something that was shown, and says so."""
        kept = exchanges(desk)
        self.assertEqual({path: len(found) for path, found in kept.items()}, {"read-logs": 1, "diagnose": 2})
        answers = objects(list(kept.values()), "citation", "text", "from")
        shown = {one["citation"]: folded(one["text"]) for one in answers}
        cited = objects(kept["diagnose"][-1]["end"], "id", "quote")
        self.assertEqual(len(cited), 3)
        for one in cited:
            self.assertIn(folded(one["quote"]), shown[one["id"]])
        self.assertIn("[masked]", json.dumps(kept["read-logs"]))

    @campaign.in_full
    def test_a_quote_hides_nothing(self) -> None:
        """What a stranger writes is masked to the end of their line, not of the log."""
        desk = self.begin(self.roles())
        desk.story.insult(f"api_token='{SECRET}")
        item = desk.drive(desk.breaks(self.defect)["id"], approves=False)
        self.assertEqual((item["state"], desk.script_errors()), ("escalated", []))
        self.assert_cited(desk)
        self.assert_nowhere(SECRET)

    @campaign.in_full
    def test_an_invented_citation(self) -> None:
        wrong = {one.name: one for one in Project("payments").defect("lost-update").wrong()}
        roles = wrong["invented-citation"].script()["roles"]
        desk = self.begin({role: roles[role] for role in ["log-analysis", "root-cause"]})
        item = desk.drive(desk.breaks(self.defect)["id"], approves=False)
        incident = self.host.incident(item["incident"])
        self.assertEqual((item["state"], incident["state"], desk.script_errors()), ("escalated", "escalated", []))
        self.assertIn("citation", desk.gates(incident))
        self.assertNotIn("The disk is full", json.dumps(incident), "a claim that does not hold is told to nobody")
        self.assert_unchanged(desk, self.first)
        self.stopped("the diagnosis by itself cites what nobody showed", *desk.stopped_by(incident, {"citation"}),
                     "production and branch as they were")


class Review(UnchangedCase):
    def test_the_reviewer_by_itself(self) -> None:
        blocking = Project("payments").defect("lost-update").result("review")["findings"][0]
        second = {"severity": "note", "path": "README.md", "line": 1, "area": "security",
                  "text": {"$found": r"(\d+\t        self\.lock = threading\.Lock\(\))"}}
        read = {"tool": "read", "arguments": {"path": blocking["path"], "numbers": True}}
        shown = {"contains": ["+        self.lock = threading.Lock()", "+api_token = [masked]"], "lacks": [SECRET]}
        desk = self.begin({"review": [
            {"when": shown, "turns": [{"calls": [read]}, {"finish": {"findings": [second, blocking]}}]},
            {"when": {"contains": ["+One line more."]}, "turns": [{"finish": {"findings": []}}]},
        ]})
        locked = desk.story.commit("A lock", [
            *self.defect.edits("test"), *self.defect.edits("code"),
            {"path": "README.md", "search": "# payments\n", "replace": f"# payments\n\napi_token = {SECRET}\n"}])
        more = desk.story.commit("A line", [{"path": "NOTES.md", "search": "", "replace": "One line more.\n"}])

        done = self.review(f"{self.first}..{locked}")
        self.assertEqual(desk.script_errors(), [])
        lines = done.stdout.splitlines()
        self.assertEqual(lines[0], f"{blocking['path']}:{blocking['line']}: blocking (quality): {blocking['text']}")
        self.assertRegex(lines[1], r"^README\.md:1: note \(security\): \d+\t        self\.lock = ")
        self.assertEqual((len(lines), done.returncode), (2, 1), "a finding that blocks is a status of 1")
        campaign.current.transcripts.append(
            Transcript(f"nightshift review --project payments {self.first[:7]}..{locked[:7]}", done.stdout))
        self.assert_kept(desk, done)
        whole = self.review("--json", locked)
        self.assertEqual([(one["severity"], one["path"]) for one in json.loads(whole.stdout)],
                         [("blocking", blocking["path"]), ("note", "README.md")])
        self.assertEqual(whole.returncode, 0, "a whole answer in JSON")

        nothing = self.review(f"{locked}..{more}")
        self.assertEqual((nothing.stdout, nothing.returncode), ("nothing found\n", 0))
        self.assert_refused("nowhere..main", "nowhere")
        self.assert_refused("main", "inbox", project="inbox")
        self.assertEqual(len(desk.work()), 3, "what was refused is no review")
        self.assertEqual(self.host.incidents(), [])
        self.assert_unchanged(desk, more)
        self.assert_nowhere(SECRET)
        self.host.systemctl("stop", CORE)
        alone = self.review(f"{self.first}..{locked}")
        self.assertEqual((alone.stdout, alone.returncode), (done.stdout, 1))
        self.assertIn("no daemon runs here", alone.stderr)
        self.assertEqual(list((self.host.root / "tmp").glob("nightshift-review-*")), [], "its mirrors are gone")

    def assert_kept(self, desk: Desk, done: CompletedProcess) -> None:
        """Every word to the model and back is in the ledger, masked, with its cost, under the name that is told."""
        name = re.fullmatch(r"kept: nightshift work show (\S+) --transcript\n", done.stderr)
        self.assertIsNotNone(name, done.stderr)
        item = desk.item(name[1])
        self.assertEqual((item["id"], item["project"], len(item["transcript"])), (name[1], "payments", 2))
        self.assertGreater(item["tokens"], 0)
        self.assertGreater(item["cost"], 0)
        kept = exchanges(desk)["review"]
        self.assertEqual(len(kept), 2)
        self.assertIn("+api_token = [masked]", kept[0]["opening"]["task"])

    def review(self, *words: str, project: str = "payments") -> CompletedProcess:
        """As root, who can read the key where the agents' unit is given it from."""
        return self.host.exec("/usr/bin/nightshift", "review", "--project", project, *words, check=False,
                              env={"CREDENTIALS_DIRECTORY": "/etc/nightshift"})

    def assert_refused(self, range: str, names: str, project: str = "payments") -> None:
        done = self.review(range, project=project)
        self.assertEqual((done.stdout, done.returncode), ("", 1), done.stderr)
        self.assertIn(names, done.stderr)
        self.assertIsNone(re.search(r"Error|\.swift|Optional", done.stderr), done.stderr)
