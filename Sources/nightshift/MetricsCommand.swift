import ArgumentParser
import Glibc
import Model
import Series

struct MetricsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "metrics", abstract: "Metrics by themselves: read, ask, test.",
        subcommands: [MetricsParseCommand.self, MetricsQueryCommand.self, MetricsTestCommand.self])
}

struct MetricsParseCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "parse", abstract: "Reads an exposition and counts what it holds.",
        discussion: """
            Prints samples=N series=N sum=X; the sum is over the finite values. A file that ends with # EOF is read as \
            OpenMetrics, any other as Prometheus' text format.
            """)

    @Argument(help: "The file. Without it: standard input.") var file: String?

    func run() async throws {
        let body = try MetricsInput.bytes(file)
        let summary = try body.withUnsafeBytes { body in
            try ExpositionSummary(of: body, format: .init(guessing: body), limits: MetricsInput.limits)
        }
        Terminal.say(summary.description)
    }
}

struct MetricsQueryCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "query", abstract: "Evaluates PromQL and prints the JSON of Prometheus' /api/v1/query.",
        discussion: """
            Over the daemon's series, or over FILE: an exposition with timestamps (OpenMetrics where it ends with # EOF). An \
            expression that fails is an answer, too, with "status":"error".
            """)

    @OptionGroup var connection: Connection
    @Option(help: "The time: RFC 3339 or Unix seconds. Without it, and without --input: now.") var at: String?
    @Option(help: "An exposition to read instead of asking the daemon.") var input: String?
    @Argument(help: "The expression.") var expression: String

    func validate() throws {
        if let at, Timestamp(parsing: at) == nil {
            throw ValidationError("--at \"\(at)\" is neither RFC 3339, such as 2026-11-24T03:12:07Z, nor Unix seconds.")
        }
        if input != nil, at == nil { throw ValidationError("With --input, --at must say the time.") }
    }

    func run() async throws {
        let time = at.flatMap(Timestamp.init(parsing:))
        guard let input, let time else {
            Terminal.say(try await connection.client.query(expression, at: time))
            return
        }
        let body = try MetricsInput.bytes(input)
        let store = try body.withUnsafeBytes { body in
            try SeriesStore(recorded: body, format: .init(guessing: body), at: time, limits: MetricsInput.limits)
        }
        Terminal.say(answer(store, at: time))
    }

    private func answer(_ store: SeriesStore, at time: Timestamp) -> String {
        do {
            let parsed = try Expression(parsing: expression)
            return try parsed.query(in: store, at: time, options: EvaluationOptions(samplesMax: 50_000_000))
                .json(at: time)
        } catch let error as ExpressionError {
            return QueryResult.errorJSON(type: "bad_data", error.description)
        } catch {
            return QueryResult.errorJSON(type: "execution", "\(error)")
        }
    }
}

struct MetricsTestCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "test", abstract: "Runs files in the format of Prometheus' own PromQL tests.",
        discussion: """
            Prints a line for each case that failed, and for each that this version does not have with the reason; then \
            N passed, N failed, N skipped. Exits 1 where a case failed or none was found.
            """)

    @Argument(help: "The test files.") var files: [String]

    func run() async throws {
        var report = TestReport()
        for file in files {
            let text = String(decoding: try MetricsInput.bytes(file), as: UTF8.self)
            report += try PromQLTestFile.run(text, file: file)
        }
        for line in report.lines { Terminal.say(line) }
        Terminal.say("\(report.passed) passed, \(report.failed) failed, \(report.skipped) skipped")
        guard report.failed == 0, report.passed + report.skipped > 0 else { throw ExitCode(1) }
    }
}

enum MetricsInput {
    /// A person's file may be larger than what a target may send.
    static let limits = Exposition.Limits(
        bodyBytesMax: 2 << 30, lineBytesMax: 16 << 20, samplesMax: .max, labelsMax: 1000)

    /// A file's bytes, or standard input's.
    static func bytes(_ path: String?) throws(Fault) -> [UInt8] {
        let descriptor = path.map { open($0, O_RDONLY | O_CLOEXEC) } ?? STDIN_FILENO
        let name = path ?? "standard input"
        guard descriptor >= 0 else { throw unreadable(name) }
        defer { if path != nil { close(descriptor) } }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = read(descriptor, &chunk, chunk.count)
            if count < 0 && errno == EINTR { continue }
            guard count >= 0 else { throw unreadable(name) }
            guard count > 0 else { return bytes }
            bytes.append(contentsOf: chunk[..<count])
        }
    }

    private static func unreadable(_ name: String) -> Fault {
        Fault("file.unreadable", "\(name) cannot be read: \(String(cString: strerror(errno)))")
    }
}
