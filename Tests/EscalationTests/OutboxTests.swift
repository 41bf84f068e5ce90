import Escalation
import Foundation
import Glibc
import HTTPClient
import Ledger
import Model
import Synchronization
import TestServer
import Testing

@Suite(.timeLimit(.minutes(1))) struct OutboxTests {
    @Test func aMessageIsPostedWithItsKeyAndRecorded() async throws {
        let server = TestServer { _, connection in connection.answer("ok") }
        let bench = try await Bench(["on-call": Webhook(.url(server.url + "/hook"))])
        try await bench.enqueue(["k1"])
        try await bench.running { try await bench.commits.wait(until: bench.isEmpty) }
        let request = try #require(server.requests.first)
        #expect(server.requests.count == 1)
        #expect(request.method == "POST")
        #expect(request.path == "/hook")
        #expect(request.headers["content-type"] == "application/json")
        #expect(request.headers["idempotency-key"] == "k1")
        #expect(request.body == Array(#"{"key":"k1"}"#.utf8))
        #expect(try await bench.lines() == ["told on-call"])
        let deliveries = try await bench.ledger.read { try $0.deliveries(of: "k1") }
        #expect(deliveries.map(\.outcome) == [.delivered])
        #expect(bench.outbox.statistics.delivered == 1)
        #expect(bench.outbox.statistics.waiting == 0)
    }

    @Test func aReceiverInTroubleIsTriedAgainUnderTheSameKeyUntilItAnswers() async throws {
        let inbox = Inbox()
        let server = TestServer { request, connection in
            let count = inbox.add(request).count
            switch count {
            case 1: connection.hangUp()
            case 2...8: connection.answer("busy", status: [500, 503, 408, 429, 502, 504, 599][count - 2])
            default: connection.answer("ok", status: 202)
            }
        }
        let bench = try await Bench(["on-call": Webhook(.url(server.url))])
        try await bench.enqueue(["k1"])
        try await bench.running { try await bench.commits.wait(until: bench.isEmpty) }
        #expect(inbox.keys == Array(repeating: "k1", count: 9))
        #expect(bench.clock.sleeps == [1, 2, 4, 8, 16, 32, 60, 60].map { .seconds($0) })
        let lines = try await bench.lines()
        #expect(lines.first?.hasPrefix("on-call could not be told and is tried again: ") == true)
        #expect(lines.dropFirst() == ["told on-call, after 9 tries"])
        #expect(try await bench.ledger.read { try $0.deliveries(of: "k1").map(\.attempt) } == [1, 2, 3, 4, 5, 8, 9])
    }

    @Test(arguments: [(0.0, 0.75), (0.999, 1.2495)])
    func pausesAreSpread(random: Double, factor: Double) async throws {
        let inbox = Inbox()
        let server = TestServer { request, connection in
            connection.answer("", status: inbox.add(request).count <= 10 ? 500 : 200)
        }
        let bench = try await Bench(["on-call": Webhook(.url(server.url))], random: random)
        try await bench.enqueue(["k1"])
        try await bench.running { try await bench.commits.wait(until: bench.isEmpty) }
        #expect(
            bench.clock.sleeps
                == [1, 2, 4, 8, 16, 32, 60, 60, 60, 60].map { .milliseconds(Int64($0 * 1000 * factor)) })
    }

    @Test func retryAfterIsHeeded() async throws {
        let inbox = Inbox()
        let server = TestServer { request, connection in
            let isFirst = inbox.add(request).count == 1
            connection.answer("", status: isFirst ? 429 : 200, headers: isFirst ? [("Retry-After", "30")] : [])
        }
        let bench = try await Bench(["on-call": Webhook(.url(server.url))])
        try await bench.enqueue(["k1"])
        try await bench.running { try await bench.commits.wait(until: bench.isEmpty) }
        #expect(bench.clock.sleeps == [.seconds(30)])
    }

    @Test func messagesOfAnIncidentKeepTheirOrder() async throws {
        let inbox = Inbox()
        let server = TestServer { request, connection in
            let (key, count) = inbox.add(request)
            connection.answer("", status: ["a": 3, "c": 2][key, default: 1] > count ? 500 : 200)
        }
        let bench = try await Bench(["on-call": Webhook(.url(server.url))])
        try await bench.enqueue(["a", "b", "c", "d"])
        try await bench.running { try await bench.commits.wait(until: bench.isEmpty) }
        #expect(inbox.keys == ["a", "a", "a", "b", "c", "c", "d"])
    }

    @Test func incidentsAndReceiversDoNotWaitForEachOther() async throws {
        let down = TestServer { _, connection in connection.answer("", status: 500) }
        let inbox = Inbox()
        let up = TestServer { request, connection in
            _ = inbox.add(request)
            connection.answer("")
        }
        let bench = try await Bench([
            "down": Webhook(.url(down.url)), "up": Webhook(.url(up.url)),
        ])
        try await bench.enqueue(["a", "b"], to: "down")
        try await bench.enqueue(["c"], to: "up")
        try await bench.enqueue(["d"], incident: "4f2b000000000000", to: "up")
        try await bench.running {
            try await bench.commits.wait {
                try await bench.ledger.read { try $0.pendingOutbox().map(\.key) } == ["a", "b"]
            }
        }
        #expect(Set(inbox.keys) == ["c", "d"])
    }

    @Test func aReceiverThatHangsTakesItsOwnSlotsOnly() async throws {
        let slow = TestServer { _, connection in connection.hang() }
        let up = TestServer { _, connection in connection.answer("") }
        let bench = try await Bench([
            "slow": Webhook(.url(slow.url), timeout: .milliseconds(200)), "up": Webhook(.url(up.url)),
        ])
        for number in 0..<20 {
            try await bench.enqueue(["s\(number)"], incident: "aa\(number)", to: "slow")
            try await bench.enqueue(["u\(number)"], incident: "bb\(number)", to: "up")
        }
        try await bench.running {
            try await bench.commits.wait {
                try await bench.ledger.read { try $0.pendingOutbox().allSatisfy { $0.receiver == "slow" } }
            }
        }
        #expect(slow.connectionsMax <= 4)
        #expect(try await bench.ledger.read { try $0.pendingOutboxCount() } == 20)
    }

    @Test(arguments: [(400, "HTTP 400"), (404, "HTTP 404"), (301, "HTTP 301: redirects are not followed")])
    func whatAReceiverRefusesIsSaidTriedRarelyAndHoldsUpNothing(status: Int, text: String) async throws {
        let inbox = Inbox()
        let server = TestServer { request, connection in
            let (key, count) = inbox.add(request)
            connection.answer("", status: key == "a" && count < 3 ? status : 200)
        }
        let bench = try await Bench(["on-call": Webhook(.url(server.url))])
        try await bench.enqueue(["a", "b"])
        try await bench.running { try await bench.commits.wait(until: bench.isEmpty) }
        #expect(inbox.keys.sorted() == ["a", "a", "a", "b"])
        #expect(bench.clock.sleeps == [.seconds(900), .seconds(900)])
        let lines = try await bench.lines()
        #expect(lines.first == "on-call refuses the message; somebody has to mend that: \(text)")
        #expect(Set(lines.dropFirst()) == ["told on-call", "told on-call, after 3 tries"])
        #expect(bench.outbox.statistics.refused == 2)
    }

    @Test func nobodyListensUntilSomebodyDoes() async throws {
        let free = TestServer { _, connection in connection.answer("") }
        free.stop()
        let bench = try await Bench(["on-call": Webhook(.url(free.url))], clock: TestClock(sleepsMax: 5))
        try await bench.enqueue(["k1"])
        try await bench.running {
            try await bench.commits.wait { bench.clock.sleeps.count >= 4 }
        }
        let deliveries = try await bench.ledger.read { try $0.deliveries(of: "k1") }
        #expect(deliveries.allSatisfy { $0.outcome == .failed })
        #expect(deliveries.first?.text.contains("the webhook of on-call") == true)
        #expect(try await !bench.isEmpty())
    }

    @Test func aReceiverThatIsGoneFromTheSettingsIsSaid() async throws {
        let bench = try await Bench([:], clock: TestClock(sleepsMax: 1))
        try await bench.enqueue(["k1"], to: "somebody")
        try await bench.running { try await bench.commits.wait { try await !bench.lines().isEmpty } }
        #expect(try await bench.lines().first?.contains("the settings name no receiver \"somebody\" any more") == true)
    }
}

/// What crashes and full disks do to messages.
@Suite(.timeLimit(.minutes(1))) struct OutboxRestartTests {
    @Test func aRestartBetweenTriesGoesOnUnderTheSameKey() async throws {
        let directory = FileManager.default.temporaryDirectory.path + "/outbox-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: directory) }  // a left-over directory fails no test
        let inbox = Inbox()
        let server = TestServer { request, connection in
            connection.answer("", status: inbox.add(request).count <= 5 ? 500 : 200)
        }
        let webhooks = ["on-call": Webhook(.url(server.url))]
        for round in 1...3 {
            // The second begins with what is left of the pause that the first was in.
            let clock = TestClock(sleepsMax: [2, 3, 100][round - 1])
            let bench = try await Bench(webhooks, path: directory + "/ledger.sqlite", clock: clock)
            try await bench.enqueue(["k1"])
            try await bench.running {
                try await bench.commits.wait {
                    let tries = try await bench.ledger.read { try $0.deliveries(of: "k1").count }
                    return round < 3 ? tries == round * 2 : try await bench.isEmpty()
                }
            }
            if round == 3 {
                #expect(
                    try await bench.ledger.read { try $0.deliveries(of: "k1").map(\.attempt) } == [1, 2, 3, 4, 5, 6])
                #expect(try await bench.lines().last == "told on-call, after 6 tries")
            }
        }
        #expect(Set(inbox.keys) == ["k1"])
    }

    @Test func whatTheLedgerCannotTakeGoesOutFromMemoryOnce() async throws {
        let inbox = Inbox()
        let arrived = Signals<Void>()
        let server = TestServer { request, connection in
            connection.answer("", status: inbox.add(request) == ("k1", 1) ? 500 : 200)
            arrived.send(())
        }
        let bench = try await Bench(["on-call": Webhook(.url(server.url))])
        let row = OutboxRow(key: "k1", incident: "4f2a000000000000", receiver: "on-call", body: "{}", at: .night)
        try await bench.running {
            bench.outbox.send(fromMemory: [row, row])
            #expect(bench.outbox.statistics.unstored == 1)
            try await arrived.wait { inbox.keys.count == 2 }
            try await bench.enqueue(["k1", "k2"])
            try await bench.commits.wait(until: bench.isEmpty)
        }
        #expect(inbox.keys == ["k1", "k1", "k2"])
        #expect(try await bench.ledger.read { try $0.deliveries(of: "k1").map(\.outcome) } == [.delivered])
        #expect(bench.outbox.statistics.unstored == 0)
    }

    @Test func aMessageThatIsStoredWhileItWaitsInMemoryIsSentOnce() async throws {
        let inbox = Inbox()
        let server = TestServer { request, connection in
            connection.answer("", status: inbox.add(request).count < 3 ? 500 : 200)
        }
        let bench = try await Bench(["on-call": Webhook(.url(server.url))])
        bench.outbox.send(
            fromMemory: [
                OutboxRow(key: "k1", incident: "4f2a000000000000", receiver: "on-call", body: "{}", at: .night)
            ])
        try await bench.enqueue(["k1"])
        try await bench.running { try await bench.commits.wait(until: bench.isEmpty) }
        #expect(inbox.keys == ["k1", "k1", "k1"])
        #expect(try await bench.ledger.read { try $0.deliveries(of: "k1").last?.attempt } == 3)
    }

    @Test func memoryIsBoundedAndSaysWhatItDropped() async throws {
        let bench = try await Bench([:])
        bench.outbox.send(
            fromMemory: (0..<1005).map {
                OutboxRow(key: "\($0)", incident: nil, receiver: "on-call", body: "", at: .night)
            })
        #expect(bench.outbox.statistics.unstored == 1000)
        #expect(bench.outbox.statistics.dropped == 5)
    }
}

@Suite(.timeLimit(.minutes(1))) struct WebhookSecretTests {
    @Test func secretsComeFromFilesAndShowUpNowhere() async throws {
        let directory = FileManager.default.temporaryDirectory.path + "/webhook-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: directory) }  // a left-over directory fails no test
        let inbox = Inbox()
        let server = TestServer { request, connection in
            connection.answer("", status: inbox.add(request).count == 1 ? 500 : 200)
        }
        let url = server.url.split(separator: "//").joined(separator: "//ada:s3cret@") + "/hook?token=t0ken"
        try Data((url + "\n").utf8).write(to: URL(fileURLWithPath: directory + "/url"))
        try Data("b3arer\n".utf8).write(to: URL(fileURLWithPath: directory + "/credentials"))
        let said = Mutex<[String]>([])
        let bench = try await Bench([
            "on-call": Webhook(
                .file(directory + "/url"),
                authorization: .init(credentialsFile: directory + "/credentials"))
        ])
        try await bench.enqueue(["k1"])
        let listening = Task { for await line in bench.log.stream { said.withLock { $0.append(line) } } }
        try await bench.running { try await bench.commits.wait(until: bench.isEmpty) }
        listening.cancel()
        #expect(server.requests.last?.headers["authorization"] == "Bearer b3arer")
        #expect(server.requests.last?.path == "/hook?token=t0ken")
        let deliveries = try await bench.ledger.read { try $0.deliveries(of: "k1") }
        let everything = "\(try await bench.lines()) \(deliveries) \(said.withLock { $0 })"
        for secret in ["s3cret", "t0ken", "b3arer"] { #expect(!everything.contains(secret)) }
    }

    @Test func aMissingFileIsAFailedTryThatNamesIt() async throws {
        let bench = try await Bench(["on-call": Webhook(.file("/nonexistent/url"))], clock: TestClock(sleepsMax: 1))
        try await bench.enqueue(["k1"])
        try await bench.running { try await bench.commits.wait { try await !bench.lines().isEmpty } }
        #expect(try await bench.lines().first?.contains("cannot be read from /nonexistent/url") == true)
    }
}
