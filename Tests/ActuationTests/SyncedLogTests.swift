import Model
import Runbooks
import Testing

@testable import Actuation

@Suite struct SyncedLogTests {
    private let stamp = Stamp(wall: Timestamp(seconds: 1), bootID: "b", sinceBoot: .seconds(1))

    private func records(_ directory: Directory) throws -> [NumberedRecord] {
        var records: [NumberedRecord] = []
        _ = try SyncedLog.open(directory: directory.path) { records.append($0) }
        return records
    }

    private func written(_ count: Int) throws -> Directory {
        let directory = try Directory()
        let log = try SyncedLog.open(directory: directory.path) { _ in }
        for number in 1...count { #expect(try log.append(.halted(why: "\(number)"), at: stamp) == number) }
        return directory
    }

    @Test func whatWasWrittenIsReadAgain() throws {
        let directory = try Directory()
        let key = EffectKey(run: "r", path: "a/b", attempt: 1)
        let order = Order(run: "r", runbook: "x", digest: "d", parameters: .init(["u": "v.service", "n": 5]))
        let before = Action.Before(invocation: "i", activeState: "active")
        let action = Action(
            kind: .systemd(verb: .resetFailed, unit: "v.service", before: before), target: "t", boot: "b", summary: "s")
        let all: [Record] = [
            .proposed(order: order), .approved(run: "r", planHash: "h", by: ada),
            .rejected(run: "r", by: ada, why: "é\n"),
            .started(key: key, order: order, action: action), .cancelled(key: key),
            .ended(key: key, outcome: .done(["exit": 0])), .void(key: key), .collected(key: key), .halted(why: "w"),
            .resumed(by: root),
        ]
        do {
            let log = try SyncedLog.open(directory: directory.path) { _ in }
            for record in all { _ = try log.append(record, at: stamp) }
        }
        let read = try records(directory)
        #expect(read.map(\.record) == all)
        #expect(read.map(\.number) == Array(1...all.count))
        #expect(read.allSatisfy { $0.at == stamp })
    }

    /// Cut anywhere in its last line, the log loses that line, and numbers go on where they were.
    @Test func aTornLastLineIsCutOff() throws {
        let whole = try written(3).read("actions.log")
        let lines = whole.split(separator: "\n")
        let start = lines[0].utf8.count + lines[1].utf8.count + 2
        for length in start..<whole.utf8.count {
            let directory = try Directory()
            try directory.write("actions.log", String(decoding: whole.utf8.prefix(length), as: UTF8.self))
            #expect(try records(directory).map(\.number) == [1, 2])
            let log = try SyncedLog.open(directory: directory.path) { _ in }
            #expect(try log.append(.halted(why: "next"), at: stamp) == 3)
            #expect(try directory.read("actions.log").split(separator: "\n").count == 3)
        }
    }

    @Test func aDamagedLastLineIsCutOff() throws {
        let directory = try written(2)
        try directory.write(
            "actions.log", try directory.read("actions.log").replacing("\"why\":\"2\"", with: "\"why\":\"3\""))
        #expect(try records(directory).map(\.number) == [1])
    }

    @Test(arguments: ["\"why\":\"1\"", "\"number\":1", "{\"sum\""])
    func damageBeforeTheEndIsAFault(part: String) throws {
        let directory = try written(3)
        let text = try directory.read("actions.log")
        let first = try #require(text.firstRange(of: part))
        try directory.write("actions.log", text.replacingCharacters(first, with: "\"why\":\"9\""))
        let fault = #expect(throws: Fault.self) { try records(directory) }
        #expect(fault?.code == "executor.log")
        #expect(fault?.message.contains("line 1") == true)
    }

    @Test func twoExecutorsNeverShareALog() throws {
        let directory = try Directory()
        let first = try SyncedLog.open(directory: directory.path) { _ in }
        let fault = #expect(throws: Fault.self) { try SyncedLog.open(directory: directory.path) { _ in } }
        #expect(fault?.code == "executor.locked")
        #expect(try first.append(.halted(why: ""), at: stamp) == 1)
    }

    @Test func rewritingKeepsNumbersAndTheLock() throws {
        let directory = try Directory()
        var kept: [NumberedRecord] = []
        let log = try SyncedLog.open(directory: directory.path) { _ in }
        for number in 1...3 {
            _ = try log.append(.halted(why: "\(number)"), at: stamp)
            if number != 2 { kept.append(NumberedRecord(number: number, at: stamp, record: .halted(why: "\(number)"))) }
        }
        try log.rewrite(kept, directory: directory.path)
        #expect(throws: Fault.self) { try records(directory) }
        #expect(try log.append(.halted(why: "4"), at: stamp) == 4)
        #expect(try directory.read("actions.log").split(separator: "\n").count == 3)
    }

    @Test func retentionKeepsWhatIsRecentOrOpen() {
        func order(_ run: String) -> Order { Order(run: run, runbook: "x", digest: "d", parameters: .init()) }
        func key(_ run: String) -> EffectKey { EffectKey(run: run, path: "s", attempt: 1) }
        let action = Action(kind: .run(unit: "u"), target: "t", boot: "b", summary: "s")
        func at(_ days: Int) -> Stamp {
            Stamp(wall: stamp.wall, bootID: "b", sinceBoot: .seconds(86_400 * days))
        }
        let records: [(Int, Record)] = [
            (0, .halted(why: "old")), (0, .started(key: key("old"), order: order("old"), action: action)),
            (0, .ended(key: key("old"), outcome: .timedOut)),
            (0, .started(key: key("open"), order: order("open"), action: action)), (1, .resumed(by: ada)),
            (30, .proposed(order: order("asked"))), (40, .void(key: key("fresh"))),
            (20, .started(key: key("recent"), order: order("recent"), action: action)),
            (21, .ended(key: key("recent"), outcome: .timedOut)),
        ]
        let entries = records.enumerated().map { NumberedRecord(number: $0 + 1, at: at($1.0), record: $1.1) }
        let kept = Retention.kept(entries, now: at(40))
        #expect(kept.map(\.number) == [4, 5, 7, 8, 9])
    }
}

extension String {
    fileprivate func replacingCharacters(_ range: Range<String.Index>, with text: String) -> String {
        self[..<range.lowerBound] + text + self[range.upperBound...]
    }
}
