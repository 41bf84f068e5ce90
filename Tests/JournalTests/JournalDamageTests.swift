import Foundation
import Model
import Testing

@testable import Journal

@Suite struct JournalDamageTests {
    let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    private func readAll(_ source: JournalSource) throws -> JournalBatch {
        let reader = try JournalReader(source)
        try reader.seek(.head)
        return try reader.nextBatch(max: 10_000, maxBytes: 1 << 24, fields: ["MESSAGE"])
    }

    /// Things that are named like a journal and are none, and what is said of them.
    static let impostors: [(name: String, says: String)] = [
        ("garbage", "it is not a journal file, or it is corrupt"),
        ("empty", "it is truncated or empty"),
        ("truncated", "it is truncated or empty"),
        ("headless", "it is not a journal file, or it is corrupt"),
        ("folder", "it is not a regular file"),
    ]

    private func make(_ impostor: String, _ name: String) throws {
        let elsewhere = try TemporaryDirectory()
        try RecordedJournal.write(RecordedJournal.numbered("x", 20), to: elsewhere.file("x.journal"))
        let good = elsewhere.read("x.journal")
        switch impostor {
        case "garbage": directory.write(Array(String(repeating: "no journal at all\n", count: 5000).utf8), to: name)
        case "empty": directory.write([], to: name)
        case "truncated": directory.write(Array(good.prefix(good.count / 4)), to: name)
        case "headless": directory.write([UInt8](repeating: 0, count: 16) + good.dropFirst(16), to: name)
        default:
            try FileManager.default.createDirectory(atPath: directory.file(name), withIntermediateDirectories: true)
        }
    }

    @Test(arguments: impostors)
    func aNamedFileThatIsNoJournalIsAFault(impostor: (name: String, says: String)) throws {
        try make(impostor.name, "bad.journal")
        let path = directory.file("bad.journal")
        let error = #expect(throws: Fault.self) { try JournalReader(.files([path])) }
        #expect(error?.message == "cannot open \(path): \(impostor.says)")
    }

    @Test(arguments: impostors)
    func inADirectoryItIsSkippedWithAGap(impostor: (name: String, says: String)) throws {
        try RecordedJournal.write(RecordedJournal.numbered("a", 3), to: directory.file("good.journal"))
        try make(impostor.name, "bad.journal")
        let batch = try readAll(.directory(directory.path))
        #expect(batch.entries.map(\.message) == ["a 0", "a 1", "a 2"])
        #expect(batch.gaps.map(\.reason) == [.unreadable])
        #expect(batch.gaps.first?.text == "\(directory.file("bad.journal")) is skipped: \(impostor.says)")
    }

    @Test func amongNamedFilesItIsSkippedWithAGap() throws {
        try RecordedJournal.write(RecordedJournal.numbered("a", 3), to: directory.file("good.journal"))
        try make("truncated", "bad.journal")
        let batch = try readAll(.files(["bad.journal", "good.journal"].map(directory.file)))
        #expect(batch.entries.count == 3 && batch.gaps.map(\.reason) == [.unreadable])
    }

    @Test func missingPathsAreFaults() {
        for source in [
            JournalSource.files(["/nonexistent/a.journal"]), .directory("/nonexistent"), .files([]),
        ] {
            #expect(throws: Fault.self) { try JournalReader(source) }
        }
    }

    @Test func anEmptyDirectoryHasNoEntriesAndNoGaps() throws {
        let batch = try readAll(.directory(directory.path))
        #expect(batch.entries.isEmpty && batch.gaps.isEmpty && batch.isAtEnd && batch.cursor == nil)
    }

    @Test func damagedEntriesAreCountedAndTheRestIsRead() throws {
        try RecordedJournal.write(RecordedJournal.numbered("a", 20), to: directory.file("a.journal"))
        var bytes = directory.read("a.journal")
        let entries = Self.objects(in: bytes).filter { bytes[$0] == 3 }
        #expect(entries.count == 20)
        for entry in entries[5..<8] { bytes[entry] = 0 }
        directory.write(bytes, to: "a.journal")
        let batch = try readAll(.files([directory.file("a.journal")]))
        #expect(batch.entries.map(\.message) == (Array(0..<5) + Array(8..<20)).map { "a \($0)" })
        #expect(batch.gaps.map(\.reason) == [.damaged])
        #expect(batch.gaps.first?.count == 3)
    }

    /// Where the objects of a journal file begin, after systemd's documented file format.
    static func objects(in bytes: [UInt8]) -> [Int] {
        func number(at offset: Int) -> Int {
            bytes[offset..<offset + 8].reversed().reduce(0) { $0 << 8 | Int($1) }
        }
        var places: [Int] = []
        var place = number(at: 88)
        let last = number(at: 136)
        while place <= last {
            places.append(place)
            place += (number(at: place + 8) + 7) / 8 * 8
        }
        return places
    }

    @Test func absurdHeadersDoNotOverflow() throws {
        for name in ["a.journal", "b.journal"] {
            try RecordedJournal.write(RecordedJournal.numbered(name, 3), to: directory.file(name))
            var bytes = directory.read(name)
            // The number of entries, and the time of the newest.
            for offset in [152, 192] {
                bytes.replaceSubrange(offset..<offset + 8, with: [UInt8](repeating: 0xFF, count: 8))
            }
            directory.write(bytes, to: name)
        }
        let reader = try JournalReader(.directory(directory.path))
        try reader.seek(.head)
        #expect(try reader.nextBatch(max: 1, maxBytes: 1 << 20, fields: nil).lag > .zero)
        let rest = try reader.nextBatch(max: 100, maxBytes: 1 << 20, fields: nil)
        #expect(rest.entries.count <= 5 && rest.gaps.map(\.reason) == [.damaged])
    }

    private static let fifty = Result {
        let directory = try TemporaryDirectory()
        try RecordedJournal.write(RecordedJournal.numbered("a", 50), to: directory.file("a.journal"))
        return directory.read("a.journal")
    }

    /// Whatever is in a file: it is read or refused, in bounded time, and every entry that is missing is counted.
    @Test(arguments: 0..<20)
    func anyCorruptionIsSurvived(seed: Int) throws {
        let good = try Self.fifty.get()
        let places = Self.objects(in: good)
        var random = SplitMix(state: UInt64(seed))
        for round in 0..<10 {
            var bytes = good
            let start: Int
            switch round % 3 {
            case 0: start = Int(random.next() % 256)
            case 1: start = places[Int(random.next() % UInt64(places.count))] + Int(random.next() % 64)
            default: start = places[places.count - 1 - Int(random.next() % 100)]
            }
            let length = round % 2 == 0 ? 1 : Int(random.next() % 300)
            for index in start..<min(start + length, bytes.count) { bytes[index] = UInt8(random.next() & 255) }
            directory.write(bytes, to: "b.journal")
            do throws(any Error) {
                let batch = try readAll(.files([directory.file("b.journal")]))
                #expect(batch.entries.count <= 50)
                let header = try #require(Descriptor(directory.file("b.journal")).flatMap { JournalFileHeader($0) })
                let missing = batch.gaps.filter { $0.reason == .damaged }.reduce(0) { $0 + ($1.count ?? 0) }
                #expect(batch.entries.count + missing >= Int(clamping: header.entries))
            } catch let fault as Fault {
                #expect(fault.message.hasPrefix("cannot "))
            }
        }
    }
}

struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed >> 31
    }
}
