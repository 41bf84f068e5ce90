import Actuation
import Glibc
import Model
import Runbooks

/// What the helper's service must do on a real systemd, asked over its real sockets.
///
/// Root stands for the core here: what is installed names it as the user that gives orders.
struct ExecutorChecks {
    static let place = "/var/lib/actuation-lab"
    private static let unit = "actuation-lab-target.service"
    static let dropIn = "/run/systemd/system/nightshift-exec.service.d"
    let client = ExecutorClient()
    private let approver = ApproveClient()

    private static let runbook = """
        runbook: lab-restart
        description: Counts and restarts, for the lab.
        on: [[alertname="Lab"]]
        parameters: {unit: {type: unit, from: '{{ $labels.unit }}'}}
        mode: auto
        risk: low
        limits: {cooldown: 1ms, attempts: 10000 per 1h, concurrent: {host: 100}}
        steps:
          - {name: note, run: [/bin/sh, -c, 'echo x >>"$0"', '{{ $run.directory }}/noted'], timeout: 20s}
          - {name: slow, run: [/bin/sleep, '3'], timeout: 20s}
          - {name: endless, run: [/bin/sleep, '600'], timeout: 700s}
          - {name: late, run: [/bin/sleep, '600'], timeout: 1s}
          - {name: bad, run: [/bin/false], timeout: 20s}
          - {name: root, run: [/usr/bin/id, -u], as: root, timeout: 20s}
          - {name: restart, systemd: {restart: '{{ $params.unit }}'}, timeout: 30s}
        verify: {expr: 'up == 1', for: 5s, within: 1m}
        """

    func all(_ report: Report) async {
        await report.check("the helper starts by its socket, with what is installed", prepare)
        await report.check("a restart is done, and changes the InvocationID", restart)
        await report.check("a run step is done in the run's directory", note)
        await report.check("ends of run steps are told", ends)
        await report.check("a running step is stopped when it is cancelled", cancel)
        await report.check("what is protected or not installed is refused", refusals)
        await report.check("a deploy is the installed project's command, and is taken back by its rollback", deploy)
        await report.check("a helper killed in the middle adopts its step", adoption)
        await report.check("a death after each commit: every effect once", sweep)
        await report.check("high risk begins with two persons' approval", approval)
        await report.check("halt forbids until a person resumes", halt)
        await report.check("the unit's sandbox is worth 2.0 or better", score)
        await report.check("systemd's watchdog is fed", watchdog)
        await report.check("in a user's own session it acts in process, on the user's bus", userSession)
    }

    // MARK: Preparing

    private func prepare() async throws {
        mkdir(Self.place, 0o755)
        try write(
            """
            [Service]
            ExecStartPre=/bin/sh -c 'echo x >>\(Self.place)/restarts'
            ExecStart=/bin/sleep 6000
            [Unit]
            StartLimitIntervalSec=0

            """, to: "/run/systemd/system/\(Self.unit)")
        try install { request in
            request.sources = [
                ("lab.yaml", Self.runbook),
                (
                    "high.yaml",
                    Self.runbook.replacing("lab-restart", with: "lab-high").replacing("risk: low", with: "risk: high")
                ),
            ]
            request.allow = ["lab-restart": ["unit": [Self.unit]], "lab-high": ["unit": [Self.unit]]]
        }
        try command("/bin/systemctl", "daemon-reload")
        try command("/bin/systemctl", "start", "nightshift-exec.socket", "nightshift-exec-approve.socket")
        let hello = try await client.hello()
        try expect(hello.installed.map(\.runbook) == ["lab-high", "lab-restart"], "\(hello)")
        try expect(hello.boot.count == 32, hello.boot)
    }

    func install(_ edit: (inout Installation.Request) -> Void) throws {
        var request = Installation.Request()
        request.core = "root"
        request.approverGroups = []
        request.approverUsers = ["games", "news"]
        request.actions = Budget(count: 100_000, per: .seconds(3600))
        edit(&request)
        let installation = Installation()
        try installation.install(try installation.plan(request))
    }

    func order(_ run: String, runbook: String = "lab-restart", unit: String = Self.unit) async throws -> Order {
        let hello = try await client.hello()
        guard let digest = hello.installed.first(where: { $0.runbook == runbook })?.digest else {
            throw Failure("\(runbook) is not installed")
        }
        return Order(run: run, runbook: runbook, digest: digest, parameters: Parameters(["unit": .string(unit)]))
    }

    func key(_ run: String, _ path: String, _ attempt: Int = 1) -> EffectKey {
        EffectKey(run: run, path: path, attempt: attempt)
    }

    private func outcome(_ path: String, _ run: String) async throws -> Outcome {
        let key = key(run, path)
        let answer = try await client.perform(key, try await order(run))
        guard case .accepted = answer else { throw Failure("\(answer)") }
        let outcome = try await client.result(of: key)
        try await client.collect(key)
        return outcome
    }

    // MARK: Checks

    private func restart() async throws {
        let before = try await client.unitState(Self.unit).invocationID
        guard case .done(let result) = try await outcome("restart", run("a")) else { throw Failure("not done") }
        let after = try await client.unitState(Self.unit)
        try expect(result["job_result"]?.string == "done", "\(result)")
        try expect(result["invocation_before"]?.string == before, "\(result)")
        try expect(
            result["invocation_after"]?.string == after.invocationID && after.invocationID != before, "\(result)")
        try expect(after.activeState == "active", "\(after)")
    }

    private func note() async throws {
        guard case .done(let result) = try await outcome("note", run("b")) else { throw Failure("not done") }
        try expect(result["exit"]?.number == 0 && result["result"]?.string == "success", "\(result)")
        _ = try read("/var/lib/nightshift-exec/runs/\(run("b"))/noted")
        try expect(
            try await client.unitState(StepUnit.name(of: key(run("b"), "note"))).loadState == "not-found", "kept")
    }

    private func ends() async throws {
        let bad = try await outcome("bad", run("c"))
        try expect(bad == .failed("it exited with status 1"), "\(bad)")
        let late = try await outcome("late", run("d"))
        try expect(late == .timedOut, "\(late)")
        guard case .done = try await outcome("root", run("e")) else { throw Failure("root: not done") }
    }

    private func cancel() async throws {
        let key = key(run("f"), "endless")
        guard case .accepted = try await client.perform(key, try await order(run("f"))) else {
            throw Failure("refused")
        }
        try expect(try await client.probe(key) == .running, "not running")
        try await client.cancel(key)
        let outcome = try await client.result(of: key)
        try expect(outcome.word == "cancelled", "\(outcome)")
        try await client.collect(key)
    }

    private func refusals() async throws {
        let other = try await client.perform(key(run("g"), "restart"), try await order(run("g"), unit: "cron.service"))
        guard case .refused("target", _) = other else { throw Failure("\(other)") }
        var unknown = try await order(run("g"))
        unknown.runbook = "lab-unknown"
        let answer = try await client.perform(key(run("g"), "restart"), unknown)
        guard case .refused("digest", _) = answer else { throw Failure("\(answer)") }
        do {
            try install {
                $0.allow = [:]
                $0.unprotect = ["ssh*"]
            }
            throw Failure("a pattern was released")
        } catch let fault as Fault {
            try expect(fault.code == "install.unit", "\(fault)")
        }
    }

    private func adoption() async throws {
        let key = key(run("h"), "slow")
        guard case .accepted = try await client.perform(key, try await order(run("h"))) else {
            throw Failure("refused")
        }
        try command("/bin/systemctl", "kill", "--signal=KILL", "nightshift-exec.service")
        let outcome = try await client.result(of: key)
        try expect(outcome.word == "done", "\(outcome)")
        try await client.collect(key)
    }

    private func approval() async throws {
        let order = try await order(run("i"), runbook: "lab-high")
        let first = key(run("i"), "restart")
        let early = try await client.perform(first, order)
        guard case .refused("approval", _) = early else { throw Failure("\(early)") }
        guard case .proposed(let plan) = try await client.propose(order), plan.needs == 2 else {
            throw Failure("no plan")
        }
        // As root, which is the core here: never an approver.
        do {
            _ = try await approver.approve(run: run("i"), planHash: plan.planHash)
            throw Failure("the core approved")
        } catch let fault as Fault {
            try expect(fault.code == "approval.denied", "\(fault)")
        }
        for (user, needs) in [("games", 1), ("news", 0)] {
            let answer = try asUser(user, "approve", run("i"), plan.planHash)
            try expect(answer == "taken, \(needs) more", "\(user): \(answer)")
        }
        guard case .accepted = try await client.perform(first, order) else { throw Failure("refused") }
        try expect(try await client.result(of: first).word == "done", "not done")
    }

    private func halt() async throws {
        try await client.halt(why: "a check")
        let answer = try await client.perform(key(run("j"), "restart"), try await order(run("j")))
        guard case .refused("halt", _) = answer else { throw Failure("\(answer)") }
        try expect(try asUser("games", "resume") == "resumed", "not resumed")
        guard case .done = try await outcome("restart", run("j")) else { throw Failure("not done") }
    }

    private func score() async throws {
        let line = try output("/usr/bin/systemd-analyze", "security", "nightshift-exec.service").split(separator: "\n")
            .last
        let words = (line ?? "").split(separator: " ")
        guard let place = words.firstIndex(of: "nightshift-exec.service:"), let score = Double(words[place + 1]) else {
            throw Failure("no score: \(line ?? "")")
        }
        try expect(score <= 2.0, "\(score)")
    }

    private func watchdog() async throws {
        let before = try await client.unitState("nightshift-exec.service")
        try expect(before.activeState == "active", "\(before)")
        let stamp = try output(
            "/bin/systemctl", "show", "--value", "-p", "WatchdogTimestampMonotonic", "nightshift-exec.service")
        try expect((Int(stamp.filter(\.isNumber)) ?? 0) > 0, "never fed: \(stamp)")
    }

    /// `actuation: user`: the same executor in the daemon's process, as somebody without any right.
    private func userSession() async throws {
        guard let user = getpwnam("games")?.pointee.pw_uid else { throw Failure("there is no user games") }
        try command("/bin/loginctl", "enable-linger", "games")
        let runtime = "/run/user/\(user)"
        for _ in 1...100 where access(runtime + "/bus", F_OK) != 0 { usleep(100_000) }
        let answer = try asUser("games", "session", runtime)
        try expect(answer == "started anew, noted 1 time, failed: it exited with status 1", answer)
        try command("/bin/loginctl", "disable-linger", "games")
    }

    // MARK: Parts

    private func run(_ letter: String) -> String { "\(letter)\(getpid())" }

    /// This program again, as a person.
    private func asUser(_ user: String, _ words: String...) throws -> String {
        var path = [CChar](repeating: 0, count: 4096)
        guard readlink("/proc/self/exe", &path, path.count - 1) > 0 else { throw Failure("no program") }
        let program = path.withUnsafeBufferPointer { $0.baseAddress.map { String(cString: $0) } ?? "" }
        return try output("/usr/sbin/runuser", ["-u", user, "--", program] + words)
    }
}
