import Escalation
import HTTPClient
import Model
import Synchronization
import TestServer
import Testing

@Suite(.timeLimit(.minutes(1))) struct DeadmanTests {
    /// Beats until the clock stands still, and gives what happened.
    private func beats(
        _ count: Int, url: String, isHealthy: @escaping @Sendable (Int) -> Bool = { _ in true }
    ) async throws -> (Deadman.Statistics, [String], [Duration]) {
        let clock = TestClock(sleepsMax: count)
        let said = Mutex<[String]>([])
        let asked = Mutex(0)
        let done = Signals<Void>()
        var host = clock.host
        let sleep = host.sleep
        host.sleep = { duration in
            if clock.sleeps.count == count - 1 { done.send(()) }
            try await sleep(duration)
        }
        let deadman = Deadman(
            url: url, every: .seconds(60), client: HTTPClient(), clock: host,
            isHealthy: {
                isHealthy(
                    asked.withLock {
                        $0 += 1
                        return $0
                    })
            },
            log: { text in said.withLock { $0.append(text) } })
        let task = Task { try await deadman.run() }
        try await done.wait { true }
        task.cancel()
        try await task.value
        return (deadman.statistics, said.withLock { $0 }, clock.sleeps)
    }

    @Test func beatsAtItsIntervalWhileAllIsWell() async throws {
        let server = TestServer { _, connection in connection.answer("OK") }
        let (statistics, said, sleeps) = try await beats(5, url: server.url + "/ping/uuid")
        #expect(server.requests.map(\.path) == Array(repeating: "/ping/uuid", count: 5))
        #expect(statistics.beats == 5)
        #expect(said.isEmpty)
        #expect(Set(sleeps) == [.seconds(60)])
    }

    @Test func isSilentWhileSomethingIsWrong() async throws {
        let server = TestServer { _, connection in connection.answer("OK") }
        let (statistics, _, _) = try await beats(6, url: server.url, isHealthy: { $0 == 1 || $0 > 4 })
        #expect(server.requests.count == 3)
        #expect(statistics.beats == 3)
        #expect(statistics.withheld == 3)
    }

    @Test func failuresAreCountedAndToldOnceWithoutTheAddress() async throws {
        let count = Mutex(0)
        let server = TestServer { _, connection in
            connection.answer(
                "",
                status: count.withLock {
                    $0 += 1
                    return $0
                } <= 3 ? 503 : 200)
        }
        let (statistics, said, _) = try await beats(5, url: server.url + "/s3cret")
        #expect(statistics.failures == 3)
        #expect(statistics.beats == 2)
        #expect(
            said == [
                "the dead-man's switch was not reached: HTTP 503", "the dead-man's switch is reached again",
            ])
        server.stop()
        let (down, told, _) = try await beats(2, url: server.url + "/s3cret")
        #expect(down.failures == 2)
        #expect(told.count == 1 && !told[0].contains("s3cret"))
    }
}
