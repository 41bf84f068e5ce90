"""The story of payments with its processes killed at boundaries of durability: it ends the same, and nothing is done
twice."""

import threading
from collections import Counter

from labkit import campaign
from labkit.host import CORE
from labkit.machine import LabError, wait_until
from story.desk import AGENTS, Desk
from story.lab import model_requests
from story.project import Project, Variation
from story.variation import RENAMED
from test_fix import FixCase

EVERY = 40
"""The core dies after so many commits of each of its lives; the runs of --full differ in where that begins.

Each boundary by itself, from a snapshot, is test_fix_snapshots.py's; here one process dies and the others live on."""
QUESTIONS = [
    ("log-analysis", 0), ("root-cause", 0), ("root-cause", 1), ("architect", 0), ("test", 0), ("code", 0),
    ("review", 0), ("fix", 0), ("review", 0),
]
"""Role and turn of what the model is asked when nothing is killed."""
# Each start reads the variable, so that a process that was killed after its Nth commit is killed after so many again.
DROP_IN = """\
[Unit]
StartLimitIntervalSec=0

[Service]
EnvironmentFile=-/run/lab-kill/{unit}.env
ExecStopPost=+/bin/sh /run/lab-kill/ended {unit} $SERVICE_RESULT
RestartSec=100ms
"""
ENDED = """\
cd /run/lab-kill
echo "$2" >> "$1.ends"
rm -f "$1.env"
if [ -e "$1.next" ]; then cp "$1.next" "$1.env"; fi
"""


def places(requests: list[dict]) -> list[int]:
    """Which of QUESTIONS each request was: the one before again, or the next; -1 where it is neither."""
    found: list[int] = []
    for request in requests:
        now = found[-1] if found else 0
        asked = request["role"], request["turn"]
        candidates = [now, now + 1] if found else [0]
        found.append(next((place for place in candidates if QUESTIONS[place:place + 1] == [asked]), -1))
    return found


def every(what: str, step: int | None) -> str:
    return "" if step is None else f"at every {what}" if step == 1 else f"at every {step} {what}s"


class AgentsKiller(threading.Thread):
    """Kills the agents' process each time that so many more questions were asked of the model, or that so many more
    answers and steps are in the ledger."""

    def __init__(self, desk: Desk, incident: str, questions: int | None, stored: int | None):
        super().__init__()
        self.desk, self.incident, self.questions, self.stored = desk, incident, questions, stored
        self.kills: list[tuple[int, int]] = []
        """How many answers were in the ledger, and how many requests had been made, at each."""
        self.done = threading.Event()
        self.error: Exception | None = None

    def run(self) -> None:
        asked = stored = 0
        try:
            while not self.done.wait(0.03):
                known = max(places(model_requests(self.desk.host)), default=-1) + 1
                if self.questions and known - asked >= self.questions:
                    asked = known
                    self.kill()
                if self.stored and (now := self.in_ledger()) - stored >= self.stored:
                    stored = now
                    self.kill()
        except (LabError, OSError, ValueError) as error:
            self.error = error  # raised in the test's own thread by `finish`

    def item(self) -> dict:
        """As the core knows it; empty before there is one."""
        items = [item for item in self.desk.work() if item["incident"] == self.incident]
        return self.desk.item(items[0]["id"]) if items else {}

    def in_ledger(self) -> int:
        item = self.item()
        return len(item.get("transcript", [])) + sum(step["outcome"] == "done" for step in item.get("steps", []))

    def kill(self) -> None:
        host = self.desk.host
        answered, asked = len(self.item().get("transcript", [])), len(model_requests(host))
        killed = host.show(AGENTS, "MainPID")
        host.kill(AGENTS)
        self.kills.append((answered, asked))
        # For a moment systemd still names the one that is dead.
        wait_until("the agents' process again", 20, lambda: host.show(AGENTS, "MainPID") not in ("0", killed))

    def finish(self) -> None:
        self.done.set()
        self.join()
        if self.error:
            raise self.error


class KilledStory(FixCase):
    rate_limit = False
    names = Variation()

    def setUp(self) -> None:
        super().setUp()
        self.project = Project("payments", self.names)
        self.defect = self.project.defect("lost-update")
        self.people = self.desk(self.project, self.defect.script())
        self.first = self.people.story.head()
        self.host.write("/run/lab-kill/ended", ENDED)
        for unit in [CORE, AGENTS]:
            self.host.write(f"/etc/systemd/system/{unit}.d/kill.conf", DROP_IN.format(unit=unit))
        self.host.systemctl("daemon-reload")

    def deaths(self, unit: str) -> int:
        """By SIGKILL, as systemd saw it."""
        ends = self.host.root / f"run/lab-kill/{unit}.ends"
        return ends.read_text().split().count("signal") if ends.exists() else 0

    def assert_once(self, item: dict, deaths: int) -> None:
        """Whatever was killed: one item, one pull request, one merge, each deploy of a revision once, and no question
        but what was under way when a process died asked twice."""
        desk, story = self.people, self.people.story
        self.assert_mended(desk, self.defect, item, self.first)
        self.assertEqual([work["id"] for work in desk.work()], [item["id"]])
        made = story.git("rev-list", "--no-merges", f"{self.first}..{story.head()}").split()
        self.assertEqual(len(made), 1, "one change was made")
        self.assertLessEqual(int(story.git("rev-list", "--merges", "--count", f"{self.first}..{story.head()}")), 1)
        words = [word["kind"] for word in desk.pull(str(desk.pulls()[0]["id"]))["words"]]
        self.assertEqual((words.count("approved"), words.count("merged")), (1, 1), words)
        performed = Counter(self.host.read(f"/srv/{self.project.name}/performed").splitlines())
        expected = [f"deploy {place} {self.first}" for place in ("staging", "production")]
        expected += [f"deploy staging {made[0]}", f"deploy production {story.head()}"]
        self.assertEqual(performed, dict.fromkeys(expected, 1))
        requests = model_requests(self.host)
        asked = places(requests)
        self.assertEqual(sorted(set(asked)), list(range(len(QUESTIONS))), [(r["role"], r["turn"]) for r in requests])
        self.assertLessEqual(len(asked) - len(QUESTIONS), deaths)

    def again(self) -> int:
        """How many requests asked what had been asked before."""
        return len(model_requests(self.host)) - len(QUESTIONS)


class TheCore(KilledStory):
    names = Variation(RENAMED["payments"])

    def killed_from(self, begin: int) -> None:
        """Dies after its commit `begin`, and from then on after each EVERY commits."""
        self.host.systemctl("stop", CORE)
        self.host.write(f"/run/lab-kill/{CORE}.env", f"NIGHTSHIFT_KILL_AFTER_COMMIT={begin}\n")
        self.host.write(f"/run/lab-kill/{CORE}.next", f"NIGHTSHIFT_KILL_AFTER_COMMIT={EVERY}\n")
        self.host.systemctl("start", CORE, check=False)  # the kill may come before it is ready
        wait_until("the core", 20, lambda: self.host.show(CORE, "ActiveState") == "active")
        item = self.people.drive(self.people.breaks(self.defect)["id"])
        deaths = self.deaths(CORE)
        (self.host.root / f"run/lab-kill/{CORE}.next").unlink()
        self.host.systemctl("restart", CORE)  # from here on it lives
        self.assertGreater(deaths, 0, f"{CORE} was never killed")
        self.assert_once(item, deaths)
        self.figure(
            f"the core killed after every {EVERY} commits of the story, begun with its {begin}th",
            f"{deaths} kills, {self.again()} questions asked again", "as if nothing had been",
            "one item, pull request and merge; the deploy commands count themselves")


class TheAgents(KilledStory):
    def killed_at(self, questions: int | None, stored: int | None) -> None:
        incident = self.people.breaks(self.defect)["id"]
        killer = AgentsKiller(self.people, incident, questions, stored)
        killer.start()
        try:
            item = self.people.drive(incident)
        finally:
            killer.finish()
        deaths = self.deaths(AGENTS)
        self.assertEqual(deaths, len(killer.kills))
        self.assertGreater(deaths, 1)
        self.assert_once(item, deaths)
        asked = places(model_requests(self.host))
        for answered, before in killer.kills:
            self.assertTrue(all(place >= answered for place in asked[before:]),
                            f"{answered} answers were in the ledger, and then one of them was asked for: {asked}")
        when = [every("question", questions), every("record", stored)]
        self.figure(
            f"the agents' process killed {' and '.join(filter(None, when))} of the story",
            f"{deaths} kills, {self.again()} questions asked again", "as if nothing had been",
            "no answer that was in the ledger is asked for again, by the model's own log")


for begin in campaign.current.sample([EVERY], range(1, EVERY + 1, 4)):
    setattr(TheCore, f"test_from_commit_{begin}", lambda self, begin=begin: self.killed_from(begin))
for number, points in enumerate(campaign.current.sample([(4, 8)], [(1, None), (None, 1), (2, 3), (None, 2)]), 1):
    setattr(TheAgents, f"test_points_{number}", lambda self, points=points: self.killed_at(*points))
