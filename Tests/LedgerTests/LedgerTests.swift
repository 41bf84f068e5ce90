import Foundation
import GRDB
import Glibc
import Ledger
import Model
import Testing

@Suite struct LedgerTests {
    @Test func migratesAnEmptyFileAndKeepsWhatWasCommitted() async throws {
        let directory = try Scratch()
        do {
            let ledger = try await Ledger.open(path: directory.ledger)
            #expect(ledger.state == .open)
            try await ledger.write { transaction in
                try transaction.insert(incident: .sample())
                try transaction.append(line: .sample("nginx.service failed"), to: "4f2a000000000000")
            }
        }
        let again = try await Ledger.open(path: directory.ledger)
        let (records, lines) = try await again.read {
            (try $0.incidents(), try $0.timeline(of: "4f2a000000000000"))
        }
        #expect(records.map(\.incident) == [.sample()])
        #expect(records.map(\.state) == [.open])
        #expect(lines == [.sample("nginx.service failed")])
    }

    @Test func aSecondDaemonIsRefusedAndToldWhoHoldsIt() async throws {
        let directory = try Scratch()
        let first = try await Ledger.open(path: directory.ledger)
        let fault = await #expect(throws: Fault.self) { try await Ledger.open(path: directory.ledger) }
        #expect(fault?.code == "ledger.locked")
        #expect(fault?.description.contains("in use by process \(getpid())") == true)
        #expect(first.state == .open)
    }

    @Test func aLockEndsWithItsHolder() async throws {
        let directory = try Scratch()
        do { _ = try await Ledger.open(path: directory.ledger) }
        let second = try await Ledger.open(path: directory.ledger)
        #expect(second.state == .open)
    }

    /// What is prepared in the place of a ledger, and what the fault says.
    struct Unusable: CustomTestStringConvertible {
        let testDescription: String
        var code: String
        var text: String
        var prepare: @Sendable (Scratch) async throws -> String
    }

    static let unusable: [Unusable] = [
        Unusable(testDescription: "no directory", code: "ledger.open", text: "No such file or directory") {
            $0.path + "/nowhere/ledger.sqlite"
        },
        Unusable(testDescription: "another file", code: "ledger.io", text: "is damaged: file is not a database") {
            try Data(repeating: 0x58, count: 8192).write(to: URL(fileURLWithPath: $0.ledger))
            return $0.ledger
        },
        Unusable(testDescription: "a later version's", code: "ledger.newer", text: "by a later version") { scratch in
            do { _ = try await Ledger.open(path: scratch.ledger) }
            let queue = try DatabaseQueue(path: scratch.ledger)
            try await queue.write { try $0.execute(sql: "INSERT INTO grdb_migrations VALUES ('99 from tomorrow')") }
            return scratch.ledger
        },
    ]

    @Test(arguments: unusable)
    func whatCannotBeOpenedIsSaidInASentence(unusable: Unusable) async throws {
        let directory = try Scratch()
        let path = try await unusable.prepare(directory)
        let fault = await #expect(throws: Fault.self) { try await Ledger.open(path: path) }
        #expect(fault?.code == unusable.code)
        #expect(fault?.description.contains(unusable.text) == true, "\(String(describing: fault))")
        #expect(fault?.hint != nil)
    }

    @Test func whatABodyThrowsUndoesTheTransaction() async throws {
        let ledger = try Ledger.inMemory()
        let fault = await #expect(throws: Fault.self) {
            try await ledger.write { transaction in
                try transaction.insert(incident: .sample())
                try transaction.setJournalPosition(source: "system", cursor: "s=1", counted: 3, at: .sample)
                throw Fault("test", "the rest failed")
            }
        }
        #expect(fault == Fault("test", "the rest failed"))
        let (records, position) = try await ledger.read {
            (try $0.incidents(), try $0.journalPosition(source: "system"))
        }
        #expect(records.isEmpty)
        #expect(position == nil)
        #expect(ledger.state == .open)
    }

    @Test func commitsAreNumberedAndEmptyOnesAreNot() async throws {
        let seen = Log<Int>()
        let ledger = try Ledger.inMemory(onCommit: { seen.add($0) })
        try await ledger.write { try $0.saveSnapshot(name: "a", json: "1", at: .sample) }
        try await ledger.write { _ in }
        try await ledger.write { try $0.saveSnapshot(name: "a", json: "2", at: .sample) }
        #expect(seen.all == [1, 2])
        #expect(try await ledger.read { try $0.snapshot(name: "a") } == "2")
    }

    @Test func aWriteIsNotUndoneByCancellation() async throws {
        let ledger = try Ledger.inMemory()
        let task = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            try await ledger.write { try $0.saveSnapshot(name: "a", json: "1", at: .sample) }
        }
        try await task.value
        #expect(try await ledger.read { try $0.snapshot(name: "a") } == "1")
    }
}
