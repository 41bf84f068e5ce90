import Foundation
import HTTPClient
import Model
import Scraper
import Synchronization
import TestServer
import Testing

@Suite(.timeLimit(.minutes(1))) struct ScraperTests {
    /// A clock on which sleeping takes no time.
    final class QuickClock: Sendable {
        private let now = Mutex<Int64>(1_795_489_200_000_000)

        var clock: HostClock {
            HostClock(
                now: {
                    let now = self.now.withLock { $0 }
                    return Stamp(wall: Timestamp(microseconds: now), bootID: "b", sinceBoot: .microseconds(now))
                },
                sleep: { duration in
                    try Task.checkCancellation()
                    self.now.withLock { $0 += duration.microseconds }
                    await Task.yield()
                })
        }
    }

    private func config(_ address: String, _ change: (inout ScrapeConfig) -> Void = { _ in }) -> ScrapeConfig {
        var config = ScrapeConfig(jobName: "test")
        config.staticConfigs = [.init(targets: [address])]
        config.interval = .seconds(15)
        change(&config)
        return config
    }

    /// The first `count` scrapes.
    private func scrapes(_ count: Int, _ configs: [ScrapeConfig]) async -> [Scrape] {
        let (stream, continuation) = AsyncStream.makeStream(of: Scrape.self)
        let scraper = Scraper(configs, client: HTTPClient(), clock: QuickClock().clock)
        let task = Task { await scraper.run { continuation.yield($0) } }
        var all: [Scrape] = []
        for await scrape in stream {
            all.append(scrape)
            if all.count == count { break }
        }
        task.cancel()
        await task.value
        return all
    }

    private func value(_ name: String, _ scrape: Scrape) -> Double? {
        scrape.samples.first { $0.0["__name__"] == name }?.1.value
    }

    @Test func deliversSamplesAndWhatPrometheusSaysOfAScrape() async throws {
        let server = TestServer { _, connection in connection.answer("a 1\nb{x=\"y\"} 2\n") }
        let all = await scrapes(2, [config(server.address)])
        let first = try #require(all.first)
        #expect(first.up && first.fault == nil && first.stale.isEmpty)
        #expect(first.target == ["job": "test", "instance": server.address])
        #expect(first.url == "http://\(server.address)/metrics")
        #expect(value("a", first) == 1 && value("b", first) == 2)
        #expect(value("up", first) == 1 && value("scrape_samples_scraped", first) == 2)
        #expect(value("scrape_samples_post_metric_relabeling", first) == 2 && value("scrape_series_added", first) == 2)
        #expect(value("scrape_duration_seconds", first) != nil)
        #expect(all[1].began - first.began == .seconds(15))
        #expect(value("scrape_series_added", all[1]) == 0)
        let request = try #require(server.requests.first)
        #expect(request.headers["accept"]?.contains("application/openmetrics-text") == true)
        #expect(request.headers["x-prometheus-scrape-timeout-seconds"] == "10.0")
    }

    static let failures: [(name: String, code: String, answer: @Sendable (Connection) -> Void)] = [
        ("status", "scrape.status", { $0.answer("a 1\n", status: 503) }),
        ("redirect", "scrape.status", { $0.answer("", status: 302, headers: [("Location", "/")]) }),
        ("no metrics", "exposition.syntax", { $0.answer("<html>hello</html>\n") }),
        ("binary", "exposition.syntax", { $0.answer([0, 1, 2, 255, 254, 10]) }),
        ("huge", "http.size", { $0.answer(String(repeating: "a 1\n", count: 100_000)) }),
        ("bomb", "http.size", { $0.answer(Gzip.zeros(50 << 20), headers: [("Content-Encoding", "gzip")]) }),
        (
            "endless", "http.size",
            { connection in
                connection.send("HTTP/1.1 200 OK\r\n\r\n")
                while connection.send("a 1\n") {}
            }
        ),
        (
            "truncated", "http.truncated",
            { connection in
                connection.send("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\na 1\n")
                connection.hangUp()
            }
        ),
        ("hanging", "http.timeout", { $0.hang() }),
        ("gone", "http.truncated", { $0.hangUp() }),
    ]

    @Test(arguments: failures.indices)
    func aFailedScrapeIsDownAndEndsItsSeries(index: Int) async throws {
        let failure = Self.failures[index]
        let count = Mutex(0)
        let server = TestServer { _, connection in
            let isFirst = count.withLock { count in
                count += 1
                return count == 1
            }
            isFirst ? connection.answer("good 1\n") : failure.answer(connection)
        }
        let all = await scrapes(
            2,
            [
                config(server.address) {
                    $0.bodySizeLimit = ByteSize(bytes: 100_000)
                    $0.timeout = failure.name == "hanging" ? .milliseconds(100) : .seconds(10)
                }
            ])
        let bad = try #require(all.last)
        #expect(!bad.up && value("up", bad) == 0)
        #expect(bad.fault?.code == failure.code, "\(failure.name): \(bad.fault?.description ?? "")")
        #expect(bad.stale.map { $0["__name__"] } == ["good"])
        #expect(bad.samples.count == 5 && value("scrape_samples_scraped", bad) == 0)
    }

    @Test func aTargetThatHangsDelaysNoOther() async throws {
        let hanging = TestServer { _, connection in connection.hang() }
        let server = TestServer { _, connection in connection.answer("a 1\n") }
        let slow = (0..<30).map { index in
            config(hanging.address) {
                $0.metricsPath = "/\(index)"
                $0.timeout = .seconds(60)
                $0.interval = .seconds(60)
            }
        }
        let all = await scrapes(20, slow + [config(server.address)])
        #expect(all.allSatisfy { $0.up && $0.target["instance"] == server.address })
    }

    @Test func secretsComeFromFilesAndAreReadEachTime() async throws {
        let path = "/tmp/nightshift-scraper-secret-\(getpid())"
        try Data("one\n".utf8).write(to: URL(fileURLWithPath: path))
        defer { unlink(path) }
        let server = TestServer { _, connection in
            // Only a test would ignore that the file cannot be written: the next request then carries the old secret.
            try? Data("two\n".utf8).write(to: URL(fileURLWithPath: path))
            connection.answer("a 1\n")
        }
        _ = await scrapes(2, [config(server.address) { $0.authorization = .token(type: "Bearer", file: path) }])
        #expect(server.requests.prefix(2).map { $0.headers["authorization"] } == ["Bearer one", "Bearer two"])
        let other = TestServer { _, connection in connection.answer("a 1\n") }
        _ = await scrapes(1, [config(other.address) { $0.authorization = .basic(username: "ada", passwordFile: path) }])
        #expect(other.requests.first?.headers["authorization"] == "Basic YWRhOnR3bw==")
    }

    @Test func aMissingSecretFailsTheScrapeAndSendsNothing() async throws {
        let server = TestServer { _, connection in connection.answer("a 1\n") }
        let all = await scrapes(
            1, [config(server.address) { $0.authorization = .token(type: "Bearer", file: "/nonexistent") }])
        #expect(all.first?.fault?.code == "scrape.secret")
        #expect(server.requests.isEmpty)
    }

    @Test func withoutTargetsItReturns() async {
        await Scraper([], client: HTTPClient(), clock: QuickClock().clock).run { _ in }
    }
}
