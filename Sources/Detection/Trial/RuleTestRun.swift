import Model
import Series
import Text

/// One test at work: time begins at the epoch, and the rules are evaluated each `evaluation_interval`.
struct RuleTestRun {
    private let test: RuleTestFile.Test
    private let interval: Duration
    private let isFuzzy: Bool
    /// The groups in the order in which they are evaluated.
    private let order: [Int]
    private var engine: RuleEngine
    private var store = SeriesStore(retention: .seconds(9_000_000_000), memory: ByteSize(bytes: 1 << 30))
    private var series: [Input] = []
    private var logs: ArraySlice<LogEntry>
    private var counts: [Labels: Double] = [:]
    private var failures: [Diagnostic] = []

    private static let evaluationsMax = 200_000

    /// A series of `input_series` that is still to come.
    private struct Input {
        let labels: Labels
        var samples: ArraySlice<Sample>
    }

    init(_ test: RuleTestFile.Test, file: RuleTestFile, rules: RuleSet) {
        self.test = test
        interval = file.interval
        isFuzzy = file.isFuzzy
        engine = RuleEngine(
            rules, interval: file.interval, externalLabels: test.externalLabels, externalURL: test.externalURL)
        let rank = rules.groups.map { file.groupOrder[$0.name] ?? 0 }
        order = rules.groups.indices.sorted { (rank[$0], $0) < (rank[$1], $1) }
        logs = test.logs[...]
    }

    /// Runs the test; every failure with its place, nothing where it passes.
    mutating func run() -> [Diagnostic] {
        readSeries()
        let end = (test.alerts.map(\.at) + test.expressions.map(\.at)).max() ?? .zero
        guard end.milliseconds / max(1, interval.milliseconds) < Self.evaluationsMax else {
            fail(
                test.place,
                "the test needs more than \(Self.evaluationsMax) evaluations; choose a longer evaluation_interval")
            return failures
        }
        guard failures.isEmpty else { return failures }
        let checks = test.alerts.enumerated().sorted { ($0.element.at, $0.offset) < ($1.element.at, $1.offset) }
        var pending = checks.map(\.element)[...]
        var now = Duration.zero
        while now <= end {
            load(until: now)
            observe(until: now)
            guard evaluate(at: now) else { return failures }
            while let check = pending.first, check.at < now + interval {
                observe(until: check.at)
                compare(check)
                pending.removeFirst()
            }
            now += interval
        }
        load(until: end)
        for check in test.expressions { compare(check) }
        return failures
    }

    private mutating func readSeries() {
        for pair in test.series {
            do {
                let notation = try SeriesNotation(labels: pair.series.text ?? "", values: pair.values.text ?? "")
                guard !notation.values.contains(.histogram) else {
                    fail(pair.values.place, "native histograms are not in this version")
                    continue
                }
                let samples = notation.samples(from: 0, every: test.interval)
                series.append(Input(labels: notation.labels, samples: samples[...]))
            } catch {
                fail(pair.series.place, error.message)
            }
        }
    }

    private mutating func load(until time: Duration) {
        for index in series.indices {
            while let sample = series[index].samples.first, sample.milliseconds <= time.milliseconds {
                _ = series[index].samples.popFirst()
                store.append(series[index].labels, sample)
            }
        }
    }

    private mutating func observe(until time: Duration) {
        while let entry = logs.first, entry.at.microseconds <= time.microseconds {
            logs.removeFirst()
            _ = engine.observe(entry)
            counts[Self.countLabels(entry), default: 0] += 1
        }
    }

    /// The series into which the daemon counts entries.
    private static func countLabels(_ entry: LogEntry) -> Labels {
        ["__name__": "journal_entries_total", "unit": entry.unit ?? "", "priority": String(entry.priority)]
    }

    /// False where a rule failed: then the test is over, as with promtool.
    private mutating func evaluate(at time: Duration) -> Bool {
        let now = Timestamp(microseconds: time.microseconds)
        for (labels, count) in counts { store.append(labels, Sample(milliseconds: now.milliseconds, value: count)) }
        for group in order { _ = engine.evaluate(group, at: now, store: &store, journalCaughtUp: true) }
        let broken = engine.health.filter { $0.lastError != nil }
        for rule in broken {
            fail(rule.place, "\(rule.name) at \(time.literal): \(rule.lastError.map(\.description) ?? "")")
        }
        return broken.isEmpty
    }

    private mutating func compare(_ check: RuleTestFile.AlertCheck) {
        let firing = engine.active.filter { $0.state == .firing && $0.name == check.name }
        let got = firing.map { describe($0.labels, $0.annotations) }.sorted()
        let expected = check.expected.map { describe($0.labels, $0.annotations) }.sorted()
        if got != expected { fail(check.place, "\(check.name) at \(check.at.literal)", expected: expected, got: got) }
    }

    private func describe(_ labels: Labels, _ annotations: [String: String]) -> String {
        let notes = Labels(annotations)
        return notes.isEmpty ? "\(labels)" : "\(labels) annotations \(notes)"
    }

    private mutating func compare(_ check: RuleTestFile.ExpressionCheck) {
        let text = check.expression.text ?? ""
        let title = "\(text) at \(check.at.literal)"
        do {
            var expected: [VectorElement] = []
            for sample in check.expected {
                guard let value = sample.value else {
                    throw Fault("test.histogram", "native histograms are not in this version")
                }
                let labels = try SeriesNotation.parseLabels(sample.labels?.text ?? "")
                expected.append(VectorElement(labels: labels, value: value, milliseconds: 0))
            }
            let got = try evaluate(text, at: check)
            if !isSame(expected.sorted(by: Self.precedes), got.sorted(by: Self.precedes)) {
                fail(check.place, title, expected: expected.map(describe).sorted(), got: got.map(describe).sorted())
            }
        } catch let error as Fault {
            fail(check.place, "\(title): \(error)")
        } catch let error as ExpressionError {
            fail(check.expression.place(ofOffset: error.offset), error.message)
        } catch {
            fail(check.place, "\(title): \(error)")
        }
    }

    private func evaluate(_ text: String, at check: RuleTestFile.ExpressionCheck) throws -> [VectorElement] {
        let time = Timestamp(microseconds: check.at.microseconds)
        switch try Expression(parsing: text).evaluate(in: store, at: time, options: EvaluationOptions()) {
        case .vector(let elements): return elements
        case .scalar(let value): return [VectorElement(labels: [:], value: value, milliseconds: 0)]
        case .matrix, .string: throw Fault("test.type", "the expression gives neither a vector nor a number")
        }
    }

    private func isSame(_ expected: [VectorElement], _ got: [VectorElement]) -> Bool {
        expected.elementsEqual(got) { left, right in
            left.labels == right.labels && (isSame(left.value, right.value))
        }
    }

    /// `fuzzy_compare` lets the nearest doubles pass.
    private func isSame(_ left: Double, _ right: Double) -> Bool {
        left == right || (left.isNaN && right.isNaN) || (isFuzzy && (left.nextUp == right || left.nextDown == right))
    }

    private static func precedes(_ left: VectorElement, _ right: VectorElement) -> Bool { left.labels < right.labels }
    private func describe(_ element: VectorElement) -> String { "\(element.labels) \(element.value)" }

    private mutating func fail(_ place: SourcePlace, _ title: String, expected: [String], got: [String]) {
        func list(_ word: String, _ items: [String]) -> String {
            "\n    \(word)" + (items.isEmpty ? "nothing" : items.joined(separator: "\n              "))
        }
        fail(place, title + list("expected  ", expected) + list("got       ", got))
    }

    private mutating func fail(_ place: SourcePlace, _ message: String) {
        let name = test.name.map { "test \"\($0)\": " } ?? ""
        failures.append(Diagnostic(place, name + message))
    }
}
