"""The story of payments, begun again from each boundary of durability: a host boots with what was on the disks when the
core had just committed, and the story ends the same."""

import concurrent.futures
import contextlib
import dataclasses
import hashlib
import os
import pathlib
import shutil
import signal
import sqlite3
import tempfile
import threading
import time

from labkit import campaign
from labkit.campaign import Transcript
from labkit.case import new_host
from labkit.host import CORE, ENDED
from labkit.machine import LabError, stat_fields, wait_until
from story.desk import AGENTS, Desk
from story.lab import MODEL_UNIT, Story
from test_fix_commits import KilledStory

LABS = 4
"""So many hosts go on at a time."""
EVERY, FIRST = campaign.current.sample((29, [14]), (4, [1, 2, 3, 4]))
"""Each story keeps one boundary of so many, from its own first on, so that none boots when the time of its step is over:
that would end it, and rightly so."""
BOUNDARIES_MIN = 60
"""The story has more; fewer would mean that the core does not stop, or that they are not told apart."""
STOPS = f"/etc/systemd/system/{CORE}.d/stop.conf"
STOP = """\
[Service]
Environment=NIGHTSHIFT_STOP_AFTER_COMMIT=1
"""
OBSERVED = {"journal_position", "journal_count", "gap", "snapshot", "pruning", "retention", "grdb_migrations"}
"""Tables of what was read and counted: a commit that changes nothing else is no boundary of the story."""


@dataclasses.dataclass
class Boundary:
    number: int
    commit: int
    """Since the core's start."""
    what: str
    kept: pathlib.Path | None = None
    """The snapshot."""


class Ledger:
    """What a core that is stopped has committed."""

    def __init__(self, path: pathlib.Path):
        self.path = path
        self.digests: dict[str, str] = {}
        self.events = 0

    def news(self) -> str:
        """What has come since the last time: the events of runs, else the tables of the story; empty where none has."""
        with contextlib.closing(sqlite3.connect(f"file:{self.path}?mode=ro", uri=True)) as database:
            rows = lambda query, *values: database.execute(query, values).fetchall()
            tables = [name for name, in rows("SELECT name FROM sqlite_schema WHERE type = 'table'")]
            digests = {
                table: hashlib.sha256(repr(rows(f'SELECT * FROM "{table}"')).encode()).hexdigest()
                for table in tables if table not in OBSERVED}
            changed = [table for table in digests if digests[table] != self.digests.get(table)]
            events = rows("SELECT event.rowid, runbook, number, kind FROM event JOIN run ON run.id = event.run "
                          "WHERE event.rowid > ? ORDER BY event.rowid", self.events)
        self.digests = digests
        if events:
            self.events = events[-1][0]
        return ", ".join(f"{runbook} {number} {kind}" for _, runbook, number, kind in events) or ", ".join(changed)


class Keeper(threading.Thread):
    """Lets the core go on after each commit, and keeps what is on the disks at one boundary of EVERY."""

    def __init__(self, desk: Desk, folder: pathlib.Path, first: int):
        super().__init__()
        self.desk, self.folder, self.first = desk, folder, first
        self.pid = desk.host.main_pid(CORE)
        self.ledger = Ledger(desk.host.state / "disk/nightshift/ledger.sqlite")
        self.commits = 0
        self.boundaries: list[Boundary] = []
        self.done = threading.Event()
        self.error: Exception | None = None

    def run(self) -> None:
        while not self.done.wait(0.002):
            fields = stat_fields(self.pid)
            if fields is None:
                self.error = self.error or LabError(f"{CORE} has ended after {self.commits} commits")
                return
            if fields[0] == "T":
                try:
                    self.stopped()
                except (LabError, OSError, sqlite3.Error) as error:
                    self.error = error  # raised in the test's own thread by `finish`
                os.kill(self.pid, signal.SIGCONT)

    def stopped(self) -> None:
        self.commits += 1
        news = self.ledger.news()
        if not news:
            return
        boundary = Boundary(len(self.boundaries) + 1, self.commits, news)
        self.boundaries.append(boundary)
        if boundary.number % EVERY == self.first % EVERY:
            boundary.kept = self.keep(self.folder / str(boundary.number))

    def keep(self, folder: pathlib.Path) -> pathlib.Path:
        host, story = self.desk.host, self.desk.story
        if self.performs():  # the helper is not what dies: what it was told to do comes to its end
            wait_until("the end of what the helper does", 60, lambda: not self.performs())
            time.sleep(0.5)
        writers = [AGENTS, MODEL_UNIT, *story.services(), f"{story.project.name}-load.service"]
        stop = lambda signal: host.systemctl("kill", f"--signal={signal}", "--kill-whom=all", *writers, check=False)
        stop("STOP")
        try:
            host.keep(folder)
        finally:
            stop("CONT")
        return folder

    def performs(self) -> bool:
        running = ["--state=running,activating", "nightshift-run-*.service"]
        return self.desk.host.systemctl("list-units", "--plain", "--no-legend", *running) != ""

    def finish(self) -> None:
        self.done.set()
        self.join()
        if self.error:
            raise self.error


class Boot(KilledStory):
    """A host that boots with a snapshot; no test by itself."""

    def goes_on(self, whole: KilledStory, boundary: Boundary, broke: float) -> str:
        """Plays the story to its end; the answer is a line about it, or how it went wrong."""
        self.project, self.defect, self.first = whole.project, whole.defect, whole.first
        line = f"{boundary.number:3}  {boundary.commit:4}  {boundary.what[:80]:80}"
        self.host = host = new_host(kept=boundary.kept)
        try:
            (host.root / STOPS.lstrip("/")).unlink()
            host.systemctl("daemon-reload")
            self.people = Desk(host, Story(host, self.project))
            began = time.monotonic()
            self.people.goes_on()
            self.people.story.break_by(self.defect)  # the load, which most snapshots were taken under
            incident = self.people.broken(self.defect, broke, (*ENDED, "acting", "awaiting_approval"))
            item = self.people.drive(incident["id"])
            line += f"  {time.monotonic() - began:5.1f} s"
            self.assert_once(item, 1)
            self.assertEqual([one["id"] for one in host.incidents()], [incident["id"]])
            return line
        except BaseException as error:
            print(f"{line}: {error!r}\n{host.report()}", flush=True)
            raise
        finally:
            host.down()
            shutil.rmtree(boundary.kept)


class Snapshots(KilledStory):
    def from_each(self, first: int) -> None:
        folder = pathlib.Path(tempfile.mkdtemp(prefix="nightshift-kept-", dir="/var/tmp"))
        self.addCleanup(shutil.rmtree, folder)
        broke = self.now()
        boundaries, commits = self.keep_all(folder, first)
        self.host.down()
        self.assertGreater(len(boundaries), BOUNDARIES_MIN)
        kept = [boundary for boundary in boundaries if boundary.kept]
        with concurrent.futures.ThreadPoolExecutor(LABS) as pool:
            going = [pool.submit(Boot().goes_on, self, boundary, broke) for boundary in kept]
        for boundary, one in zip(kept, going):
            with self.subTest(boundary=boundary.number, what=boundary.what):
                self.assertIsNone(one.exception())
        lines = [one.result() for one in going if not one.exception()]
        self.figure(
            f"a boot with what was on the disks at {len(kept)} of the {len(boundaries)} boundaries of a story, "
            f"each {EVERY}th from the {first}th on ({commits} commits)",
            f"{len(lines)} end as if nothing had been", f"{len(kept)}",
            "one incident, item, pull request and merge; the deploy commands and the model count what they were asked")
        heads = "# boundary, the core's commit, what came with it, from the boot to the end of the work"
        campaign.current.transcripts.append(Transcript(heads, "\n".join(lines)))

    def keep_all(self, folder: pathlib.Path, first: int) -> tuple[list[Boundary], int]:
        """Plays the story once, with the core stopped for a moment after each commit; the answer is its boundaries, and
        how many commits there were."""
        host = self.host
        host.systemctl("stop", CORE)
        host.write(STOPS, STOP)
        host.systemctl("daemon-reload")
        host.systemctl("start", "--no-block", CORE)
        wait_until("the core", 20, lambda: host.main_pid(CORE))
        keeper = Keeper(self.people, folder, first)
        keeper.start()
        try:
            item = self.people.drive(self.people.breaks(self.defect)["id"])
            self.assert_once(item, 0)
        finally:
            keeper.finish()
        return keeper.boundaries, keeper.commits


for first in FIRST:
    setattr(Snapshots, f"test_each_{EVERY}th_boundary_from_{first}", lambda self, first=first: self.from_each(first))
