import Foundation
import Model
import Testing

@testable import Journal

/// journalctl says what journalctl prints.
@Suite struct JournalWriterTests {
    let directory: TemporaryDirectory
    let path: String

    init() throws {
        directory = try TemporaryDirectory()
        path = directory.file("a.journal")
        var entries = RecordedJournal.numbered("a", 3, [("PRIORITY", "6"), ("A", "1"), ("A", "2"), ("A", "3")])
        let odd: [(String, [UInt8])] = [
            ("MESSAGE", Array("\"quoted\" \\ / \t tab\nü € 😀".utf8)), ("BINARY", [255, 0, 1]), ("DELETE", [127]),
            ("CONTROL", Array("\u{85}".utf8)), ("NONE", [0xEF, 0xB7, 0x90]), ("LAST", [0xF0, 0x9F, 0xBF, 0xBF]),
            ("RETURN", [13]), ("CUT", [0xE2, 0x82]), ("LONG", [0xC0, 0xAF]), ("SURROGATE", [0xED, 0xA0, 0x80]),
            ("MIXED", [97]), ("MIXED", [255]), ("BELOW", [UInt8](repeating: 98, count: 4089)),
            ("ABOVE", [UInt8](repeating: 98, count: 4090)),
        ]
        entries.append(.init(at: RecordedJournal.begin + 4_000_000, bytes: odd))
        entries.append(.init(at: RecordedJournal.begin + 5_000_000, [("NO", "message")]))
        entries.append(.init(at: RecordedJournal.begin + 6_000_000, bytes: [("MESSAGE", [104, 0xFF, 1, 105])]))
        try RecordedJournal.write(entries, to: path)
    }

    private func ours(
        _ format: JournalWriter.Format, fields: [String]? = nil, showsAll: Bool = false, until: Timestamp? = nil
    ) throws -> Data {
        let reader = try JournalReader(.files([path]))
        try reader.seek(.head)
        var out = Data()
        var writer = JournalWriter(format, fields: fields, showsAll: showsAll) { bytes in
            out += bytes
            return true
        }
        #expect(try writer.write(reader, until: until).isEmpty)
        return out
    }

    private func theirs(_ arguments: [String]) throws -> Data {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/journalctl")
        process.arguments = ["--file", path, "--quiet"] + arguments
        let pipe = Pipe()
        process.standardOutput = pipe
        try process.run()
        let data = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
        return data
    }

    private func objects(_ data: Data) throws -> [NSDictionary] {
        try data.split(separator: 10).map { try #require(JSONSerialization.jsonObject(with: $0) as? NSDictionary) }
    }

    @Test(arguments: [[], ["MESSAGE"], ["A", "BINARY"], ["ABSENT"]])
    func jsonIsWhatJournalctlPrints(fields: [String]) throws {
        let mine = try objects(ours(.json, fields: fields.isEmpty ? nil : fields))
        let arguments = fields.isEmpty ? [] : ["--output-fields=\(fields.joined(separator: ","))"]
        let expected = try objects(theirs(["-o", "json"] + arguments))
        #expect(mine.count == 6)
        #expect(mine == expected)
    }

    @Test func allShowsLongValuesAsJournalctlDoes() throws {
        #expect(try objects(ours(.json, showsAll: true)) == objects(theirs(["-o", "json", "--all"])))
    }

    @Test func catIsWhatJournalctlPrints() throws {
        let expected = try theirs(["-o", "cat", "--all"])
        #expect(try String(decoding: ours(.cat), as: UTF8.self) == String(decoding: expected, as: UTF8.self))
    }

    @Test func untilEndsBeforeTheFirstLaterEntry() throws {
        let second = Timestamp(microseconds: RecordedJournal.begin + 1_000_000)
        #expect(try ours(.cat, until: second) == Data("a 0\na 1\n".utf8))
    }

    @Test(arguments: [[], ["MESSAGE"], ["PRIORITY", "A", "_BOOT_ID", "ABSENT", "MESSAGE_ID", ""]])
    func theTallyIsTheFoldThatItIsSaidToBe(fields: [String]) throws {
        let reader = try JournalReader(.files([path]))
        try reader.seek(.head)
        let (tally, gaps) = try reader.tally(fields: fields)
        var hash: UInt64 = 14_695_981_039_346_656_037
        for object in try objects(ours(.json, showsAll: true)) {
            let bytes: [UInt8]
            switch object["MESSAGE"] {
            case let text as String: bytes = Array(text.utf8)
            case let numbers as [NSNumber]: bytes = numbers.map(\.uint8Value)
            default: bytes = []
            }
            for byte in bytes { hash = (hash ^ UInt64(byte)) &* 1_099_511_628_211 }
            hash ^= try #require(UInt64(object["__REALTIME_TIMESTAMP"] as? String ?? ""))
        }
        #expect(tally.entries == 6 && tally.hash == hash && gaps.isEmpty)
        #expect(tally.description == "entries=6 hash=\(String(format: "%016lx", hash))")
    }

    @Test func aTallyOfADamagedFileTellsWhatIsMissing() throws {
        var bytes = directory.read("a.journal")
        let entry = try #require(JournalDamageTests.objects(in: bytes).first { bytes[$0] == 3 })
        bytes[entry] = 0
        directory.write(bytes, to: "a.journal")
        let reader = try JournalReader(.files([path]))
        try reader.seek(.head)
        let (tally, gaps) = try reader.tally()
        #expect(tally.entries == 5)
        #expect(gaps.map(\.count) == [1])
    }
}
