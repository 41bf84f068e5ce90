import Model
import Testing
import Text

@testable import Series

@Suite struct EvaluationTests {
    /// A store of series in the notation of Prometheus' tests, a sample each 15 seconds from 0 on.
    static func store(_ lines: String...) throws(Fault) -> SeriesStore {
        var store = SeriesStore(retention: .seconds(86_400), memory: ByteSize(bytes: 1 << 24))
        for line in lines {
            let series = try SeriesNotation(parsing: line)
            for sample in series.samples(from: 0, every: .seconds(15)) { store.append(series.labels, sample) }
        }
        return store
    }

    static func evaluate(
        _ text: String, _ store: SeriesStore, at seconds: Double = 300, _ options: EvaluationOptions = .init()
    ) throws -> [String] {
        let value = try Expression(parsing: text).evaluate(in: store, at: Timestamp(seconds: seconds), options: options)
        switch value {
        case .scalar(let number): return [NumberText.json(number)]
        case .string(let text): return [text]
        case .vector(let elements): return elements.map { "\($0.labels) \(NumberText.json($0.value))" }.sorted()
        case .matrix(let series): return series.map { "\($0.labels) \($0.samples.map(\.value))" }
        }
    }

    /// Ground that Prometheus' own files do not cover; those run apart.
    @Test(arguments: [
        ("a", ["{__name__=\"a\", x=\"1\"} 20", "{__name__=\"a\", x=\"2\"} 40"]),
        ("a offset -15s", ["{__name__=\"a\", x=\"1\"} 21", "{__name__=\"a\", x=\"2\"} 42"]),
        ("a @ 30", ["{__name__=\"a\", x=\"1\"} 2", "{__name__=\"a\", x=\"2\"} 4"]),
        ("a @ start() offset 15s", ["{__name__=\"a\", x=\"1\"} 19", "{__name__=\"a\", x=\"2\"} 38"]),
        ("a{x=\"1\"}[45s]", ["{__name__=\"a\", x=\"1\"} [18.0, 19.0, 20.0]"]),
        ("a{x=\"1\"}[46s]", ["{__name__=\"a\", x=\"1\"} [17.0, 18.0, 19.0, 20.0]"]),
        ("max_over_time(a[1m:15s])", ["{x=\"1\"} 20", "{x=\"2\"} 40"]),
        ("sum_over_time(scalar(a{x=\"1\"})[1m:15s])", []),
        ("ended", []), ("last_over_time(ended[5m])", ["{__name__=\"ended\"} 3"]),
        ("a > 30", ["{__name__=\"a\", x=\"2\"} 40"]), ("30 < a", ["{__name__=\"a\", x=\"2\"} 40"]),
        ("a > on(x) b", ["{x=\"2\"} 40"]), ("a > bool on(x) b", ["{x=\"1\"} 0", "{x=\"2\"} 1"]),
        ("b < on(x) group_left a", ["{__name__=\"b\", x=\"2\", y=\"n\"} 30"]),
        ("a * on(x) group_right(z) b", ["{x=\"1\", y=\"m\"} 600", "{x=\"2\", y=\"n\"} 1200"]),
        (
            "b or on(y) a",
            [
                "{__name__=\"a\", x=\"1\"} 20", "{__name__=\"a\", x=\"2\"} 40",
                "{__name__=\"b\", x=\"1\", y=\"m\"} 30", "{__name__=\"b\", x=\"2\", y=\"n\"} 30",
            ]
        ),
        ("sum by (__name__) ({__name__=~\"a|b\"})", ["{__name__=\"a\"} 60", "{__name__=\"b\"} 60"]),
        ("count without (x) (b)", ["{y=\"m\"} 1", "{y=\"n\"} 1"]),
        ("absent(c{x=\"1\", y=~\"2\"})", ["{x=\"1\"} 1"]), ("absent(a)", []),
        ("scalar(a)", ["NaN"]), ("scalar(a{x=\"1\"}) ^ 2 % 7", ["1"]), ("-a{x=\"1\"} ^ 2", ["{x=\"1\"} -400"]),
        ("timestamp(a{x=\"1\"} offset 7s)", ["{x=\"1\"} 285"]), ("time() - 0x10", ["284"]),
        ("label_replace(a, \"y\", \"<$1${1}>\", \"x\", \"(.)\") == 20", ["{__name__=\"a\", x=\"1\", y=\"<11>\"} 20"]),
        ("count_values(\"v\", a * 0.1)", ["{v=\"2\"} 1", "{v=\"4\"} 1"]),
        (
            "label_replace(rate(a{x=\"1\"}[1m]), \"n\", \"$1\", \"__name__\", \"(.*)\") > bool 9",
            ["{n=\"a\", x=\"1\"} 0"]
        ),
        ("sum by (x) (last_over_time({x=\"1\"}[1m]) * 2)", ["{x=\"1\"} 100"]),
        ("sum by (__name__) (-a)", ["{} -60"]), ("max_over_time(abs(a{x=\"1\"})[1m:15s])", ["{x=\"1\"} 20"]),
        ("quantile(0.5, a)", ["{} 30"]), ("round(a{x=\"1\"} / 3, 0.5)", ["{x=\"1\"} 6.5"]),
        ("histogram_quantile(0.75, h_bucket)", ["{} 1.5"]), ("histogram_fraction(1, 2, h_bucket)", ["{} 0.5"]),
        ("rate(a{x=\"1\"}[1m])", ["{x=\"1\"} 0.06666666666666665"]), ("delta(gauge[1m])", ["{} -4"]),
    ]) func expressionsGive(_ text: String, _ expected: [String]) throws {
        let store = try Self.store(
            "a{x=\"1\"} 0+1x30", "a{x=\"2\"} 0+2x30", "b{x=\"1\",y=\"m\"} 30x30", "b{x=\"2\",y=\"n\"} 30x30",
            "ended 1 2 _x15 3 stale", "gauge 100-1x30", "h_bucket{le=\"1\"} 2x30", "h_bucket{le=\"2.0\"} 4x30",
            "h_bucket{le=\"+Inf\"} 4x30")
        if text.contains("scalar(a{x=\"1\"})[") {
            #expect(throws: ExpressionError.self) { try Expression(parsing: text) }
        } else {
            #expect(try Self.evaluate(text, store) == expected.sorted())
        }
    }

    @Test(arguments: [
        ("-{x=\"1\"}", "vector cannot contain metrics with the same labelset"),
        ("rate({x=\"1\"}[1m])", "vector cannot contain metrics with the same labelset"),
        ("label_replace(a, \"x\", \"\", \"\", \"\")", "vector cannot contain metrics with the same labelset"),
        (
            "label_replace(a, \"x\", \"\", \"x\", \"(\")",
            "invalid regular expression in label_replace(): pattern \"(\" is not valid: missing ) at \"(\""
        ),
        (
            "a + on() b",
            "found duplicate series for the match group {} on the right hand-side of the operation: "
                + "[{__name__=\"b\", x=\"1\"}, {__name__=\"b\", x=\"2\"}];many-to-many matching not allowed: "
                + "matching labels must be unique on one side"
        ),
        (
            "a + on() group_right b",
            "found duplicate series for the match group {} on the left hand-side of the operation: "
                + "[{__name__=\"a\", x=\"1\"}, {__name__=\"a\", x=\"2\"}];many-to-many matching not allowed: "
                + "matching labels must be unique on one side"
        ),
        (
            "a + on() b{x=\"1\"}",
            "multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)"
        ),
        (
            "a + on() group_left(x) b{x=\"1\"}",
            "multiple matches for labels: grouping labels must ensure unique matches"
        ),
        ("topk(NaN, a)", "Parameter value is NaN"),
        ("double_exponential_smoothing(a[1m], 1, 0.5)", "the smoothing factor must lie between 0 and 1, not 1"),
        ("sum_over_time(a[100d:1s])", "a subquery has more than the 11000 steps allowed"),
    ]) func evaluationsFail(_ text: String, _ message: String) throws {
        let store = try Self.store("a{x=\"1\"} 1x30", "a{x=\"2\"} 1x30", "b{x=\"1\"} 1x30", "b{x=\"2\"} 1x30")
        let error = #expect(throws: Fault.self) { try Self.evaluate(text, store) }
        #expect(error?.message == message)
    }

    @Test func theLookbackIsOpenOnTheLeft() throws {
        let store = try Self.store("a 1")
        #expect(try Self.evaluate("a", store, at: 299.999).count == 1)
        #expect(try Self.evaluate("a", store, at: 300).isEmpty)
        #expect(try Self.evaluate("a", store, at: 30, EvaluationOptions(lookback: .seconds(30))).isEmpty)
        #expect(try Self.evaluate("count_over_time(a[30s])", store, at: 30).isEmpty)
        #expect(try Self.evaluate("count_over_time(a[30s])", store, at: 29.999).count == 1)
    }

    @Test func whatIsTooLargeIsRefusedBeforeItIsRead() throws {
        let store = try Self.store("a 1x1000")
        let options = EvaluationOptions(samplesMax: 100)
        let error = #expect(throws: Fault.self) {
            try Self.evaluate("sum_over_time(a[5h])", store, at: 15_000, options)
        }
        #expect(error?.message == "the expression needs more than the 100 samples allowed")
        #expect(try Self.evaluate("sum_over_time(a[20m])", store, at: 15_000, options) == ["{} 80"])
        #expect(throws: Fault.self) { try Self.evaluate("sum_over_time(vector(1)[1h:1s])", store, at: 15_000, options) }
    }

    @Test func aRangeOfTimesIsEvaluatedStepByStep() throws {
        let store = try Self.store("a{x=\"1\"} 0+1x10", "a{x=\"2\"} _x4 7 _ 8 stale")
        func range(_ text: String) throws -> QueryResult {
            try Expression(parsing: text).evaluateRange(
                in: store, from: Timestamp(seconds: 0), through: Timestamp(seconds: 120), step: .seconds(30))
        }
        guard case .matrix(let series) = try range("a * 2").value else { throw Fault("test", "no matrix") }
        #expect(series.map(\.labels) == [["x": "1"], ["x": "2"]])
        #expect(series[0].samples.map(\.value) == [0, 4, 8, 12, 16])
        #expect(series[1].samples.map(\.milliseconds) == [60_000, 90_000])
        #expect(
            try range("time()").value
                == .matrix([
                    SelectedSeries(
                        labels: [:], samples: (0...4).map { Sample(milliseconds: $0 * 30_000, value: Double($0 * 30)) })
                ]))
        #expect(
            try range("sort(a)").warnings == [
                "PromQL warning: sort is ineffective for range queries since results are always ordered by labels (1:1)"
            ])
        #expect(throws: Fault.self) { try range("a[1m]") }
    }

    @Test func peopleAreWarned() throws {
        let store = try Self.store("gauge 1x30", "h{le=\"x\"} 1x30")
        func notes(_ text: String) throws -> [String] {
            let result = try Expression(parsing: text).query(in: store, at: Timestamp(seconds: 300))
            return result.warnings + result.infos
        }
        #expect(
            try notes("sum(\n  rate(gauge[1m]))") == [
                "PromQL info: metric might not be a counter, name does not end in "
                    + "_total/_sum/_count/_bucket: \"gauge\" (2:8)"
            ])
        #expect(
            try notes("quantile(1.5, gauge)") == [
                "PromQL warning: quantile value should be between 0 and 1, got 1.5 (1:10)"
            ])
        #expect(
            try notes("histogram_quantile(0.5, h)") == [
                "PromQL warning: bucket label \"le\" is missing or has a malformed value of \"x\" "
                    + "for metric name \"h\" (1:25)"
            ])
        #expect(try notes("gauge") == [])
    }

    @Test func answersReadAsPrometheusOnes() throws {
        let store = try Self.store("a{x=\"q\\\"\"} 1e30x30", "b NaNx30")
        func json(_ text: String) throws -> String {
            let time = Timestamp(milliseconds: 300_250)
            return try Expression(parsing: text).query(in: store, at: time).json(at: time)
        }
        #expect(
            try json("a") == #"{"status":"success","data":{"resultType":"vector","result":[{"metric":{"#
                + #""__name__":"a","x":"q\""},"value":[300.250,"1e+30"]}]}}"#)
        #expect(
            try json("b[16s]") == #"{"status":"success","data":{"resultType":"matrix","result":[{"metric":{"#
                + #""__name__":"b"},"values":[[285,"NaN"],[300,"NaN"]]}]}}"#)
        #expect(try json("1/8") == #"{"status":"success","data":{"resultType":"scalar","result":[300.250,"0.125"]}}"#)
        #expect(
            try json("\"é\\n\"") == #"{"status":"success","data":{"resultType":"string","result":[300.250,"é\n"]}}"#)
        #expect(
            try json("quantile(2, c)").hasSuffix(
                #","warnings":["PromQL warning: quantile value should be between 0 and 1, got 2 (1:10)"]}"#))
        #expect(
            QueryResult.errorJSON(type: "bad_data", "no \"x\"")
                == #"{"status":"error","errorType":"bad_data","error":"no \"x\""}"#)
    }
}
