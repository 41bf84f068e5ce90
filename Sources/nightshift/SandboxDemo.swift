import Actuation
import Daemon
import FoundationEssentials
import Glibc
import Model
import Runbooks

/// The demo without a lab: a daemon of its own, with a unit of its own on the user's systemd, or a recorded journal.
enum SandboxDemo {
    /// Runs `body` with a daemon that watches the unit that it is given; everything made for it is removed again.
    static func run(_ body: @escaping @Sendable (ControlClient, String) async throws -> Void) async throws {
        guard let runtime = getenv("XDG_RUNTIME_DIR").map({ String(cString: $0) }) else {
            throw unavailable("XDG_RUNTIME_DIR is not set: you have no session with a systemd of your own")
        }
        let bus = SystemBus(.user)
        defer { bus.close() }
        do {
            _ = try await bus.state(of: "default.target")
        } catch {
            throw unavailable("your own systemd does not answer: \(error.message)")
        }
        let unit = "nightshift-demo-\(getpid()).service"
        let place = Place(runtime: runtime, unit: unit)
        try place.make()
        Terminal.say("No lab here: the demo runs on your own systemd --user, with \(unit), which it removes again.")
        _ = try await bus.begin(.start, unit)
        var failure: (any Error)?
        do {
            try await withDaemon(place, body)
        } catch {
            failure = error
        }
        try await leave(unit, bus)
        try place.remove()
        if let failure { throw failure }
    }

    /// Stops the unit and makes systemd forget it; one that is not loaded any more is as good.
    private static func leave(_ unit: String, _ bus: SystemBus) async throws {
        let state = try await bus.state(of: unit)
        if state.activeState == "active" { _ = try await bus.begin(.stop, unit) }
        if state.activeState == "failed" { _ = try await bus.begin(.resetFailed, unit) }
    }

    private static func withDaemon(
        _ place: Place, _ body: @escaping @Sendable (ControlClient, String) async throws -> Void
    ) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await Daemon.run(settingsPath: place.settings, version: Version.text) }
            group.addTask {
                let client = ControlClient(socket: place.directory + "/control.sock")
                for attempt in 1...100 {
                    do {
                        _ = try await client.status()
                        break
                    } catch {
                        if attempt == 100 { throw error }
                        try await Task.sleep(for: .milliseconds(100))
                    }
                }
                try await body(client, place.unit)
            }
            defer { kill(getpid(), SIGTERM) }  // the daemon's own way to stop
            _ = try await group.next()
        }
    }

    private static func unavailable(_ why: String) -> Fault {
        Fault(
            "demo.unavailable", "There is no lab here, and \(why)",
            hint: "As root, make demo boots a lab.")
    }

    /// Where the demo's files lie.
    private struct Place: Sendable {
        let directory: String
        let unitFile: String
        let unit: String

        var settings: String { directory + "/nightshift.yaml" }

        init(runtime: String, unit: String) {
            directory = "\(runtime)/nightshift-demo-\(getpid())"
            unitFile = "\(runtime)/systemd/user/\(unit)"
            self.unit = unit
        }

        func make() throws {
            let files = FileManager.default
            for path in [directory + "/rules", directory + "/runbooks", directory + "/state"] {
                try files.createDirectory(atPath: path, withIntermediateDirectories: true)
            }
            try files.createDirectory(
                atPath: String(unitFile.dropLast(unit.count)), withIntermediateDirectories: true)
            try write(unitFile, "[Unit]\nDescription=Nightshift demo\n[Service]\nExecStart=/bin/sleep infinity\n")
            try write(directory + "/rules/demo.yaml", DemoContent.rule)
            try write(directory + "/runbooks/demo.yaml", DemoContent.runbook(unit: unit))
            try write(settings, DemoContent.settings(directory: directory))
        }

        func remove() throws {
            try FileManager.default.removeItem(atPath: directory)
            try FileManager.default.removeItem(atPath: unitFile)
        }

        private func write(_ path: String, _ text: String) throws {
            guard FileManager.default.createFile(atPath: path, contents: Data(text.utf8)) else {
                throw Fault("demo.files", "\(path) cannot be written")
            }
        }
    }
}

/// The rule, the runbook and the settings of the demo on the user's own systemd.
enum DemoContent {
    static let rule = """
        groups:
          - name: demo
            rules:
              - log: UnitFailed
                match: {_SYSTEMD_USER_UNIT: init.scope, MESSAGE_ID: d9b373ed55a64feb8242e02dbe79a49c}
                labels: {severity: critical}
                annotations: {summary: "{{ $labels.unit }} failed"}

        """

    static func runbook(unit: String) -> String {
        """
        runbook: demo-restart
        description: Restart the demo's own unit.
        when_not: Never on anything else.
        on:
          - [alertname="UnitFailed"]
        parameters:
          unit: {type: unit, from: '{{ $labels.unit }}', allow: [\(unit)]}
        mode: auto
        risk: low
        steps:
          - name: restart
            systemd: {restart: '{{ $params.unit }}'}
            timeout: 30s
        verify:
          expr: 'unit_active{unit="{{ $params.unit }}"} == 1'
          for: 3s
          within: 30s
        otherwise: [undo, escalate]

        """
    }

    static func settings(directory: String) -> String {
        """
        state: \(directory)/state
        runtime: \(directory)
        rules: [\(directory)/rules]
        runbooks: [\(directory)/runbooks]
        actuation: user
        evaluation_interval: 1s
        journal: {source: user}
        console: {listen: '127.0.0.1:9797'}

        """
    }
}
