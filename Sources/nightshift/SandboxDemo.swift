import Actuation
import Daemon
import FoundationEssentials
import Glibc
import Model
import Runbooks

/// The demo without a lab: a daemon of its own, with a unit of its own, on the user's own systemd.
enum SandboxDemo {
    /// What a demo needs to know of the daemon that it talks to.
    struct Stage: Sendable {
        let client: ControlClient
        let unit: String
        /// The address of its console, where that outlives the demo.
        let console: String?
    }

    /// Runs `body` with a daemon that watches the unit it is given, and removes everything that was made for it.
    ///
    /// A Fault `demo.unavailable` says why there is no systemd to run it on; then nothing was made.
    static func run(_ body: @escaping @Sendable (Stage) async throws -> Void) async throws {
        let runtime = try runtimeDirectory()
        let bus = SystemBus(.user)
        defer { bus.close() }
        do {
            _ = try await bus.state(of: "default.target")
        } catch {
            throw unavailable("your own systemd does not answer: \(error.message)")
        }
        let place = SandboxPlace(runtime: runtime, port: LoopbackPort.free(preferring: 9797))
        var failure: (any Error)?
        do {
            try place.make()
            Terminal.say(
                "No lab here: the demo runs on your own systemd --user, with \(place.unit), which it removes again.")
            if let port = place.port { Terminal.say("While it runs, its console is http://127.0.0.1:\(port)/") }
            if let job = try await bus.begin(.start, place.unit) { _ = try await bus.end(of: job) }
            try await withDaemon(place, body)
        } catch {
            failure = error
        }
        try await leave(place.unit, bus)
        try place.remove()
        if let failure { throw failure }
    }

    /// Stops the unit and makes systemd forget it; one that is not loaded any more is as good.
    private static func leave(_ unit: String, _ bus: SystemBus) async throws {
        guard try await bus.state(of: unit).loadState == "loaded" else { return }
        if let job = try await bus.begin(.stop, unit) { _ = try await bus.end(of: job) }
        if try await bus.state(of: unit).activeState == "failed" { _ = try await bus.begin(.resetFailed, unit) }
    }

    private enum End: Sendable {
        case daemon(Result<Void, any Error>)
        case body(Result<Void, any Error>)
    }

    /// Runs the daemon for as long as `body` does.
    private static func withDaemon(
        _ place: SandboxPlace, _ body: @escaping @Sendable (Stage) async throws -> Void
    ) async throws {
        let end = await withTaskGroup(of: End.self) { group -> Result<Void, any Error> in
            group.addTask {
                .daemon(await outcome { try await Daemon.run(settingsPath: place.settings, version: Version.text) })
            }
            group.addTask {
                .body(
                    await outcome {
                        let client = ControlClient(socket: place.directory + "/control.sock")
                        try await answers(client)
                        try await body(Stage(client: client, unit: place.unit, console: nil))
                    })
            }
            switch await group.next() {
            case .body(let outcome):
                kill(getpid(), SIGTERM)  // the daemon's own way to stop
                await group.waitForAll()
                return outcome
            case .daemon(let outcome):
                group.cancelAll()
                return outcome.flatMap { .failure(Fault("demo.interrupted", "The demo was stopped before its end")) }
            case nil: return .success(())
            }
        }
        try end.get()
    }

    private static func outcome(_ body: () async throws -> Void) async -> Result<Void, any Error> {
        do {
            return .success(try await body())
        } catch {
            return .failure(error)
        }
    }

    private static func answers(_ client: ControlClient) async throws {
        for attempt in 1...100 {
            do {
                _ = try await client.status()
                return
            } catch {
                if attempt == 100 { throw error }
                try await Task.sleep(for: .milliseconds(100))
            }
        }
    }

    /// XDG_RUNTIME_DIR, also where su or sudo has lost it.
    private static func runtimeDirectory() throws -> String {
        if let named = getenv("XDG_RUNTIME_DIR") { return String(cString: named) }
        let usual = "/run/user/\(getuid())"
        guard access(usual, W_OK) == 0 else {
            throw unavailable("XDG_RUNTIME_DIR is not set: you have no session with a systemd of your own")
        }
        setenv("XDG_RUNTIME_DIR", usual, 1)
        return usual
    }

    private static func unavailable(_ why: String) -> Fault { Fault("demo.unavailable", why) }
}

/// Where the demo's files lie.
struct SandboxPlace: Sendable {
    let directory: String
    /// Not nightshift-…: units of that name are protected.
    let unit = "demo-of-nightshift-\(getpid()).service"
    let port: Int?
    private let units: String
    private let hadUnits: Bool

    var settings: String { directory + "/nightshift.yaml" }
    private var unitFile: String { "\(units)/\(unit)" }

    init(runtime: String, port: Int?) {
        directory = "\(runtime)/demo-of-nightshift-\(getpid())"
        units = "\(runtime)/systemd/user"
        hadUnits = access(units, F_OK) == 0
        self.port = port
    }

    func make() throws(Fault) {
        for path in [directory + "/rules", directory + "/runbooks", directory + "/state", units] {
            do {
                try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
            } catch {
                throw Fault("demo.files", "\(path) cannot be made")
            }
        }
        try write(unitFile, "[Unit]\nDescription=Nightshift demo\n[Service]\nExecStart=/bin/sleep infinity\n")
        try write(directory + "/rules/demo.yaml", DemoContent.rule)
        try write(directory + "/runbooks/demo.yaml", DemoContent.runbook(unit: unit))
        try write(settings, DemoContent.settings(directory: directory, port: port))
    }

    /// Removes what `make` made, as far as it came.
    func remove() throws(Fault) {
        for path in [directory, unitFile] + (hadUnits ? [] : [units]) where access(path, F_OK) == 0 {
            do {
                try FileManager.default.removeItem(atPath: path)
            } catch {
                throw Fault("demo.files", "\(path) cannot be removed", hint: "Remove it by hand.")
            }
        }
    }

    private func write(_ path: String, _ text: String) throws(Fault) {
        guard FileManager.default.createFile(atPath: path, contents: Data(text.utf8)) else {
            throw Fault("demo.files", "\(path) cannot be written")
        }
    }
}

enum LoopbackPort {
    /// A port of 127.0.0.1 on which nobody listens, the wanted one where it is free; nil where there is none.
    static func free(preferring wanted: UInt16) -> Int? { taken(wanted) ?? taken(0) }

    private static func taken(_ port: UInt16) -> Int? {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard listener >= 0 else { return nil }
        defer { close(listener) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = in_addr_t(INADDR_LOOPBACK).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isFree = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, size) == 0 && getsockname(listener, $0, &size) == 0
            }
        }
        return isFree ? Int(UInt16(bigEndian: address.sin_port)) : nil
    }
}
