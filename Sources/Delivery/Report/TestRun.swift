/// What one run of a project's test command showed: which tests ran, by name, and how the command ended.
///
/// Names come from the report alone. What the command prints and how it exits prove nothing by themselves.
public struct TestRun: Sendable, Hashable, Codable {
    public enum Status: String, Sendable, Codable {
        case passed
        /// A check of the test did not hold.
        case failed
        /// The test broke, in its set-up for instance, before its checks spoke.
        case error
        case skipped
    }

    public enum Ending: Sendable, Hashable, Codable, CustomStringConvertible {
        case exit(Int)
        case signal(Int)
        /// Stopped at a bound of the sandbox, told in a few words.
        case limit(String)

        public var description: String {
            switch self {
            case .exit(let code): "exit \(code)"
            case .signal(let number): "signal \(number)"
            case .limit(let text): "stopped: \(text)"
            }
        }
    }

    public var tests: [String: Status]
    public var ending: Ending
    /// Why the report is of no use; `tests` is empty then.
    public var problem: ReportProblem?
    /// The end of what the command printed.
    public var tail: String

    public init(tests: [String: Status], ending: Ending, problem: ReportProblem? = nil, tail: String = "") {
        self.tests = problem == nil ? tests : [:]
        self.ending = ending
        self.problem = problem
        self.tail = tail
    }

    func names(_ status: Status) -> [String] { tests.filter { $0.value == status }.keys.sorted() }
}

/// The report's file as it was found after the command ended; whoever runs the command deletes an old one before.
public enum ReportFile: Sendable, Hashable {
    case missing
    case tooLarge
    case bytes([UInt8])
}

/// Why no test names could be read.
public enum ReportProblem: Sendable, Hashable, Codable {
    case missing, empty, tooLarge
    /// It ends before it is complete.
    case truncated(String)
    /// The tests said that they cannot go on.
    case bailedOut(String)
    case malformed(line: Int, String)

    public var text: String {
        switch self {
        case .missing: "it left no test report"
        case .empty: "its test report names no test"
        case .tooLarge: "its test report is too large"
        case .truncated(let why): "its test report is cut short: \(why)"
        case .bailedOut(let why): why.isEmpty ? "the tests bailed out" : "the tests bailed out: \(why)"
        case .malformed(let line, let why): "its test report is malformed at line \(line): \(why)"
        }
    }
}

extension TestRun {
    /// Reads what a run left: a report's file, or standard output where the settings say `{tap: -}`.
    ///
    /// - Parameter output: all that the command printed to standard output, or its end where it was too much.
    public init(_ kind: Project.Report, file: ReportFile, output: [UInt8], ending: Ending) {
        let tail = Self.tail(of: output)
        do throws(ReportProblem) {
            let tests =
                switch kind {
                case .junit: try JUnitReport.read(try Self.bytes(file))
                case .tap("-"): try TAPReport.read(output)
                case .tap: try TAPReport.read(try Self.bytes(file))
                }
            guard !tests.isEmpty else { throw .empty }
            self.init(tests: tests, ending: ending, tail: tail)
        } catch {
            self.init(tests: [:], ending: ending, problem: error, tail: tail)
        }
    }

    public static let reportBytesMax = 16 << 20
    static let testsMax = 100_000

    private static func bytes(_ file: ReportFile) throws(ReportProblem) -> [UInt8] {
        switch file {
        case .missing: throw .missing
        case .tooLarge: throw .tooLarge
        case .bytes(let bytes):
            guard !bytes.isEmpty else { throw .empty }
            return bytes
        }
    }

    /// The last lines, as text.
    private static func tail(of output: [UInt8]) -> String {
        var end = output.suffix(4096)
        if end.count < output.count, let line = end.firstIndex(of: UInt8(ascii: "\n")) { end = end[(line + 1)...] }
        return String(decoding: end, as: UTF8.self)
    }
}

extension ReportProblem: Error {}

/// Tests by name; a name that comes again gets a number, so that each that ran is counted.
struct TestNames {
    private(set) var tests: [String: TestRun.Status] = [:]
    private var counts: [String: Int] = [:]

    mutating func add(_ name: String, _ status: TestRun.Status) {
        let name = name.prefixed(Self.nameMax)
        var unique = name
        while tests[unique] != nil {
            counts[name, default: 1] += 1
            unique = "\(name) #\(counts[name, default: 1])"
        }
        tests[unique] = status
    }

    var count: Int { tests.count }
    private static let nameMax = 500
}
