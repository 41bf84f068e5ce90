import Delivery
import Synchronization

/// A project whose tests are lines of its test files; how each ends follows from the tree alone, or from the run's number.
///
///     test NAME needs WORD         passes where a file below src has the word
///     test NAME skip | error | flips | fails | passes
///
/// In a source file the lines `exit early`, `broken`, `crash`, `lint`, `hide NAME`, `forge` and `hang` do what they
/// say; a test file that begins with `)]}` cannot be read.
final class SimulatedBench: TestBench {
    let base: [String: String]
    private let runs = Mutex(0)

    init(_ base: [String: String]) { self.base = base }

    var count: Int { runs.withLock { $0 } }

    func run(_ change: Change) async throws(GateFailure) -> TestRun {
        let number = runs.withLock { count in
            count += 1
            return count
        }
        var files = base
        for file in change.files {
            guard files[file.path] == file.before else {
                throw GateFailure(.repository, "\(file.path) is not what the change was made from")
            }
            files[file.path] = file.after
        }
        let source = files.filter { $0.key.hasPrefix("src/") }.sorted { $0.key < $1.key }.map(\.value).joined()
        let lines = source.split(separator: "\n").map(String.init)
        if lines.contains("exit early") {
            return TestRun(tests: [:], ending: .exit(0), problem: .missing, tail: "12 tests PASSED\n")
        }
        if lines.contains("hang") {
            return TestRun(tests: [:], ending: .limit("10 minutes of wall time"), problem: .missing)
        }
        var tests: [String: TestRun.Status] = [:]
        for (path, text) in files where path.hasPrefix("tests/") {
            if text.hasPrefix(")]}"), !lines.contains("forge") {
                tests[path] = .error
                continue
            }
            for line in text.split(separator: "\n") {
                let words = line.split(separator: " ").map(String.init)
                if words == ["broken"] {
                    return TestRun(tests: ["collection": .error], ending: .exit(2), tail: "SyntaxError\n")
                }
                guard words.count >= 3, words[0] == "test", !lines.contains("hide \(words[1])") else { continue }
                tests[words[1]] = lines.contains("forge") ? .passed : Self.status(words, source, number)
            }
        }
        if lines.contains("broken") {
            return TestRun(tests: [:], ending: .exit(2), problem: .empty, tail: "SyntaxError\n")
        }
        let isGood = tests.values.allSatisfy { $0 == .passed || $0 == .skipped } && !lines.contains("lint")
        let ending = lines.contains("crash") ? TestRun.Ending.signal(11) : .exit(isGood ? 0 : 1)
        if lines.contains("forge") { return TestRun(tests: tests, ending: .exit(0)) }
        return TestRun(tests: tests, ending: ending, tail: "\(tests.count) tests\n")
    }

    private static func status(_ words: [String], _ source: String, _ number: Int) -> TestRun.Status {
        switch words[2] {
        case "needs": source.split { $0 == "\n" || $0 == " " }.contains(Substring(words[3])) ? .passed : .failed
        case "skip": .skipped
        case "error": .error
        case "fails": .failed
        case "flips": number.isMultiple(of: 2) ? .passed : .failed
        default: .passed
        }
    }
}

/// The little bank that the tests of the gates repair.
enum Bank {
    static let source = "def pay\n    take\n    give\nend\n\ndef get\n    read\nend\n\ndef list\n    all\nend\n"
    static let tests = "test pays needs give\ntest reads needs read\ntest lists needs all\n"
    static let base = ["src/bank.py": source, "tests/bank.t": tests]

    static func bench(_ more: [String: String] = [:]) -> SimulatedBench {
        SimulatedBench(base.merging(more) { $1 })
    }

    static func change(_ path: String, _ search: String, _ replace: String, in base: [String: String] = base) -> Change
    {
        let before = base[path] ?? ""
        return Change([FileChange(path: path, before: before, after: before.replacing(search, with: replace))])
    }

    /// A test of the missing lock.
    static let newTest = Change([
        FileChange(path: "tests/bank.t", before: tests, after: tests + "test races needs lock\n")
    ])
    static let fix = change("src/bank.py", "    take\n", "    lock\n    take\n")

    static func gates(_ bench: SimulatedBench, _ tests: Change = newTest) -> FixGates<SimulatedBench> {
        FixGates(bench, tests: tests)
    }
}
