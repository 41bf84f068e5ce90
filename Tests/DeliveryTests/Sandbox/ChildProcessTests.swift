import Glibc
import Model
import Testing

@testable import Delivery

/// A descendant in a session of its own outlives its group, and holds the pipes: nobody waits for it.
@Suite(.timeLimit(.minutes(2))) struct ChildProcessTests {
    private static func run(
        _ script: String, wall: Duration, outputMax: Int = 1 << 20
    ) async throws -> ChildProcess.Outcome {
        try await ChildProcess(
            executable: "/usr/bin/env", arguments: ["sh", "-c", script], environment: ["PATH": "/usr/bin:/bin"],
            wall: wall, outputMax: outputMax, keep: 4096
        ).run().0
    }

    @Test(arguments: [
        ("setsid sleep 20 & echo began", SandboxReport.End.exit(0)),
        ("setsid sleep 20 & echo began; sleep 20", .limit(.wall)),
        ("setsid sleep 20 & echo began; exec >&- 2>&-; sleep 20", .limit(.wall)),
        ("setsid timeout 20 sh -c 'while sleep 0.01; do echo x; done' & echo began; sleep 20", .limit(.wall)),
    ])
    func isNotAwaited(script: String, end: SandboxReport.End) async throws {
        let began = ContinuousClock.now
        let outcome = try await Self.run(script, wall: .seconds(1))
        #expect(outcome.end == end && outcome.standardOutput.text.hasPrefix("began"))
        #expect(ContinuousClock.now - began < .seconds(10))
    }

    /// It writes faster than anybody reads, and is not in the group that is ended.
    @Test func oneThatWritesForEverIsLeftBehind() async throws {
        let began = ContinuousClock.now
        let outcome = try await Self.run("setsid timeout 20 yes & sleep 20", wall: .seconds(15), outputMax: 1 << 16)
        #expect(outcome.end == .limit(.output))
        #expect(ContinuousClock.now - began < .seconds(10))
    }
}
