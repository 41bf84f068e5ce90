import Escalation
import FoundationEssentials
import Incidents
import Ledger
import Model
import Testing
import Text

@Suite struct PagerTests {
    private static let settings = EscalationSettings(
        route: Route(receiver: "on-call", routes: [Route(receiver: "db", matchers: [])]),
        receivers: [
            Receiver(
                name: "on-call",
                webhooks: [Webhook(.url("http://a")), Webhook(.url("http://b"), sendsResolved: false)]),
            Receiver(name: "db", webhooks: [Webhook(.url("http://c"))]),
        ])

    private func pager(_ settings: EscalationSettings? = settings) throws -> Pager {
        Pager(settings: settings, masking: try Masking(), externalURL: "http://127.0.0.1:9797")
    }

    private func ledger(_ incident: Incident = .sample(), lines: Int = 1) async throws -> Ledger {
        let ledger = try Ledger.inMemory()
        try await ledger.write { transaction in
            try transaction.insert(incident: incident)
            for number in 1...lines {
                try transaction.append(
                    line: TimelineLine(
                        at: .night + .seconds(number), kind: .signal, text: "line \(number)",
                        evidence: [Evidence(.journal, "s=1", "password=hunter2")]), to: incident.id)
            }
        }
        return ledger
    }

    @Test func theBodyIsAlertmanagersWithTheIncidentAsItStands() async throws {
        let ledger = try await ledger()
        let pager = try pager()
        let page = Page(
            incident: "4f2a000000000000", transition: "escalated/r1", text: "the restart did not help", to: "db")
        let rows = try await ledger.write { transaction in
            try transaction.append(
                line: TimelineLine(
                    at: .night + .seconds(9), kind: .escalate, text: "escalated", evidence: [], state: .escalated,
                    severity: "critical"), to: page.incident)
            try pager.enqueue(page, at: .night + .seconds(9), in: transaction)
            return try transaction.read.outbox(ofIncident: page.incident).map(\.row)
        }
        let row = try #require(rows.first)
        #expect(rows.count == 1)
        #expect(row.key == "4f2a000000000000/escalated/r1/db")
        let body = try JSONDecoder().decode(JSONValue.self, from: Data(row.body.utf8))
        #expect(
            Set(try #require(body.object).keys) == [
                "version", "groupKey", "truncatedAlerts", "status", "receiver", "groupLabels", "commonLabels",
                "commonAnnotations", "externalURL", "alerts", "incident", "idempotencyKey",
            ])
        #expect(body["version"] == "4")
        #expect(body["status"] == "firing")
        #expect(body["receiver"] == "db")
        #expect(body["idempotencyKey"] == .string(row.key))
        #expect(body["commonLabels"]?["severity"] == "critical")
        #expect(body["commonAnnotations"]?["description"] == "the restart did not help")
        let alert = try #require(body["alerts"]?.array?.first)
        #expect(
            Set(try #require(alert.object).keys) == [
                "status", "labels", "annotations", "startsAt", "endsAt", "generatorURL", "fingerprint",
            ])
        #expect(alert["startsAt"] == "2026-11-24T03:12:07.000Z")
        #expect(alert["endsAt"] == "0001-01-01T00:00:00Z")
        #expect(alert["generatorURL"] == "http://127.0.0.1:9797/incidents/4f2a000000000000")
        #expect(body["incident"]?["state"] == "escalated")
        #expect(body["incident"]?["timeline"]?.array?.map { $0["text"] } == ["line 1", "escalated"])
        #expect(body["incident"]?["causes"] == [])
        #expect(!row.body.contains("hunter2"))
    }

    @Test func theSameTransitionIsToldOnce() async throws {
        let ledger = try await ledger()
        let pager = try pager()
        let count = try await ledger.write { transaction in
            for transition in ["escalated/r1", "escalated/r1", "escalated/r2"] {
                let page = Page(incident: "4f2a000000000000", transition: transition, text: "", to: "db")
                try pager.enqueue(page, at: .night, in: transaction)
            }
            return try transaction.read.pendingOutboxCount()
        }
        #expect(count == 2)
    }

    @Test(arguments: [
        (String?.none, ["db"]), ("on-call", ["on-call", "on-call[1]"]), ("nobody", ["db"]),
    ])
    func aPageGoesToItsReceiverElseByTheRoutes(to: String?, channels: [String]) async throws {
        let ledger = try await ledger()
        let pager = try pager()
        let told = try await ledger.write { transaction in
            let page = Page(incident: "4f2a000000000000", transition: "t", text: "", to: to)
            try pager.enqueue(page, at: .night, in: transaction)
            return try transaction.read.pendingOutbox().map(\.receiver)
        }
        #expect(told == channels)
    }

    @Test func theEndIsToldToThoseWhoWereToldAndWantIt() async throws {
        let ledger = try await ledger()
        let pager = try pager()
        let keys = try await ledger.write { transaction in
            let over = Page(
                incident: "4f2a000000000000", transition: "over", status: .resolved, text: "", to: "on-call")
            try pager.enqueue(over, at: .night, in: transaction)
            #expect(try transaction.read.pendingOutboxCount() == 0)
            let page = Page(incident: "4f2a000000000000", transition: "t", text: "", to: "on-call")
            try pager.enqueue(page, at: .night, in: transaction)
            try pager.enqueue(over, at: .night + .seconds(60), in: transaction)
            return try transaction.read.pendingOutbox().map(\.key)
        }
        #expect(
            keys == [
                "4f2a000000000000/t/on-call", "4f2a000000000000/t/on-call[1]", "4f2a000000000000/over/on-call",
            ])
        let body = try #require(try await ledger.read { try $0.message(key: keys[2])?.body })
        #expect(body.contains(#""status":"resolved""#))
        #expect(body.contains(#""endsAt":"2026-11-24T03:13:07.000Z""#))
    }

    @Test func fromMemoryTheKeysAreTheSame() async throws {
        let ledger = try await ledger()
        let pager = try pager()
        let page = Page(incident: "4f2a000000000000", transition: "t", text: "", to: "on-call")
        let stored = try await ledger.write { transaction in
            try pager.enqueue(page, at: .night, in: transaction)
            return try transaction.read.pendingOutbox().map(\.key)
        }
        let view = IncidentView(
            .sample(), state: .open, actedAt: nil, resolvedAt: nil, escalatedAt: nil, runbook: nil, timeline: [])
        #expect(try pager.messages(page, incident: view, at: .night).map(\.key) == stored)
    }

    @Test func aVeryLongTimelineLosesItsMiddle() async throws {
        let ledger = try await ledger(lines: 1000)
        let pager = try pager()
        let body = try await ledger.write { transaction in
            let page = Page(incident: "4f2a000000000000", transition: "t", text: "", to: "db")
            try pager.enqueue(page, at: .night, in: transaction)
            return try transaction.read.outbox(ofIncident: page.incident)[0].row.body
        }
        let lines = try JSONDecoder().decode(JSONValue.self, from: Data(body.utf8))["incident"]?["timeline"]?.array
        #expect(lines?.count == 400)
        #expect(lines?.first?["text"] == "line 1")
        #expect(lines?[100]["text"]?.string?.hasPrefix("601 lines are left out here") == true)
        #expect(lines?[101]["text"] == "line 702")
        #expect(lines?.last?["text"] == "line 1000")
    }

    @Test func withoutSettingsNobodyIsToldAndAnUnknownIncidentIsAFault() async throws {
        let ledger = try await ledger()
        let silent = try pager(nil)
        let pager = try pager()
        let count = try await ledger.write { transaction in
            try silent.enqueue(
                Page(incident: "4f2a000000000000", transition: "t", text: ""), at: .night, in: transaction)
            return try transaction.read.pendingOutboxCount()
        }
        #expect(count == 0)
        let fault = await #expect(throws: Fault.self) {
            try await ledger.write {
                try pager.enqueue(Page(incident: "ff", transition: "t", text: ""), at: .night, in: $0)
            }
        }
        #expect(fault?.code == "escalation.incident")
    }
}
