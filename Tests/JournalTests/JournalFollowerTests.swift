import Foundation
import Journal
import Model
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(1))) struct JournalFollowerTests {
    let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    struct Enough: Error {}

    private func follower(
        _ start: JournalPosition = .head, entriesMax: Int = 512, quietMax: Duration = .seconds(60)
    ) -> JournalFollower {
        JournalFollower(
            source: .directory(directory.path), start: start, fields: { ["MESSAGE"] }, entriesMax: entriesMax,
            quietMax: quietMax)
    }

    /// Follows until `enough` says so of all messages that came, and returns them with all gaps.
    private func follow(
        _ follower: JournalFollower, until enough: ([String]) async throws -> Bool
    ) async throws -> (messages: [String], gaps: [JournalGap], cursor: String?) {
        var messages: [String] = []
        var gaps: [JournalGap] = []
        var cursor: String?
        await #expect(throws: Enough.self) {
            try await follower.run { batch in
                messages += batch.entries.map(\.message)
                gaps += batch.gaps
                cursor = batch.cursor
                if try await enough(messages) { throw Enough() }
            }
        }
        return (messages, gaps, cursor)
    }

    @Test func theFirstBatchSaysWhereItBegan() async throws {
        try RecordedJournal.write(RecordedJournal.numbered("a", 3), to: directory.file("a.journal"))
        var start: JournalStart?
        await #expect(throws: Enough.self) {
            try await follower(.tail).run { batch in
                start = batch.start
                #expect(batch.entries.isEmpty && batch.cursor != nil && batch.cursor == batch.start?.cursor)
                throw Enough()
            }
        }
        #expect(start?.asked == .tail && start?.found == true)
        #expect(start?.after.at?.microseconds == RecordedJournal.begin + 2_000_000)
    }

    @Test func whoeverWantsOtherFieldsGetsThemFromTheNextEntryOn() async throws {
        let writer = try RecordedJournal.Writer(directory.file("a.journal"))
        func entry(_ number: Int64) -> [RecordedJournal.Entry] {
            [.init(at: RecordedJournal.begin + number, [("MESSAGE", "a \(number)"), ("KIND", "x")])]
        }
        try writer.append(entry(0))
        let wanted = Mutex<Set<String>>(["MESSAGE"])
        let follower = JournalFollower(
            source: .directory(directory.path), start: .head, fields: { wanted.withLock { $0 } }, quietMax: .seconds(60)
        )
        var kinds: [String?] = []
        await #expect(throws: Enough.self) {
            try await follower.run { batch in
                kinds += batch.entries.map { $0["KIND"] }
                if kinds.count == 2 { throw Enough() }
                guard kinds.count == 1 else { return }
                // While the reader may already wait for the next entry, as after a reload.
                wanted.withLock { $0 = ["MESSAGE", "KIND"] }
                try writer.append(entry(1))
            }
        }
        #expect(kinds == [nil, "x"])
    }

    @Test func entriesComeAsTheyAreWritten() async throws {
        let writer = try RecordedJournal.Writer(directory.file("a.journal"))
        try writer.append(RecordedJournal.numbered("a", 1))
        var written = 1
        let all = try await follow(follower()) { messages in
            if messages.count == written, written < 4 {
                let at = RecordedJournal.begin + Int64(written) * 1_000_000
                try writer.append([.init(at: at, [("MESSAGE", "a \(written)")])])
                written += 1
            }
            return messages.count == 4
        }
        try writer.finish()
        #expect(all.messages == ["a 0", "a 1", "a 2", "a 3"])
        #expect(all.gaps.isEmpty)
    }

    @Test func aStopAfterAnyBatchLosesAndRepeatsNothing() async throws {
        try RecordedJournal.write(RecordedJournal.numbered("a", 10), to: directory.file("a.journal"))
        var messages: [String] = []
        var position = JournalPosition.head
        while messages.count < 10 {
            let some = try await follow(follower(position, entriesMax: 3)) { !$0.isEmpty }
            messages += some.messages
            position = .cursor(try #require(some.cursor))
            #expect(some.gaps.isEmpty)
        }
        #expect(messages == (0..<10).map { "a \($0)" })
    }

    @Test func newFilesAreReadAndFinishedOnesMayGo() async throws {
        try RecordedJournal.write(RecordedJournal.numbered("a", 3), to: directory.file("a.journal"))
        let later = RecordedJournal.begin + 60_000_000
        var step = 0
        let all = try await follow(follower(quietMax: .milliseconds(20))) { messages in
            switch (step, messages.count) {
            case (0, 3):
                // The follower comes back from an empty read before the file goes: it has seen the end.
                step = 1
            case (1, 3):
                try FileManager.default.removeItem(atPath: directory.file("a.journal"))
                try RecordedJournal.write(
                    RecordedJournal.numbered("b", 2, from: later), to: directory.file("b.journal"))
                step = 2
            case (2, 5):
                let latest = later + 60_000_000
                try RecordedJournal.write(
                    RecordedJournal.numbered("c", 1, from: latest), to: directory.file("c.journal"))
                step = 3
            default: break
            }
            return messages.count == 6
        }
        #expect(all.messages == ["a 0", "a 1", "a 2", "b 0", "b 1", "c 0"])
        #expect(all.gaps.isEmpty)
    }

    @Test func aFileThatGoesWhileItIsReadIsReadToItsEnd() async throws {
        try RecordedJournal.write(RecordedJournal.numbered("a", 5), to: directory.file("a.journal"))
        let all = try await follow(follower(entriesMax: 2)) { messages in
            if messages.count == 2 { try FileManager.default.removeItem(atPath: directory.file("a.journal")) }
            return messages.count == 5
        }
        #expect(all.messages == (0..<5).map { "a \($0)" } && all.gaps.isEmpty)
    }

    @Test func filesRemovedUnreadAreAGapAndNothingIsRepeated() async throws {
        try RecordedJournal.write(RecordedJournal.numbered("a", 5), to: directory.file("a.journal"))
        let later = RecordedJournal.begin + 60_000_000
        let first = try await follow(follower(entriesMax: 2)) { $0.count == 2 }
        try FileManager.default.removeItem(atPath: directory.file("a.journal"))
        try RecordedJournal.write(RecordedJournal.numbered("b", 2, from: later), to: directory.file("b.journal"))
        let rest = try await follow(follower(.cursor(try #require(first.cursor)))) { $0.count == 2 }
        #expect(rest.messages == ["b 0", "b 1"])
        #expect(rest.gaps.map(\.reason) == [.vacuumed])
        #expect(rest.gaps.first?.from.cursor == first.cursor)
        #expect(rest.gaps.first?.from.at?.microseconds == RecordedJournal.begin + 1_000_000)
        #expect(rest.gaps.first?.to.at?.microseconds == later)
    }

    @Test func aCorruptFileThatAppearsIsAGap() async throws {
        try RecordedJournal.write(RecordedJournal.numbered("a", 1), to: directory.file("a.journal"))
        let later = RecordedJournal.begin + 60_000_000
        let all = try await follow(follower()) { messages in
            if messages.count == 1 {
                directory.write([1, 2, 3], to: "bad.journal")
                try RecordedJournal.write(
                    RecordedJournal.numbered("b", 1, from: later), to: directory.file("b.journal"))
            }
            return messages.count == 2
        }
        #expect(all.messages == ["a 0", "b 0"])
        #expect(all.gaps.map(\.reason) == [.unreadable])
    }

    @Test func quietTimesGiveASignOfLife() async throws {
        var empty = 0
        await #expect(throws: Enough.self) {
            try await follower(quietMax: .milliseconds(5)).run { batch in
                #expect(batch.entries.isEmpty && batch.isAtEnd)
                empty += 1
                if empty == 3 { throw Enough() }
            }
        }
        #expect(empty == 3)
    }

    @Test func cancellationEndsTheWaiting() async throws {
        let (started, hasStarted) = AsyncStream.makeStream(of: Void.self)
        let follower = follower()
        let task = Task {
            try await follower.run { _ in hasStarted.yield() }
        }
        for await _ in started { break }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
    }

    @Test func whatCannotBeOpenedIsAFault() async throws {
        let follower = JournalFollower(source: .directory("/nonexistent"), start: .head)
        await #expect(throws: Fault.self) { try await follower.run { _ in } }
    }
}
