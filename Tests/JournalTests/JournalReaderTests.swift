import Model
import Testing

@testable import Journal

@Suite struct JournalReaderTests {
    let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    private func read(
        _ reader: JournalReader, max entriesMax: Int = 1000, fields: Set<String>? = ["MESSAGE"]
    ) throws -> JournalBatch {
        try reader.nextBatch(max: entriesMax, maxBytes: 1 << 20, fields: fields)
    }

    @Test func readsFromTheHeadInBoundedBatches() throws {
        try RecordedJournal.write(RecordedJournal.numbered("a", 10), to: directory.file("a.journal"))
        let reader = try JournalReader(.files([directory.file("a.journal")]))
        try reader.seek(.head)
        var messages: [[String]] = []
        while true {
            let batch = try read(reader, max: 4)
            messages.append(batch.entries.map(\.message))
            if batch.isAtEnd { break }
        }
        #expect(messages == [["a 0", "a 1", "a 2", "a 3"], ["a 4", "a 5", "a 6", "a 7"], ["a 8", "a 9"]])
    }
}
