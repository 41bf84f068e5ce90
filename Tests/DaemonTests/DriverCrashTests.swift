import Actuation
import Foundation
import Ledger
import Model
import Runbooks
import Testing

@testable import Daemon

/// Kills the driver right after each boundary of durability, one after the other, until a run passes untouched.
@Suite("The driver, killed at every boundary")
struct DriverCrashTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let name: String
        let steps: String
        /// Paths that may happen once at most, however often the driver dies.
        let once: [String]
        var forgets = false
        /// Ends that are right; a run that is lost has none of them.
        var ends: Set<RunEnd.Kind> = [.resolved]

        var testDescription: String { name }
    }

    static let restart = "- {name: restart, systemd: {restart: '{{ $params.unit }}'}}"
    static let reload = "- {name: reload, systemd: {reload: '{{ $params.unit }}'}}"
    static let dump = "- {name: dump, run: [/bin/dump, '{{ $params.unit }}']}"
    static let post = "- {name: post, http: {method: POST, url: 'http://h/drain'}}"
    static let probed =
        "- {name: post, http: {method: POST, url: 'http://h/drain'}, probe: {http: {url: 'http://h/drain'}}}"
    static let tell = "- {name: tell, notify: {to: team, text: hello}}"

    static let cases: [Case] = [
        Case(name: "systemd restart", steps: restart, once: []),
        Case(name: "systemd reload", steps: reload, once: ["reload"]),
        Case(name: "run", steps: dump, once: ["dump"]),
        Case(
            name: "run, and the host forgets what became of it", steps: dump, once: ["dump"], forgets: true,
            ends: [.resolved, .escalated]),
        Case(
            name: "reload, and the host forgets", steps: reload, once: ["reload"], forgets: true,
            ends: [.resolved, .escalated]),
        Case(name: "http", steps: post, once: ["post"], ends: [.resolved, .escalated]),
        Case(name: "http with a probe", steps: probed, once: ["post"], ends: [.resolved, .escalated]),
        Case(
            name: "all of them, and a message", steps: [dump, tell, restart, probed].joined(separator: "\n"),
            once: ["dump", "post"], ends: [.resolved, .escalated]),
    ]

    /// All boundaries where evidence is made; in CI every one of the plain steps, and each third of the rest.
    static let isThorough = ProcessInfo.processInfo.environment["NIGHTSHIFT_FULL"] == "1"

    @Test("at most one execution of each effect that is not retry_safe, and no run is lost", arguments: cases)
    func sweep(_ one: Case) async throws {
        let runbook = try DriverStage.runbook(one.steps)
        let isPlain = one.name == "run" || one.name == "systemd reload" || one.name == "http with a probe"
        let stride = Self.isThorough || isPlain ? 1 : 3
        var boundary = 1
        while true {
            let world = Self.world(runbook, dieAt: boundary, forgets: one.forgets)
            try await Self.check(one, world, "killed at boundary \(boundary)")
            guard world.with({ $0.life > 0 }) else { break }
            try #require(boundary < 200, "no run passes untouched")
            boundary += stride
        }
        #expect(boundary > 8, "there are more boundaries than that, so they were not counted")
    }

    @Test(
        "nor when it dies again and again",
        arguments: [[5, 3], [9, 2, 2], [12, 1, 1, 1], [14, 4, 3], [16, 1, 1]])
    func again(deaths: [Int]) async throws {
        let one = Self.cases[Self.cases.count - 1]
        let world = Self.world(try DriverStage.runbook(one.steps), dieAt: deaths[0], forgets: false)
        world.with { $0.laterDeaths = Array(deaths.dropFirst()) }
        try await Self.check(one, world, "killed at \(deaths)")
        #expect(world.with { $0.life } == deaths.count)
    }

    static func check(_ one: Case, _ world: DriverWorld, _ what: String) async throws {
        let end = try await Self.live(world)
        #expect(end.map { one.ends.contains($0.kind) } == true, "\(what): \(String(describing: end))")
        for path in one.once {
            let count = world.with { state in
                path == "post"
                    ? state.requests["POST /drain", default: 0]
                    : state.done.filter { $0.key.hasSuffix("/\(path)") }.map(\.value).reduce(0, +)
            }
            #expect(count <= 1, "\(what): \(path) happened \(count) times")
        }
    }

    static func world(_ runbook: Runbook, dieAt: Int?, forgets: Bool) -> DriverWorld {
        let world = DriverWorld()
        world.with { state in
            state.dieAt = dieAt
            state.forgets = forgets
            state.installed = [runbook]
            state.units["web.service"] = .init(id: "web.service", activeState: "failed", invocationID: "inv0")
        }
        return world
    }

    /// Lives from the incident to its end, with a death in between where there is one; how its last run ended.
    static func live(_ world: DriverWorld) async throws -> RunEnd? {
        let folder = try DriverFolder()
        let incident = DriverStage.incident()
        for life in 0..<6 {
            let path = "\(folder.path)/ledger-\(life).sqlite"
            let next = "\(folder.path)/ledger-\(life + 1).sqlite"
            world.with { $0.onDeath = { copyLedger(from: path, to: next) } }
            let ledger = try await Ledger.open(path: path, onCommit: { _ in world.boundary() })
            let stage = try DriverStage(world, ledger: ledger)
            try await stage.driver.recover()
            if !world.isDead, try await stage.record(incident.id) == nil { try await stage.open(incident) }
            await stage.play()
            if !world.isDead {
                let state = try await stage.record(incident.id)?.state
                #expect(state?.isEnded == true || state == .escalated)
                let open = try await ledger.read { try $0.openRuns().count }
                #expect(open == 0, "no run is left open")
                try await stage.checkPages(incident.id)
                return try await stage.ends(incident.id).last ?? nil
            }
            world.rise()
        }
        return nil
    }
}

extension DriverStage {
    func isEscalated(_ incident: String) async throws -> Bool { try await record(incident)?.state == .escalated }

    /// An escalated incident has told somebody; a message of a step is in the outbox once.
    func checkPages(_ incident: String) async throws {
        let pages = try await pages(incident)
        if try await isEscalated(incident) { #expect(pages.contains { $0.contains("/escalated/") }, "\(pages)") }
        #expect(pages.count { $0.contains("/notify/") } <= 1, "\(pages)")
    }
}

/// The file as it is on disk at this moment, with its log.
private func copyLedger(from path: String, to next: String) {
    for suffix in ["", "-wal"] where FileManager.default.fileExists(atPath: path + suffix) {
        do {
            try FileManager.default.copyItem(atPath: path + suffix, toPath: next + suffix)
        } catch {
            Issue.record("the ledger cannot be copied: \(error)")
        }
    }
}
