import Model
import Testing

@testable import Journal

@Suite struct JournalReaderTests {
    let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    private func journal(_ entries: [RecordedJournal.Entry], _ name: String = "a.journal") throws -> JournalSource {
        try RecordedJournal.write(entries, to: directory.file(name))
        return .files([directory.file(name)])
    }

    private func read(_ reader: JournalReader, max entriesMax: Int = 1000) throws -> JournalBatch {
        try reader.nextBatch(max: entriesMax, maxBytes: 1 << 20, fields: ["MESSAGE"])
    }

    private func messages(_ source: JournalSource, _ position: JournalPosition = .head) throws -> [String] {
        let reader = try JournalReader(source)
        try reader.seek(position)
        return try read(reader).entries.map(\.message)
    }

    @Test func readsInBatchesBoundedByEntries() throws {
        let reader = try JournalReader(journal(RecordedJournal.numbered("a", 10)))
        try reader.seek(.head)
        var batches: [[String]] = []
        repeat { batches.append(try read(reader, max: 4).entries.map(\.message)) } while batches.last?.count == 4
        #expect(batches == [["a 0", "a 1", "a 2", "a 3"], ["a 4", "a 5", "a 6", "a 7"], ["a 8", "a 9"]])
    }

    @Test func readsInBatchesBoundedByBytes() throws {
        let text = String(repeating: "x", count: 1000)
        let entries = (0..<5).map {
            RecordedJournal.Entry(at: RecordedJournal.begin + $0, [("MESSAGE", text + "\($0)")])
        }
        let reader = try JournalReader(journal(entries))
        try reader.seek(.head)
        let counts = try (0..<3).map { _ in
            try reader.nextBatch(max: 100, maxBytes: 1500, fields: nil).entries.count
        }
        #expect(counts == [2, 2, 1])
    }

    @Test func beginsWhereItIsTold() throws {
        let source = try journal(RecordedJournal.numbered("a", 4))
        #expect(try messages(source, .head) == ["a 0", "a 1", "a 2", "a 3"])
        let third = Timestamp(microseconds: RecordedJournal.begin + 2_000_000)
        #expect(try messages(source, .since(third)) == ["a 2", "a 3"])
        #expect(try messages(source, .tail) == [])
        #expect(try messages(source, .boot) == [])
        #expect(try messages(source, .since(Timestamp(microseconds: -5))) == ["a 0", "a 1", "a 2", "a 3"])
    }

    @Test func saysWhereItBegan() throws {
        let source = try journal(RecordedJournal.numbered("a", 3))
        let last = Timestamp(microseconds: RecordedJournal.begin + 2_000_000)
        let tail = try JournalReader(source).seek(.tail)
        #expect(tail.after.at == last && tail.cursor != nil && tail.first == JournalPlace())
        #expect(tail.text.hasSuffix("a.journal begins after the newest entry"))
        let head = try JournalReader(source).seek(.head)
        #expect(head.after == JournalPlace() && head.first.at?.microseconds == RecordedJournal.begin)
        let empty = try JournalReader(.directory(directory.path)).seek(.tail)
        #expect(empty.asked == .tail)
    }

    @Test func continuesAfterAnyCursorExactly() throws {
        let source = try journal(RecordedJournal.numbered("a", 6))
        for count in 1...6 {
            let reader = try JournalReader(source)
            try reader.seek(.head)
            let cursor = try #require(try read(reader, max: count).cursor)
            let resumed = try JournalReader(source)
            let start = try resumed.seek(.cursor(cursor))
            #expect(start.found)
            let batch = try read(resumed)
            #expect(batch.entries.map(\.message) == (count..<6).map { "a \($0)" })
            #expect(batch.gaps.isEmpty)
        }
    }

    @Test func filesAreMergedInOrder() throws {
        _ = try journal(RecordedJournal.numbered("a", 3), "a.journal")
        _ = try journal(RecordedJournal.numbered("b", 3, from: RecordedJournal.begin + 500_000), "b.journal")
        #expect(try messages(.directory(directory.path)) == ["a 0", "b 0", "a 1", "b 1", "a 2", "b 2"])
    }

    static let matches: [([String], [String])] = [
        (["U=1"], ["1 x", "1 y"]),
        (["U=1", "U=2"], ["1 x", "1 y", "2 x"]),
        (["U=1", "P=y"], ["1 y"]),
        (["U=1", "P=y", "+", "U=3"], ["1 y", "3 z"]),
        (["U=4"], []),
    ]

    @Test(arguments: matches)
    func matchesCombineAsInJournalctl(matches: [String], expected: [String]) throws {
        let entries = [("1", "x"), ("1", "y"), ("2", "x"), ("3", "z")].enumerated().map { index, pair in
            RecordedJournal.Entry(
                at: RecordedJournal.begin + Int64(index),
                [("MESSAGE", "\(pair.0) \(pair.1)"), ("U", pair.0), ("P", pair.1)])
        }
        let reader = try JournalReader(journal(entries), matches: matches)
        try reader.seek(.head)
        #expect(try read(reader).entries.map(\.message) == expected)
    }

    @Test(arguments: ["nonsense", "=x", "lower=x", ""])
    func wrongMatchesAreRefused(match: String) throws {
        let source = try journal(RecordedJournal.numbered("a", 1))
        let error = #expect(throws: Fault.self) { try JournalReader(source, matches: [match]) }
        #expect(error?.code == "journal.match")
    }

    @Test func wrongCursorsAreRefused() throws {
        let reader = try JournalReader(journal(RecordedJournal.numbered("a", 1)))
        let error = #expect(throws: Fault.self) { try reader.seek(.cursor("nonsense")) }
        #expect(error?.code == "journal.cursor")
    }

    @Test func keepsOnlyTheFieldsAskedFor() throws {
        let source = try journal([
            RecordedJournal.Entry(
                at: RecordedJournal.begin, [("MESSAGE", "m"), ("A", "first"), ("A", "second"), ("PRIORITY", "3")])
        ])
        let reader = try JournalReader(source)
        try reader.seek(.head)
        let entry = try #require(try reader.nextBatch(max: 1, maxBytes: 1, fields: ["A", "ABSENT"]).entries.first)
        #expect(entry.fields == ["A": "first"])
        try reader.seek(.head)
        let all = try #require(try reader.nextBatch(max: 1, maxBytes: 1, fields: nil).entries.first)
        #expect(all.fields["MESSAGE"] == "m" && all.fields["_BOOT_ID"] == RecordedJournal.boot)
        #expect(all.priority == 3 && all.at.microseconds == RecordedJournal.begin && !all.cursor.isEmpty)
    }

    @Test func bytesThatAreNoTextAreReplacedAndLongValuesCut() throws {
        let long = [UInt8](repeating: 97, count: JournalReader.valueMax - 1) + Array("äöü".utf8)
        let noise = (0..<100_000).map { UInt8(truncatingIfNeeded: $0 * $0 / 7 | 1) }
        let source = try journal([
            RecordedJournal.Entry(
                at: RecordedJournal.begin,
                bytes: [("MESSAGE", [104, 105, 0xFF, 10, 0]), ("LONG", long), ("NOISE", noise)])
        ])
        let reader = try JournalReader(source)
        try reader.seek(.head)
        let entry = try #require(try reader.nextBatch(max: 1, maxBytes: 1, fields: nil).entries.first)
        #expect(entry.message == "hi\u{FFFD}\n\0")
        #expect(entry.fields["LONG"] == String(repeating: "a", count: JournalReader.valueMax - 1))
        #expect(entry.fields["__TRUNCATED"]?.split(separator: ",").sorted() == ["LONG", "NOISE"])
    }

    @Test func lagIsTheAgeOfWhatIsStillToCome() throws {
        let reader = try JournalReader(journal(RecordedJournal.numbered("a", 10)))
        try reader.seek(.head)
        #expect(try read(reader, max: 4).lag == .seconds(6))
        #expect(try read(reader).lag == .zero)
    }

    static let suppression = [
        ("MESSAGE", "Suppressed 17 messages from noisy.service"),
        ("MESSAGE_ID", "a596d6fe7bfa4994828e72309e95d61e"), ("N_DROPPED", "17"),
    ]

    @Test func suppressedMessagesAreAGap() throws {
        let entries =
            RecordedJournal.numbered("a", 1)
            + [
                .init(at: RecordedJournal.begin + 1, Self.suppression + [("_TRANSPORT", "driver")]),
                .init(at: RecordedJournal.begin + 2, Self.suppression + [("_TRANSPORT", "syslog")]),
            ]
        let source = try journal(entries)
        for matches in [[], ["MESSAGE=a 0"]] {
            let reader = try JournalReader(source, matches: matches)
            try reader.seek(.head)
            let batch = try read(reader)
            #expect(batch.gaps.map(\.reason) == [.suppressed])
            #expect(batch.gaps.first?.count == 17)
            #expect(batch.gaps.first?.text == "Suppressed 17 messages from noisy.service")
            #expect(batch.gaps.first?.from.at?.microseconds == RecordedJournal.begin)
        }
    }
}
