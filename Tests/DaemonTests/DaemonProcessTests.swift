import Foundation
import Glibc
import Synchronization
import Testing

@testable import Daemon

/// The daemon as a process of its own, over an empty journal directory, watching and nothing else.
@Suite("The daemon as a process", .timeLimit(.minutes(3)))
struct DaemonProcessTests {
    /// One daemon, with what it has logged so far.
    final class Running: Sendable {
        let folder: Folder
        private let process: Process

        init(_ folder: Folder, environment: [String: String] = [:]) throws {
            self.folder = folder
            process = Process()
            process.executableURL = URL(filePath: try #require(Command.path, "nightshift is not built: swift build"))
            process.arguments = ["run", "--settings", folder.file("nightshift.yaml")]
            process.environment = ["PATH": "/usr/bin:/bin"].merging(environment) { $1 }
            process.standardInput = FileHandle.nullDevice
            try folder.write("log", "")
            process.standardError = try FileHandle(forWritingTo: URL(filePath: folder.file("log")))
            process.standardOutput = process.standardError
            try process.run()
        }

        deinit { if process.isRunning { kill(process.processIdentifier, SIGKILL) } }

        var log: String {
            String(decoding: FileManager.default.contents(atPath: folder.file("log")) ?? Data(), as: UTF8.self)
        }

        /// By SIGSTOP: "T" after the name, which stands in parentheses.
        var isStopped: Bool {
            let facts = FileManager.default.contents(atPath: "/proc/\(process.processIdentifier)/stat") ?? Data()
            return String(decoding: facts, as: UTF8.self).split(separator: ") ").last?.hasPrefix("T") == true
        }

        func signal(_ number: Int32) { kill(process.processIdentifier, number) }

        /// How it ended; a signal counts as 128 and its number.
        func end() -> Int32 {
            process.waitUntilExit()
            return process.terminationReason == .exit ? process.terminationStatus : 128 + process.terminationStatus
        }

        /// Waits for a line of the log, or a file; false where it does not come.
        func waits(for isThere: () -> Bool) async throws -> Bool {
            for _ in 0..<1000 {
                if isThere() { return true }
                guard process.isRunning else { return isThere() }
                try await Task.sleep(for: .milliseconds(10))
            }
            return false
        }

        func isReady() async throws -> Bool {
            try await waits { (try? Command.run(["status", "--socket", socket]))?.status == 0 }  // not yet listening
        }

        var socket: String { folder.file("run/control.sock") }
    }

    static func folder(more: String = "console: {listen: null}") throws -> Folder {
        let folder = try Written.folder()
        try folder.write("journal/x", "")
        try folder.write(
            "nightshift.yaml",
            Written.settings(folder, more: "journal: {source: {directory: \(folder.file("journal"))}}\n\(more)"))
        return folder
    }

    @Test("it starts, answers, reloads what is right and not what is wrong, and stops cleanly on SIGTERM")
    func life() async throws {
        let daemon = try Running(try Self.folder())
        try #require(try await daemon.isReady(), "\(daemon.log)")
        let answer = try Command.run(["status", "--json", "--socket", daemon.socket])
        let status = try #require(try JSONSerialization.jsonObject(with: Data(answer.output.utf8)) as? [String: Any])
        #expect(
            Set(status.keys).isSuperset(of: ["version", "since", "halted", "journal", "metrics", "rules", "incidents"]))
        #expect((status["rules"] as? [String: Int])?["loaded"] == 1)
        try daemon.folder.write("rules/a.yaml", "groups:\n  - nam: x\n")
        daemon.signal(SIGHUP)
        #expect(try await daemon.waits { daemon.log.contains("nothing was reloaded, what ran before goes on") })
        #expect(daemon.log.contains("a.yaml:2:5: error: "))
        try daemon.folder.write("rules/a.yaml", Written.rules + "      - {alert: B, expr: up == 0}\n")
        daemon.signal(SIGHUP)
        #expect(try await daemon.waits { daemon.log.contains("reloaded: 2 rules, 1 runbooks") })
        let after = try Command.run(["status", "--json", "--socket", daemon.socket])
        #expect(after.output.contains("\"loaded\":2"), "\(after)")
        daemon.signal(SIGTERM)
        #expect(daemon.end() == 0)
        #expect(daemon.log.contains("notice: stopped; everything is stored"), "\(daemon.log)")
    }

    @Test("a second one on the same ledger is refused with a sentence; a killed one leaves no lock")
    func second() async throws {
        let folder = try Self.folder()
        let first = try Running(folder)
        try #require(try await first.isReady(), "\(first.log)")
        let second = try Command.run(["run", "--settings", folder.file("nightshift.yaml")])
        #expect(second.status == 1)
        #expect(second.complaint.contains("ledger.sqlite is in use by process "), "\(second)")
        #expect(second.complaint.contains("Only one Nightshift may run on a ledger"))
        #expect(try Command.run(["status", "--socket", first.socket]).status == 0, "the first goes on")
        first.signal(SIGKILL)
        #expect(first.end() == 128 + SIGKILL)
        #expect(try Command.run(["status", "--socket", first.socket]).status == 3)
        let third = try Running(folder)
        #expect(try await third.isReady(), "\(third.log)")
        third.signal(SIGTERM)
        #expect(third.end() == 0)
    }

    @Test("a console that cannot listen ends it with a sentence that says where")
    func port() async throws {
        let listener = try TakenPort()
        let folder = try Self.folder(more: "console: {listen: '127.0.0.1:\(listener.port)'}")
        let answer = try Command.run(["run", "--settings", folder.file("nightshift.yaml")])
        #expect(answer.status == 1)
        #expect(
            answer.complaint.contains(
                "The console cannot listen on 127.0.0.1:\(listener.port): Address already in use"),
            "\(answer)")
        for word in CommandTests.inside { #expect(!answer.complaint.contains(word), "\(answer)") }
    }

    @Test("started by hand with a provider, it starts the agents' process, which asks it for work and ends with it")
    func agents() async throws {
        let folder = try Self.folder()
        let more = """
            journal: {source: {directory: \(folder.file("journal"))}}
            console: {listen: null}
            agents: {provider: {ollama: {url: 'http://127.0.0.1:9', model: m}}, state: \(folder.file("agents"))}
            """
        try folder.write("nightshift.yaml", Written.settings(folder, more: more))
        let daemon = try Running(folder)
        let isHeard = try await daemon.waits {
            let answer = try? Command.run(["status", "--json", "--socket", daemon.socket])  // not yet listening
            return answer?.output.contains(#""own_child":true"#) == true && answer?.output.contains(#""heard""#) == true
        }
        #expect(isHeard, "\(daemon.log)")
        #expect(daemon.log.contains("agents, in \(folder.file("agents"))"), "\(daemon.log)")
        daemon.signal(SIGTERM)
        #expect(daemon.end() == 0)
    }

    @Test("the environment names the commit after which it is killed, to test every boundary of durability")
    func killAfterCommit() async throws {
        let daemon = try Running(try Self.folder(), environment: ["NIGHTSHIFT_KILL_AFTER_COMMIT": "1"])
        try #require(try await daemon.isReady(), "\(daemon.log)")
        daemon.signal(SIGTERM)  // the state of the rules is its first commit
        #expect(daemon.end() == 128 + SIGKILL)
    }

    @Test("the environment names the commit after which it stops, as after each later one, until it may go on")
    func stopAfterCommit() async throws {
        let daemon = try Running(try Self.folder(), environment: ["NIGHTSHIFT_STOP_AFTER_COMMIT": "1"])
        try #require(try await daemon.isReady(), "\(daemon.log)")
        daemon.signal(SIGTERM)
        try #require(try await daemon.waits { daemon.isStopped }, "\(daemon.log), ended as \(daemon.end())")
        for _ in 0..<20 where try await daemon.waits(for: { daemon.isStopped }) { daemon.signal(SIGCONT) }
        #expect(daemon.end() == 0)
    }
}

/// A port of the loopback on which somebody listens already.
final class TakenPort: Sendable {
    let port: Int
    private let listener: Int32

    init() throws {
        listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = in_addr_t(INADDR_LOOPBACK).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let listener = listener
        let named = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, size) == 0 && listen(listener, 1) == 0 && getsockname(listener, $0, &size) == 0
            }
        }
        try #require(named)
        port = Int(UInt16(bigEndian: address.sin_port))
    }

    deinit { close(listener) }
}
