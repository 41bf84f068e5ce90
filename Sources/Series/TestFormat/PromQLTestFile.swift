public import Model
import Text

/// Runs files in the format of Prometheus' own PromQL tests.
public enum PromQLTestFile {
    /// A line for each case that failed or was skipped, with its place and why; throws where the file cannot be read.
    ///
    /// Skipped is what this version refuses by name, and what reads native histograms. As in Prometheus, an instant
    /// evaluation must give the same in the middle of a range of steps.
    public static func run(_ text: String, file: String) throws(Diagnostics) -> TestReport {
        var run = TestRun()
        for command in try TestScript(text, file: file).commands { run.perform(command) }
        return run.report
    }
}

private struct TestRun {
    private var store = Self.emptyStore
    /// Series that hold native histograms, which the store does not.
    private var native: [Labels] = []
    private(set) var report = TestReport()

    private static var emptyStore: SeriesStore {
        SeriesStore(retention: .seconds(1 << 40), memory: ByteSize(bytes: 1 << 30))
    }

    mutating func perform(_ command: TestScript.Command) {
        switch command {
        case .clear:
            store = Self.emptyStore
            native = []
        case .load(let step, let series, let withHistograms):
            // Of two definitions of a series in one load the later one counts, as in Prometheus.
            let latest = Dictionary(series.map { ($0.labels, $0) }) { _, later in later }
            native += series.filter { $0.values.contains(.histogram) }.map(\.labels)
            for one in latest.values {
                if withHistograms, let converted = Self.histogram(of: one.labels) { native.append(converted) }
                for sample in one.samples(from: 0, every: step) { store.append(one.labels, sample) }
            }
        case .evaluate(let test): evaluate(test)
        }
    }

    /// The native histogram that a classic one's series is made into as well.
    private static func histogram(of labels: Labels) -> Labels? {
        guard let name = labels["__name__"],
            let suffix = ["_bucket", "_count", "_sum"].first(where: name.hasSuffix)
        else { return nil }
        var converted = labels
        converted["__name__"] = String(name.dropLast(suffix.count))
        converted["le"] = nil
        return converted
    }

    private mutating func evaluate(_ test: TestCase) {
        switch outcome(test) {
        case .passed: report.passed += 1
        case .failed(let why):
            report.failed += 1
            report.lines.append("\(test.place.short): failed: \(test.text): \(why)")
        case .skipped(let why):
            report.skipped += 1
            report.lines.append("\(test.place.short): skipped: \(test.text): \(why)")
        }
    }

    private enum Outcome {
        case passed
        case failed(String)
        case skipped(String)
    }

    private func outcome(_ test: TestCase) -> Outcome {
        let expression: Expression
        do { expression = try Expression(parsing: test.text) } catch {
            if error.isNotInThisVersion { return .skipped(error.message) }
            return test.failure?.fits(error.message) ?? false ? .passed : .failed(error.description)
        }
        let readsNative = expression.selectors.contains { selection in
            native.contains { labels in selection.matchers.allSatisfy { $0.matches(labels) } }
        }
        guard !readsNative, !test.series.contains(where: { $0.values.contains(.histogram) }) else {
            return .skipped("\"native histograms\" is not in this version")
        }
        do {
            let problem = try run(expression, test)
            return problem.map(Outcome.failed) ?? .passed
        } catch {
            guard let failure = test.failure else { return .failed(error.message) }
            return failure.fits(error.message) ? .passed : .failed("failed otherwise: \(error.message)")
        }
    }

    /// What is wrong with the result.
    private func run(_ expression: Expression, _ test: TestCase) throws(Fault) -> String? {
        switch test.time {
        case .range(let from, let through, let step):
            let result = try expression.evaluateRange(
                in: store, from: Self.time(from), through: Self.time(through), step: step)
            if test.failure != nil { return "did not fail" }
            return test.problem(notes: result)
                ?? test.problem(matrix: result.value, from: from, through: through, step: step)
        case .instant(let at):
            let result = try expression.query(in: store, at: Self.time(at))
            if test.failure != nil { return "did not fail" }
            if let problem = test.problem(notes: result) ?? test.problem(instant: result.value) { return problem }
            guard test.string == nil, test.rangeVector == nil, !test.isOrdered else { return nil }
            let range = try expression.evaluateRange(
                in: store, from: Self.time(at - .seconds(60)), through: Self.time(at + .seconds(60)), step: .seconds(60)
            )
            return test.problem(instant: Self.slice(range.value, at: at.milliseconds, of: expression.type))
                .map { "in a range: \($0)" }
        }
    }

    private static func time(_ duration: Duration) -> Timestamp { Timestamp(milliseconds: duration.milliseconds) }

    /// What a range gave at one time.
    private static func slice(_ value: QueryValue, at time: Int64, of type: ValueType) -> QueryValue {
        guard case .matrix(let series) = value else { return value }
        let elements = series.compactMap { one in
            one.samples.first { $0.milliseconds == time }.map {
                VectorElement(labels: one.labels, value: $0.value, milliseconds: time)
            }
        }
        return type == .scalar ? .scalar(elements.first?.value ?? .nan) : .vector(elements)
    }
}
