import Glibc
import Model
import Testing
import Text

@testable import Delivery

/// Steps on real git and a real sandbox.
@Suite struct RepositoryDeskTests {
    let stage: RepositoryStage

    init() async throws { stage = try await RepositoryStage() }

    @Test func anItemFromCheckoutToCommitEachStepAskedForTwice() async throws {
        let desk = try await stage.desk()
        // What it would do again would fail: it has no sandbox.
        let again = try await stage.desk(sandbox: RepositoryStage.noSandbox)
        var results: [String: JSONValue] = [:]
        for (path, work) in RepositoryStage.way {
            let outcome = await desk.perform(stage.task(path), work)
            let result: JSONValue = try #require(outcome.result, "\(path): \(outcome)")
            results[path] = result
            let record = try stage.repository.folder.read(stage.record)
            #expect(await again.perform(stage.task(path), work) == outcome)
            #expect(try stage.repository.folder.read(stage.record) == record, "\(path) was done twice")
        }
        #expect(results["checkout"]?["revision"]?.string == stage.base.text)
        #expect(results["checkout"]?["branch"]?.string == "nightshift/1a2b3c4d-1")
        #expect(results["put-test"]?["files"] == ["tests/three.sh"])
        #expect(results["put-test"]?["diff"]?.string?.contains("+[ \"$(/bin/sh src/double.sh 3)\" = 6 ]") == true)
        #expect(results["reproduces"]?["new_tests"] == ["three.sh"])
        #expect(results["reproduces"]?["passed"] == 1 && results["reproduces"]?["failed"] == 1)
        #expect(results["put-fix"]?["files"] == ["src/double.sh"] && results["put-fix"]?["lines"] == 2)
        #expect(results["proven"]?["passed"] == 2 && results["proven"]?["failed"] == 0)
        let report = (results["proven"]?["report"]?.array ?? []).compactMap(\.string)
        #expect(report.contains { $0.hasPrefix("reproduces: three.sh failed in 2 of 2 runs") }, "\(report)")
        let commit = try #require(results["commit"]?["commit"]?.string)
        #expect(results["commit"]?["files"] == ["src/double.sh", "tests/three.sh"])
        #expect(try await stage.branch() == ["\(commit) \(stage.base)", "\(stage.base) "])
    }

    @Test func aLaterRoundGoesOnTopAndReplacesTheCommit() async throws {
        let desk = try await stage.desk()
        try await stage.go(desk, through: "commit")
        let first = try await stage.branch()
        let more = RepositoryStage.edits([("src/double.sh", "$1 * 2", "$1 + $1")])
        let put = await desk.perform(stage.task("answer"), .apply(edits: more, as: .fix))
        #expect(put.result?["diff"]?.string?.contains("-echo $(($1 * 2))") == true, "\(put)")
        // What was proven of the change before says nothing of this one.
        let early = await desk.perform(stage.task("early"), .commit(message: "Fix"))
        #expect(early.gate == "tests-pass", "\(early)")
        let proven = await desk.perform(stage.task("still"), .test(expect: .passes, times: 1))
        #expect(proven.result != nil, "\(proven)")
        let second = await desk.perform(stage.task("commit", attempt: 2), .commit(message: "Fix the double"))
        let commit = try #require(second.result?["commit"]?.string, "\(second)")
        #expect(try await stage.branch() == ["\(commit) \(stage.base)", "\(stage.base) "])
        #expect(try await stage.branch() != first)
        #expect(second.result?["diff"]?.string?.contains("-echo $(($1 + 2))") == true)
    }

    @Test func anotherRunStartsAnewAndReplacesWhatWasOffered() async throws {
        let desk = try await stage.desk()
        try await stage.go(desk, through: "commit")
        let before = try await stage.branch()
        let early = await desk.perform(stage.task("put-fix", run: "r2"), .apply(edits: RepositoryStage.fix, as: .fix))
        #expect(early.gate == "repository", "\(early)")
        for (path, work) in RepositoryStage.way {
            let work = if case .commit = work { RepositoryWork.commit(message: "Fix it again") } else { work }
            let outcome = await desk.perform(stage.task(path, run: "r2"), work)
            try #require(outcome.result != nil, "\(path): \(outcome)")
        }
        let after = try await stage.branch()
        #expect(after.count == 2 && after != before)
    }

    @Test func aKilledCommitIsMadeAgain() async throws {
        let desk = try await stage.desk()
        try await stage.go(desk, through: "proven")
        let record = try stage.repository.folder.read(stage.record)
        let (path, work) = RepositoryStage.way[5]
        let outcome = await desk.perform(stage.task(path), work)
        // The branch is there; that it has was never stored, and the files are gone as well.
        try stage.repository.folder.write(record, to: stage.record)
        try await StateFolder.remove(stage.repository.state + "/items")
        let before = try await stage.branch()
        #expect(await desk.perform(stage.task(path), work) == outcome)
        #expect(try await stage.branch() == before)
    }

    @Test func whatTestsPrintedStandsBelowTheGatesSentence() async throws {
        let desk = try await stage.desk()
        try await stage.go(desk, through: "reproduces")
        let wrong = RepositoryStage.edits([("src/double.sh", "$1 + 2", "$1 + 2 + 0")])
        _ = await desk.perform(stage.task("put-fix"), .apply(edits: wrong, as: .fix))
        let outcome = await desk.perform(stage.task("proven"), .test(expect: .passes, times: 1))
        guard case .failed(let text) = outcome else {
            Issue.record("it does not repair anything: \(outcome)")
            return
        }
        let lines = text.split(separator: "\n")
        #expect(lines.first?.hasPrefix("tests-pass: the new test does not pass in run 1 of 1 with the fix") == true)
        #expect(lines.dropFirst().first == "three.sh" && lines.contains("not ok 1 - three.sh"), "\(lines)")
    }

    typealias Trial = (name: String, edits: JSONValue, part: RepositoryWork.Part, gate: String)
    static let trials: [Trial] = [
        ("a fix that touches tests", RepositoryStage.edits([("tests/two.sh", "= 4", "= 5")]), .fix, "tests-kept"),
        ("a way out", RepositoryStage.edits([("../double.sh", "", "0")]), .fix, "paths"),
        ("a test that touches code", RepositoryStage.fix, .test, "paths"),
        ("text that is not there", RepositoryStage.edits([("src/double.sh", "$1 - 2", "0")]), .fix, "apply"),
        ("the same text", RepositoryStage.edits([("src/double.sh", "$1 + 2", "$1 + 2")]), .fix, "no-change"),
        ("the test command", RepositoryStage.edits([("run", "bad=1", "bad=0")]), .fix, "build-files"),
        (
            "a key", RepositoryStage.edits([("src/double.sh", "echo", "key=AKIA\("IOSFODNN7ABCDEFG"); echo")]), .fix,
            "secret"
        ),
        ("no list", "edits", .fix, "schema"), ("no path", [["search": "a", "replace": "b"]], .fix, "schema"),
    ]

    @Test(arguments: trials) func aChangeFailsByItsGatesName(trial: Trial) async throws {
        let desk = try await stage.desk(sandbox: RepositoryStage.noSandbox)
        try await stage.go(desk, through: "checkout")
        let outcome = await desk.perform(stage.task("put"), .apply(edits: trial.edits, as: trial.part))
        #expect(outcome.gate == trial.gate, "\(trial.name): \(outcome)")
        #expect(await desk.perform(stage.task("put"), .apply(edits: RepositoryStage.fix, as: .fix)) == outcome)
        let next = await desk.perform(stage.task("put", attempt: 2), .apply(edits: RepositoryStage.fix, as: .fix))
        #expect(next.result != nil, "another attempt is not held to the first one's end: \(next)")
    }

    @Test func stepsOutOfOrderFailByTheirGate() async throws {
        let desk = try await stage.desk()
        let nothing = await desk.perform(stage.task("a"), .test(expect: .fails, times: 1))
        #expect(nothing.gate == "repository", "\(nothing)")
        try await stage.go(desk, through: "checkout")
        let untested = await desk.perform(stage.task("b"), .test(expect: .fails, times: 1))
        #expect(untested.gate == "reproduces", "\(untested)")
        let passing = RepositoryStage.edits([("tests/one.sh", "", "true\n")])
        #expect(await desk.perform(stage.task("c"), .apply(edits: passing, as: .test)).result != nil)
        let passes = await desk.perform(stage.task("d"), .test(expect: .fails, times: 1))
        #expect(passes.gate == "reproduces", "\(passes)")
        #expect(await desk.perform(stage.task("e"), .apply(edits: RepositoryStage.fix, as: .fix)).result != nil)
        let unshown = await desk.perform(stage.task("f"), .test(expect: .passes, times: 1))
        #expect(unshown.gate == "reproduces", "\(unshown)")
        let unproven = await desk.perform(stage.task("g"), .commit(message: "x"))
        #expect(unproven.gate == "tests-pass", "\(unproven)")
        #expect(try await stage.repository.lines(["branch", "--list", "nightshift/*"]).isEmpty)
    }

    @Test func aFixThatDoesNotHelpAndOneThatDoesTooMuch() async throws {
        let desk = try await stage.desk()
        try await stage.go(desk, through: "reproduces")
        let wrong = RepositoryStage.edits([("src/double.sh", "$1 + 2", "$1 + 2 + 0")])
        #expect(await desk.perform(stage.task("put"), .apply(edits: wrong, as: .fix)).result != nil)
        let fails = await desk.perform(stage.task("test"), .test(expect: .passes, times: 1))
        #expect(fails.gate == "tests-pass", "\(fails)")
        let more = RepositoryStage.edits([
            ("src/double.sh", "$1 + 2 + 0", "$1 * 2"), ("src/words.sh", "no such", "no"),
        ])
        #expect(await desk.perform(stage.task("put", attempt: 2), .apply(edits: more, as: .fix)).result != nil)
        let needless = await desk.perform(stage.task("test", attempt: 2), .test(expect: .passes, times: 1))
        #expect(needless.gate == "needed", "\(needless)")
    }

    @Test func withoutASandboxTestsFailByThatName() async throws {
        let desk = try await stage.desk(sandbox: RepositoryStage.noSandbox)
        try await stage.go(desk, through: "put-test")
        let outcome = await desk.perform(stage.task("reproduces"), .test(expect: .fails, times: 1))
        #expect(outcome == .failed("sandbox: bubblewrap is not installed"))
    }

    @Test func whatCannotBeCheckedOutFailsByRepository() async throws {
        let desk = try await stage.desk(sandbox: RepositoryStage.noSandbox)
        let unknown = await desk.perform(stage.task("checkout", revision: "v9.9"), .checkout)
        #expect(unknown.gate == "repository", "\(unknown)")
        // Nothing was begun, so it can be tried again.
        let known = await desk.perform(stage.task("checkout", revision: stage.base.short), .checkout)
        #expect(known.result?["revision"]?.string == stage.base.text)
        var homeless = stage.task("checkout")
        homeless.project = nil
        #expect(await desk.perform(homeless, .checkout).gate == "repository")
        var strange = stage.task("checkout")
        strange.item = "../x"
        #expect(await desk.perform(strange, .checkout).gate == "repository")
    }

    @Test func whatNobodyAsksForAnyMoreIsRemoved() async throws {
        let desk = try await stage.desk(sandbox: RepositoryStage.noSandbox)
        let shelf = ItemShelf(state: stage.repository.state)
        for (item, days) in [("old-1", 31), ("new-1", 29)] {
            var task = stage.task("checkout")
            task.item = item
            #expect(await desk.perform(task, .checkout).result != nil)
            var record = try #require(try shelf.load(ItemName(item)))
            record.at = record.at - .seconds(days * 86_400)
            try shelf.save(record, of: ItemName(item))
        }
        try stage.repository.folder.write("{", to: "state/records/broken-1.json")
        try await stage.go(desk, through: "checkout")
        let left = try StateFolder.names(stage.repository.state + "/records")
        #expect(left == ["1a2b3c4d-1.json", "broken-1.json", "new-1.json"])
        #expect(!stage.repository.folder.has("state/items/old-1") && stage.repository.folder.has("state/items/new-1"))
    }

    @Test func aCancelledStepIsNoOutcomeAndItsChildrenEnd() async throws {
        let desk = try await stage.desk()
        try await stage.go(desk, through: "put-test")
        let seconds = "62\(getpid())"
        var task = stage.task("reproduces")
        task.project?.test = ["sleep", seconds]
        let hanging = task
        let outcome = await withTaskGroup(of: Outcome.self) { group in
            group.addTask { await desk.perform(hanging, .test(expect: .fails, times: 1)) }
            while sleepers(seconds) == 0 { await Task.yield() }
            group.cancelAll()
            return await group.next()
        }
        #expect(outcome == .cancelled("it was stopped before it ended"))
        #expect(sleepers(seconds) == 0)
        let later = await desk.perform(stage.task("reproduces"), .test(expect: .fails, times: 1))
        #expect(later.result != nil, "\(later)")
    }
}
