import Foundation
import Model
import Testing

@testable import Journal

@Suite struct JournalFilesTests {
    let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    private func scanned() throws -> JournalFiles {
        try RecordedJournal.write(RecordedJournal.numbered("a", 5), to: directory.file("a.journal"))
        var files = JournalFiles(.directory(directory.path))
        #expect(files.scan(readTo: nil, since: nil).isEmpty)
        #expect(files.entries == 5)
        return files
    }

    private func place(second: Int64) -> JournalPlace {
        JournalPlace(cursor: "c", at: Timestamp(microseconds: RecordedJournal.begin + second * 1_000_000))
    }

    @Test func aFileThatVanishedUnreadIsAGap() throws {
        var files = try scanned()
        try FileManager.default.removeItem(atPath: directory.file("a.journal"))
        let gaps = files.scan(readTo: place(second: 2), since: nil)
        #expect(gaps.map(\.reason) == [.vacuumed])
        #expect(gaps.first?.from == place(second: 2))
        #expect(gaps.first?.to.at == place(second: 4).at)
        #expect(files.scan(readTo: place(second: 2), since: nil).isEmpty, "told once")
    }

    @Test func aFileThatVanishedAfterItsEndWasReadIsNone() throws {
        var files = try scanned()
        files.noteEnd(files.count())
        try FileManager.default.removeItem(atPath: directory.file("a.journal"))
        #expect(files.scan(readTo: place(second: 2), since: nil).isEmpty)
    }

    @Test func aFileThatVanishedBehindUsIsNone() throws {
        for (place, since) in [(place(second: 4), nil), (nil, place(second: 9).at)] {
            var files = try scanned()
            try FileManager.default.removeItem(atPath: directory.file("a.journal"))
            #expect(files.scan(readTo: place, since: since).isEmpty)
        }
    }

    @Test func aRenamedFileIsTheSameFile() throws {
        var files = try scanned()
        try FileManager.default.moveItem(atPath: directory.file("a.journal"), toPath: directory.file("b.journal"))
        #expect(files.scan(readTo: place(second: 2), since: nil).isEmpty)
        #expect(files.entries == 5)
    }

    @Test func subdirectoriesOfMachinesAreLookedInto() throws {
        for name in ["0123456789abcdef0123456789abcdef", "other"] {
            try FileManager.default.createDirectory(
                atPath: directory.file(name), withIntermediateDirectories: false)
            try RecordedJournal.write(RecordedJournal.numbered("m", 3), to: directory.file("\(name)/m.journal"))
            var files = JournalFiles(.directory(directory.path))
            #expect(files.scan(readTo: nil, since: nil).isEmpty)
            #expect(files.entries == 3, "only the machine's, not the other")
        }
    }
}
