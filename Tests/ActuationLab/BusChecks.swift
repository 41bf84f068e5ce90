import Actuation
import Glibc
import Model
import Runbooks

/// What `SystemBus` must do on a real systemd; each check fails where the feature is broken, and says how.
struct BusChecks {
    let bus = SystemBus(.system)
    /// The name of this check's own units.
    let mark = "actuationlab\(getpid())"

    func all(_ report: Report) async {
        await report.check("an unknown unit is not-found") {
            let state = try await bus.state(of: "nothing-\(mark).service")
            try expect(state.loadState == "not-found", "\(state)")
        }
        await report.check("an alias is resolved to its unit") {
            let state = try await bus.state(of: "dbus-org.freedesktop.login1.service")
            try expect(state.id == "systemd-logind.service", "\(state)")
            try expect(state.names.contains("dbus-org.freedesktop.login1.service"), "\(state.names)")
        }
        await report.check("start, restart and stop are awaited and change the InvocationID", verbs)
        await report.check("a unit that cannot start ends failed", failingUnit)
        await report.check("the end of a slow start is awaited, not assumed", slowUnit)
        await report.check("a verb for an unknown unit is systemd's refusal") {
            try await expectFault("bus.refused") { _ = try await bus.begin(.start, "nothing-\(mark).service") }
        }
        await report.check("200 jobs that end at once are all heard", quickJobs)
        await report.check("another connection adopts a running job", adoption)
        await report.check("a job that is gone gives no end") {
            try expect(try await bus.end(of: UnitJob(id: 4_000_000_000)) == nil, "it gave one")
        }
        await report.check("calls fail after close", closing)
        await report.check("a bus that restarts fails what waits, and is reached again", busRestart)
    }

    private func verbs() async throws {
        let unit = try writeUnit("verbs", "ExecStart=/bin/sleep 600")
        let before = try await bus.state(of: unit)
        try expect(before.activeState == "inactive", "\(before)")
        try expect(try await run(.start, unit) == "done", "start")
        let started = try await bus.state(of: unit)
        try expect(started.activeState == "active" && started.invocationID.count == 32, "\(started)")
        try expect(try await run(.restart, unit) == "done", "restart")
        let restarted = try await bus.state(of: unit)
        try expect(restarted.activeState == "active", "\(restarted)")
        try expect(restarted.invocationID != started.invocationID, "the same InvocationID")
        try expect(try await run(.stop, unit) == "done", "stop")
        try expect(try await bus.state(of: unit).activeState == "inactive", "not stopped")
    }

    private func failingUnit() async throws {
        let unit = try writeUnit("fails", "Type=oneshot\nExecStart=/bin/false")
        try expect(try await run(.start, unit) == "failed", "start")
        let state = try await bus.state(of: unit)
        try expect(state.activeState == "failed" && state.result == "exit-code", "\(state)")
        try expect(state.exitStatus == 1 && state.exitCode == 1, "\(state)")
        try expect(try await bus.begin(.resetFailed, unit) == nil, "reset-failed has a job")
        try expect(try await bus.state(of: unit).activeState == "inactive", "still failed")
    }

    private func slowUnit() async throws {
        let unit = try writeUnit("slow", "Type=oneshot\nRemainAfterExit=yes\nExecStart=/bin/sleep 1")
        guard let job = try await bus.begin(.start, unit) else { throw Failure("no job") }
        let during = try await bus.state(of: unit)
        try expect(during.activeState != "active" && during.job == job.id, "\(during)")
        try expect(try await bus.end(of: job) == "done", "its end")
        try expect(try await bus.state(of: unit).activeState == "active", "not active")
        _ = try await run(.stop, unit)
    }

    private func quickJobs() async throws {
        let unit = try writeUnit("quick", "Type=oneshot\nExecStart=/bin/true\n[Unit]\nStartLimitIntervalSec=0")
        for _ in 1...200 { try expect(try await run(.start, unit) == "done", "start") }
    }

    private func adoption() async throws {
        let unit = try writeUnit("adopted", "Type=oneshot\nExecStart=/bin/sleep 1")
        let first = SystemBus(.system)
        _ = try await first.begin(.start, unit)
        first.close()
        let state = try await bus.state(of: unit)
        try expect(state.job != 0, "\(state)")
        try expect(try await bus.end(of: UnitJob(id: state.job)) == "done", "its end")
    }

    private func closing() async throws {
        let unit = try writeUnit("closing", "Type=oneshot\nExecStart=/bin/sleep 2")
        let closed = SystemBus(.system)
        guard let job = try await closed.begin(.start, unit) else { throw Failure("no job") }
        async let end = expectFault("bus.closed") { _ = try await closed.end(of: job) }
        closed.close()
        try await end
        try await expectFault("bus.closed") { _ = try await closed.state(of: unit) }
    }

    private func busRestart() async throws {
        let unit = try writeUnit("waits", "Type=oneshot\nExecStart=/bin/sleep 30")
        guard let job = try await bus.begin(.start, unit) else { throw Failure("no job") }
        async let end = expectFault("bus.lost") { _ = try await bus.end(of: job) }
        do {
            _ = try await SystemBus(.system).begin(.restart, "dbus.service")
        } catch {
            // dbus may take the request for its own restart along with it, or the answer to it.
            try expect(error.code == "bus.lost", "\(error)")
        }
        try await end
        var state: UnitState?
        for _ in 1...50 where state == nil {
            do {
                state = try await bus.state(of: unit)
            } catch {
                try expect(error.code == "bus.lost", "\(error)")
                usleep(100_000)
            }
        }
        try expect(state?.job == job.id, "\(String(describing: state))")
        _ = try await run(.stop, unit)
    }

    private func run(_ verb: SystemdVerb, _ unit: String) async throws -> String? {
        guard let job = try await bus.begin(verb, unit) else { throw Failure("\(verb) has no job") }
        return try await bus.end(of: job)
    }

    private func writeUnit(_ name: String, _ service: String) throws -> String {
        let unit = "\(mark)-\(name).service"
        try write("[Service]\n\(service)\n", to: "/run/systemd/system/\(unit)")
        return unit
    }
}
