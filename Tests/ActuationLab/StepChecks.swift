import Actuation
import Glibc
import Model
import Runbooks

/// What the unit of a `run` step must be on a real systemd: named, kept, sandboxed, forgotten when collected.
struct StepChecks {
    let bus = SystemBus(.system)
    let run = "lab\(getpid())"

    func all(_ report: Report) async {
        await report.check("a step that succeeds stays, with its result, until it is collected", success)
        await report.check("an exit status is kept") {
            let state = try await ending(of: step("status", ["/bin/sh", "-c", "exit 3"]))
            try expect(state.activeState == "failed" && state.result == "exit-code", "\(state)")
            try expect(state.exitStatus == 3 && state.exitCode == 1, "\(state)")
        }
        await report.check("a signal is kept") {
            let state = try await ending(of: step("signal", ["/bin/sh", "-c", "kill -KILL $$"]))
            try expect(state.result == "signal" && state.exitStatus == 9 && state.exitCode == 2, "\(state)")
        }
        await report.check("a step is stopped at its timeout") {
            let state = try await ending(of: step("slow", ["/bin/sleep", "60"], timeout: .milliseconds(500)))
            try expect(state.result == "timeout", "\(state)")
        }
        await report.check("the same name is refused while it is there", twice)
        await report.check("arguments are not expanded, and run as nightshift-run", arguments)
        await report.check("a step and its result outlive a daemon-reload", reload)
        await report.check("the sandbox holds", sandbox)
        await report.check("as root there is no sandbox, and no new privileges") {
            let path = "/etc/actuation-lab-\(run)"
            let state = try await ending(of: step("root", ["/bin/touch", path], asRoot: true))
            try expect(state.result == "success", "\(state)")
            try expect(unlink(path) == 0, "\(path) is not there")
        }
        await report.check("a deploy writes what others may read, and gains no privileges", deploy)
        await report.check("a deploy of another user is that user's") {
            let script = "test $(id -un) = nightshift-run && ! touch /etc/no && test $(pwd) = /"
            let state = try await ending(of: deployer("other", script, user: StepUnit.user))
            try expect(state.result == "success", "\(state)")
        }
        await report.check("a step that is stopped in the middle has begun and is gone", stopped)
        await report.check("a program that is not there fails") {
            let state = try await ending(of: step("missing", ["/nonexistent/program"]))
            try expect(state.activeState == "failed" && state.exitStatus == 203, "\(state)")
        }
    }

    private func success() async throws {
        let step = try step("good", ["/bin/true"])
        try expect(try await !bus.hasBegun(step.name), "it has begun before")
        try expect(try await bus.state(of: step.name).loadState == "not-found", "it is there before")
        let state = try await end(of: step)
        try expect(state.activeState == "active" && state.subState == "exited", "\(state)")
        try expect(state.invocationID.count == 32 && state.result == "success", "\(state)")
        try expect(try await bus.hasBegun(step.name), "it has not begun")
        try await bus.collect(step.name)
        try expect(try await bus.state(of: step.name).loadState == "not-found", "it is there after")
        try expect(try await !bus.hasBegun(step.name), "its mark is there after")
        try await bus.collect(step.name)
    }

    private func twice() async throws {
        let step = try step("twice", ["/bin/true"])
        _ = try await end(of: step)
        try await expectFault("bus.refused") { _ = try await bus.begin(step) }
        try await bus.collect(step.name)
    }

    private func arguments() async throws {
        let script = #"{ id -un; pwd; for a in "$@"; do echo "<$a>"; done; } > out"#
        let odd = ["$HOME", "${PATH}", "$$", "a$b", "%n", "a b", "é;'\"\\", ""]
        let step = try step("arguments", ["/bin/sh", "-c", script, "sh"] + odd)
        let state = try await end(of: step)
        try expect(state.result == "success", "\(state)")
        let out = try read(step.directory + "/out")
        let wanted = "nightshift-run\n\(step.directory)\n<$HOME>\n<${PATH}>\n<$$>\n<a$b>\n<%n>\n<a b>\n<é;'\"\\>\n<>\n"
        try expect(out == wanted, out)
        try await bus.collect(step.name)
    }

    private func reload() async throws {
        let ended = try step("reloaded", ["/bin/true"])
        _ = try await end(of: ended)
        let running = try step("running", ["/bin/sleep", "2"])
        let job = try await bus.begin(running)
        while try await !bus.hasBegun(running.name) {}
        try command("/bin/systemctl", "daemon-reload")
        let state = try await bus.state(of: ended.name)
        try expect(
            state.loadState == "loaded" && state.activeState == "active" && state.result == "success", "\(state)")
        try expect(try await bus.end(of: job) == "done", "its end")
        try expect(try await bus.state(of: running.name).loadState == "loaded", "not loaded")
        for step in [ended, running] { try await bus.collect(step.name) }
    }

    private func sandbox() async throws {
        let tests = [
            "! touch /etc/no", "! touch /var/lib/no", "! touch /usr/no", "test -z \"$(ls -A /home /root 2>/dev/null)\"",
            "touch /tmp/mine", "test ! -e /tmp/theirs", "test ! -e /dev/kvm", "test ! -w /sys/kernel",
            "grep -q 'CapBnd:.*0000000000000000' /proc/self/status", "grep -q 'NoNewPrivs:.*1' /proc/self/status",
            "touch mine",
        ]
        try write("", to: "/tmp/theirs")
        for (index, test) in tests.enumerated() {
            let step = try step("sandbox\(index)", ["/bin/sh", "-c", test])
            let state = try await end(of: step)
            try expect(state.result == "success", "\(test): \(state)")
            try await bus.collect(step.name)
        }
        try expect(access("/tmp/mine", F_OK) != 0, "its /tmp is the host's")
    }

    private func deploy() async throws {
        let path = "/srv/actuation-lab-\(run)"
        let script = """
            mkdir -p /srv && echo new > \(path) && test $(stat -c %a \(path)) = 644 && test $(id -u) = 0 &&
            systemctl daemon-reload && grep -q 'NoNewPrivs:.*1' /proc/self/status && test $(pwd) = /
            """
        let state = try await ending(of: deployer("deploy", script, user: "root"))
        try expect(state.result == "success", "\(state)")
        try expect(unlink(path) == 0, "\(path) is not there")
    }

    private func deployer(_ name: String, _ script: String, user: String) throws -> StepUnit {
        var step = try step(name, ["/bin/sh", "-c", script])
        step.account = .deployer(user)
        step.directory = "/"
        return step
    }

    private func stopped() async throws {
        let step = try step("stopped", ["/bin/sleep", "60"])
        let job = try await bus.begin(step)
        async let end = bus.end(of: job)
        while try await bus.state(of: step.name).exitCode == 0, try await !bus.hasBegun(step.name) {}
        guard let stop = try await bus.begin(.stop, step.name) else { throw Failure("no job") }
        try expect(try await bus.end(of: stop) == "done", "stop")
        try expect(try await end == "canceled", "its own job")
        try expect(try await bus.hasBegun(step.name), "its mark is gone")
        try await bus.collect(step.name)
    }

    private func end(of step: StepUnit) async throws -> UnitState {
        let job = try await bus.begin(step)
        let end = try await bus.end(of: job)
        try expect(end == "done" || end == "failed", "the job ended \(end ?? "unheard")")
        return try await bus.state(of: step.name)
    }

    /// The state in which a step ended, which is then collected.
    private func ending(of step: StepUnit) async throws -> UnitState {
        let state = try await end(of: step)
        try await bus.collect(step.name)
        try expect(try await bus.state(of: step.name).loadState == "not-found", "it is there after it was collected")
        return state
    }

    private func step(
        _ name: String, _ arguments: [String], asRoot: Bool = false, timeout: Duration = .seconds(20)
    ) throws -> StepUnit {
        let key = EffectKey(run: run, path: name, attempt: 1)
        let directory = "/var/lib/actuation-lab/\(run)"
        for part in ["/var/lib/actuation-lab", directory] { mkdir(part, 0o711) }
        guard let user = getpwnam("nightshift-run") else { throw Failure("there is no user nightshift-run") }
        try expect(chown(directory, user.pointee.pw_uid, user.pointee.pw_gid) == 0, "chown")
        return StepUnit(
            name: StepUnit.name(of: key), description: "a check of the lab", arguments: arguments,
            account: asRoot ? .root : .sandboxed,
            directory: directory, timeout: timeout)
    }
}
