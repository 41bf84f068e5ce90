"""A lab as seen from outside: start it, run commands in it, end it."""

import dataclasses
import errno
import hashlib
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time

from labkit import snapshot

CHECKOUT = pathlib.Path(__file__).resolve().parents[3]
BOOT_SECONDS_MAX = 60.0
DOWN_SECONDS_MAX = 20.0
NEEDED = ["systemd-nspawn", "nsenter", "unshare", "mount"]


class LabError(Exception):
    """A sentence for a person."""


def missing() -> str | None:
    """Why no lab can be started on this machine, or nil when one can."""
    if os.geteuid() != 0:
        return "the lab needs root: it mounts an overlay and boots a container"
    for program in NEEDED:
        if not shutil.which(program):
            return f"the lab needs {program}: apt-get install systemd-container util-linux"
    if not shutil.which("dbus-daemon"):
        return "the lab needs a system bus: apt-get install dbus polkitd"
    return None


@dataclasses.dataclass(frozen=True)
class Process:
    """A process that cannot be mistaken for a later one with the same number."""

    pid: int
    started: int

    @staticmethod
    def of(pid: int) -> "Process | None":
        fields = stat_fields(pid)
        return None if fields is None else Process(pid, int(fields[19]))

    def is_alive(self) -> bool:
        fields = stat_fields(self.pid)
        return fields is not None and int(fields[19]) == self.started and fields[0] != "Z"

    def send(self, number: int) -> None:
        if self.is_alive():
            os.kill(self.pid, number)


def stat_fields(pid: int) -> list[str] | None:
    """/proc/PID/stat from the state on: the name before it may contain anything."""
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None


def init_of(nspawn: int) -> int | None:
    """The child of nspawn that is PID 1 in a namespace of its own; the one that nspawn makes on the way is not."""
    for entry in pathlib.Path("/proc").iterdir():
        if entry.name.isdigit():
            fields = stat_fields(int(entry.name))
            if fields and int(fields[1]) == nspawn and namespace_pids(int(entry.name))[1:] == [1]:
                return int(entry.name)
    return None


def namespace_pids(pid: int) -> list[int]:
    """The process's numbers, from the outermost PID namespace to its own; empty when it has ended."""
    try:
        lines = pathlib.Path(f"/proc/{pid}/status").read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return []
    return [int(number) for line in lines if line.startswith("NSpid:") for number in line.split()[1:]]


def wait_until(what: str, seconds: float, poll, every: float = 0.05):
    """The first true answer of `poll`; after `seconds` an error that names what was awaited."""
    end = time.monotonic() + seconds
    while True:
        answer = poll()
        if answer:
            return answer
        if time.monotonic() >= end:
            raise LabError(f"{what}: not within {seconds:g} s")
        time.sleep(every)


class Machine:
    """One lab, known by its state directory."""

    def __init__(self, state: pathlib.Path):
        self.state = state
        # Distinct by state directory, so that the labs of two checkouts or runs live side by side.
        self.name = "nightshift-lab-" + hashlib.sha256(str(state).encode()).hexdigest()[:8]

    @staticmethod
    def default_state() -> pathlib.Path:
        given = os.environ.get("NIGHTSHIFT_LAB")
        if given:
            return pathlib.Path(given).resolve()
        return pathlib.Path("/var/tmp/nightshift-lab-" + hashlib.sha256(str(CHECKOUT).encode()).hexdigest()[:8])

    # What is running

    def processes(self) -> dict[str, Process]:
        try:
            known = json.loads((self.state / "processes.json").read_text())
        except FileNotFoundError:
            return {}
        return {name: Process(**value) for name, value in known.items()}

    def is_up(self) -> bool:
        known = self.processes()
        return "leader" in known and known["leader"].is_alive()

    @property
    def leader(self) -> int:
        if not self.is_up():
            raise LabError(f"no lab is running in {self.state}; start one with: Tests/Lab/lab up")
        return self.processes()["leader"].pid

    @property
    def root(self) -> pathlib.Path:
        """The lab's file system as seen from outside."""
        return pathlib.Path(f"/proc/{self.leader}/root")

    def status(self) -> dict:
        up = self.is_up()
        answer = {"state": str(self.state), "name": self.name, "up": up}
        if up:
            answer |= {"leader": self.leader, "system": self.system_state(), "root": str(self.root)}
        return answer

    def system_state(self) -> str:
        done = subprocess.run(self.enter("systemctl", "is-system-running"), capture_output=True, text=True)
        return done.stdout.strip()

    # Up and down

    def up(
        self, build: str | None = None, enable: list[str] = [], rate_limit: bool = True, tied: bool = False,
        kept: pathlib.Path | None = None,
    ) -> float:
        """Boots the lab, unless it is up already, with what is in the snapshot `kept`; the answer is how many seconds
        that took."""
        reason = missing()
        if reason:
            raise LabError(reason)
        if self.is_up():
            return 0
        self.down()
        began = time.monotonic()
        self.state.mkdir(parents=True, exist_ok=True)
        plan = {
            "name": self.name, "checkout": str(CHECKOUT), "build": build, "enable": enable,
            "rate_limit": rate_limit, "tied": tied, "bind_ro": libraries_elsewhere(build),
            "kept": kept and str(kept),
        }
        (self.state / "plan.json").write_text(json.dumps(plan))
        log = open(self.state / "console.log", "wb")
        nspawn = subprocess.Popen(
            ["unshare", "--mount", "--propagation", "private", sys.executable, "-m", "labkit.boot", str(self.state)],
            cwd=CHECKOUT / "Tests/Lab", stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
        self.remember(nspawn=nspawn.pid)
        try:
            leader = wait_until("systemd-nspawn", BOOT_SECONDS_MAX, lambda: self.find_leader(nspawn))
            self.remember(nspawn=nspawn.pid, leader=leader)
            wait_until("boot of the lab", BOOT_SECONDS_MAX, self.has_booted)
        except LabError as error:
            tail = (self.state / "console.log").read_text(errors="replace")[-2000:]
            self.down()
            raise LabError(f"{error}\n{tail}") from None
        return time.monotonic() - began

    def find_leader(self, nspawn: subprocess.Popen) -> int | None:
        if nspawn.poll() is not None:
            raise LabError(f"systemd-nspawn ended with {nspawn.returncode}")
        try:
            if os.readlink(f"/proc/{nspawn.pid}/exe").rpartition("/")[2] != "systemd-nspawn":
                return None
        except FileNotFoundError:
            return None
        return init_of(nspawn.pid)

    def has_booted(self) -> bool:
        try:
            if os.readlink(f"/proc/{self.leader}/exe").rpartition("/")[2] != "systemd":
                return False  # still nspawn's, and not yet in the lab's namespaces
        except FileNotFoundError:
            return False
        return self.system_state() in ("running", "degraded")

    def remember(self, **pids: int) -> None:
        known = {name: Process.of(pid) for name, pid in pids.items()}
        text = json.dumps({name: dataclasses.asdict(value) for name, value in known.items() if value})
        (self.state / "processes.json").write_text(text)

    def down(self) -> None:
        """Ends what `up` started, and only that; removes the state directory's contents."""
        known = self.processes()
        nspawn, leader = known.get("nspawn"), known.get("leader")
        if leader:
            leader.send(signal.SIGRTMIN + 4)  # systemd: power off in order
        elif nspawn:
            nspawn.send(signal.SIGTERM)
        if nspawn:
            try:
                wait_until("power-off", DOWN_SECONDS_MAX, lambda: gone(nspawn))
            except LabError:
                nspawn.send(signal.SIGKILL)
                wait_until("end of systemd-nspawn", 5, lambda: gone(nspawn))
        self.end_cgroups()
        for name in ["plan.json", "processes.json", "console.log"]:
            (self.state / name).unlink(missing_ok=True)
        for name in ["disk", "rw", "root"]:
            shutil.rmtree(self.state / name, ignore_errors=not (self.state / name).exists())
        if self.state.exists() and not any(self.state.iterdir()):
            self.state.rmdir()

    def end_cgroups(self) -> None:
        """Removes this lab's control groups; kills what is left in them, which only a killed nspawn leaves."""
        for line in pathlib.Path("/proc/self/mounts").read_text().splitlines():
            _, where, kind, *_ = line.split()
            group = pathlib.Path(where) / self.name
            if kind in ("cgroup", "cgroup2") and group.is_dir():
                wait_until(f"end of {group}", 5, lambda: remove_cgroup(group))

    def keep(self, folder: pathlib.Path) -> None:
        """A snapshot of what is on the lab's disks; who wants it of one moment has stopped whoever writes."""
        folder.mkdir(parents=True)
        # The overlay's memory is mounted where nspawn lives, and nowhere else.
        inside = pathlib.Path(f"/proc/{self.processes()['nspawn'].pid}/root") / str(self.state).lstrip("/")
        snapshot.copy(inside / "rw/up", folder / "changes")
        snapshot.copy_disk(self.state / "disk", folder / "disk")

    # Inside

    def enter(self, *command: str) -> list[str]:
        """A command line that runs `command` in the lab's namespaces: for systemd's own tools alone, since it keeps the
        outer root's capabilities and logs without a unit. Everything else goes through `exec`."""
        return ["nsenter", "-t", str(self.leader), "-m", "-u", "-i", "-p", "-n", "-C", *command]

    def exec_line(self, command: list[str], user: str | None = None, env: dict[str, str] = {}) -> list[str]:
        """A command line that runs `command` as a transient unit of the lab's own PID 1."""
        options = ["--quiet", "--pipe", "--wait", "--collect", "--working-directory=/"]
        if user:
            options.append(f"--uid={user}")
        options += [f"--setenv={name}={value}" for name, value in env.items()]
        return self.enter("systemd-run", *options, "--", *command)

    def exec(
        self, *command: str, user: str | None = None, env: dict[str, str] = {}, check: bool = True,
        timeout: float = 60, text_input: str = "",
    ) -> subprocess.CompletedProcess:
        line = self.exec_line(list(command), user=user, env=env)
        done = subprocess.run(line, capture_output=True, text=True, timeout=timeout, input=text_input)
        if check and done.returncode != 0:
            raise LabError(f"in the lab, {' '.join(command)} ended with {done.returncode}: {done.stderr.strip()}")
        return done

    def systemctl(self, *arguments: str, check: bool = True) -> str:
        done = subprocess.run(self.enter("systemctl", *arguments), capture_output=True, text=True, timeout=120)
        if check and done.returncode != 0:
            said = done.stderr.strip()
            raise LabError(f"in the lab, systemctl {' '.join(arguments)} ended with {done.returncode}: {said}")
        return done.stdout.strip()

    def show(self, unit: str, field: str) -> str:
        return self.systemctl("show", "--value", "-p", field, unit)

    def write(self, path: str, text: str, mode: int = 0o644) -> None:
        target = self.root / path.lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
        target.chmod(mode)

    def read(self, path: str) -> str:
        return (self.root / path.lstrip("/")).read_text()

    def outer_pid(self, inner: int) -> int:
        """The number outside of the process that the lab calls `inner`."""
        for entry in pathlib.Path("/proc").iterdir():
            if entry.name.isdigit():
                try:
                    same = os.readlink(entry / "ns/pid") == os.readlink(f"/proc/{self.leader}/ns/pid")
                except (FileNotFoundError, ProcessLookupError, PermissionError):
                    continue  # ended meanwhile, or not ours to look at
                if same and namespace_pids(int(entry.name))[-1:] == [inner]:
                    return int(entry.name)
        raise LabError(f"the lab has no process {inner}")


def gone(process: Process) -> bool:
    try:
        os.waitpid(process.pid, os.WNOHANG)  # ours to reap, where this run started it
    except ChildProcessError:
        pass
    return not process.is_alive()


def remove_cgroup(group: pathlib.Path) -> bool:
    """False while the kernel still counts a process that has ended in it."""
    try:
        for folder, _, _ in os.walk(group, topdown=False):
            for pid in (pathlib.Path(folder) / "cgroup.procs").read_text().split():
                os.kill(int(pid), signal.SIGKILL)
            os.rmdir(folder)
    except ProcessLookupError:
        return False
    except OSError as error:
        if error.errno == errno.EBUSY:
            return False
        raise
    return True


def libraries_elsewhere(build: str | None) -> list[str]:
    """Directories of the binaries' shared libraries off the root file system, which alone the lab overlays."""
    if not build:
        return []
    outside = set()
    for name in ["nightshift", "nightshift-exec"]:
        done = subprocess.run(["ldd", pathlib.Path(build) / name], capture_output=True, text=True)
        for line in done.stdout.splitlines():
            path = next((word for word in line.split() if word.startswith("/")), None)
            if path and os.path.exists(path) and os.stat(path).st_dev != os.stat("/").st_dev:
                outside.add(os.path.dirname(os.path.realpath(path)))
    return sorted(outside)
