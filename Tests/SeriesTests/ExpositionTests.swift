import Model
import Testing

@testable import Series

@Suite struct ExpositionTests {
    static func lines(
        _ body: String, _ format: Exposition.Format = .text, _ limits: Exposition.Limits = .init()
    ) throws(Fault) -> [String] {
        var out: [String] = []
        var bytes = Array(body.utf8)
        let result: Result<Void, Fault> = bytes.withUnsafeMutableBytes { bytes in
            Result { () throws(Fault) in
                try Exposition.parse(UnsafeRawBufferPointer(bytes), format: format, limits: limits) {
                    item throws(Fault) in
                    let time = item.milliseconds.map { " @\($0)" } ?? ""
                    out.append("\(try item.labels()) \(NumberText.json(item.value))\(time)")
                }
            }
        }
        try result.get()
        return out
    }

    @Test(arguments: [
        ("a 1", #"{__name__="a"} 1"#),
        ("  a:b_c9 \t 1.5e3  17000  ", #"{__name__="a:b_c9"} 1500 @17000"#),
        (#"a{} -0.25"#, #"{__name__="a"} -0.25"#),
        (#"a { x = "1" , y="2",} +Inf"#, #"{__name__="a", x="1", y="2"} +Inf"#),
        (
            #"a{x="back\\slash \"quote\" line\nfeed \other"} -inf"#,
            #"{__name__="a", x="back\\slash \"quote\" line\nfeed \\other"} -Inf"#
        ),
        (#"{"a.metric","my label"="é"} nAn"#, #"{__name__="a.metric", my label="é"} NaN"#),
        (#"{x="1","late.name"} 3"#, #"{__name__="late.name", x="1"} 3"#),
        (#"a{empty="",x="1"} 1"#, #"{__name__="a", x="1"} 1"#),
        (
            "# any comment\n\n#HELP\n# TYPE a counter\n# HELP a b c\na 0.00017459624183458996 -5",
            #"{__name__="a"} 0.00017459624183458996 @-5"#
        ),
        ("a 18446744073709551616", #"{__name__="a"} 18446744073709552000"#),
        ("a 9007199254740993", #"{__name__="a"} 9007199254740992"#),
        ("a .5", #"{__name__="a"} 0.5"#),
    ]) func textIsRead(_ body: String, _ expected: String) throws {
        #expect(try Self.lines(body) == [expected])
    }

    @Test(arguments: [
        ("a", "line 1 of the exposition: a value must follow the series"),
        ("a 1\nb{x=\"1\" 2", "line 2 of the exposition: expected a comma or the closing brace after a label"),
        ("a 0x1p3", "line 1 of the exposition: the value \"0x1p3\" is no number"),
        ("a 1_000", "line 1 of the exposition: the value \"1_000\" is no number"),
        ("a 1e999", "line 1 of the exposition: the value \"1e999\" is no number"),
        ("a 1 2 3", "line 1 of the exposition: unexpected text after the sample"),
        ("a 1 2.5", "line 1 of the exposition: the timestamp \"2.5\" is no number"),
        ("1a 1", "line 1 of the exposition: expected a metric's name"),
        ("{x=\"1\"} 1", "line 1 of the exposition: the metric has no name"),
        ("a{\"b\",x=\"1\"} 1", "line 1 of the exposition: the metric has two names"),
        ("a{x=\"1\",x=\"2\"} 1", "line 1 of the exposition: the label \"x\" occurs twice"),
        ("a{x=\"1} 1", "line 1 of the exposition: a string's closing quote is missing"),
        ("a{x=1} 1", "line 1 of the exposition: a label's value must stand in double quotes"),
        ("a{", "line 1 of the exposition: the closing brace is missing"),
        ("# TYPE a thing", "line 1 of the exposition: \"thing\" is no metric type"),
        ("\u{0}\u{1}\u{2}", "line 1 of the exposition: expected a metric's name"),
    ]) func wrongTextNamesItsLine(_ body: String, _ message: String) {
        #expect(throws: Fault("exposition.syntax", message)) { try Self.lines(body) }
    }

    @Test func bytesThatAreNoUTF8AreRefused() {
        var body = Array("a{x=\"".utf8) + [0xff, 0xfe] + Array("\"} 1".utf8)
        #expect(throws: Fault("exposition.syntax", "line 1 of the exposition: a label is not valid UTF-8")) {
            try body.withUnsafeMutableBytes { body in
                try Exposition.parse(UnsafeRawBufferPointer(body), contentType: nil) { item throws(Fault) in
                    _ = try item.labels()
                }
            }
        }
    }

    @Test func openMetricsIsRead() throws {
        let body = """
            # TYPE a histogram
            # UNIT a seconds
            # HELP a Some help.
            a_bucket{le="1"} 3 1520879607.789 # {trace_id="abc"} 0.5 1520879607.1
            a_bucket{le="+Inf"} 4 # {} 2
            a_created 1520430000.123
            # EOF

            """
        #expect(
            try Self.lines(body, .openMetrics) == [
                #"{__name__="a_bucket", le="1.0"} 3 @1520879607789"#, #"{__name__="a_bucket", le="+Inf"} 4"#,
                #"{__name__="a_created"} 1520430000.123"#,
            ])
    }

    @Test(arguments: [
        ("a 1\n", "line 1 of the exposition: OpenMetrics must end with # EOF; the body is cut off"),
        ("a 1\n# EOF\nb 2\n", "line 3 of the exposition: there is more after # EOF"),
        ("\na 1\n# EOF\n", "line 1 of the exposition: OpenMetrics has no empty lines"),
        ("a  1\n# EOF\n", "line 1 of the exposition: a value must follow the series"),
        ("# hello\n# EOF\n", "line 1 of the exposition: OpenMetrics has no comments but HELP, TYPE, UNIT and EOF"),
        ("a 1 nan\n# EOF\n", "line 1 of the exposition: the timestamp \"nan\" is no number"),
        ("a 1 # {x=\"1\"}\n# EOF\n", "line 1 of the exposition: an exemplar needs a value"),
    ]) func wrongOpenMetricsNamesItsLine(_ body: String, _ message: String) {
        #expect(throws: Fault("exposition.syntax", message)) { try Self.lines(body, .openMetrics) }
    }

    @Test func limitsAreKept() {
        var limits = Exposition.Limits()
        limits.samplesMax = 2
        #expect(throws: Fault("exposition.syntax", "line 3 of the exposition: more than the 2 samples allowed")) {
            try Self.lines("a 1\na 2\na 3\n", .text, limits)
        }
        limits = Exposition.Limits(lineBytesMax: 10)
        #expect(throws: Fault("exposition.syntax", "line 2 of the exposition: longer than the 10 bytes allowed")) {
            try Self.lines("a 1\na             2\n", .text, limits)
        }
        limits = Exposition.Limits(labelsMax: 1)
        #expect(throws: Fault("exposition.syntax", "line 1 of the exposition: more than the 1 labels allowed")) {
            try Self.lines("a{x=\"1\",y=\"2\"} 1\n", .text, limits)
        }
        limits = Exposition.Limits(bodyBytesMax: 3)
        #expect(throws: Fault("exposition.size", "the exposition has 4 bytes, more than the 3 allowed")) {
            try Self.lines("a 1\n", .text, limits)
        }
    }

    @Test(arguments: [
        ("application/openmetrics-text; version=1.0.0; charset=utf-8", true), ("Application/OpenMetrics-Text", true),
        ("text/plain; version=0.0.4", false), (nil, false),
    ]) func theContentTypeDecides(_ contentType: String?, _ isOpenMetrics: Bool) {
        #expect((Exposition.Format(contentType: contentType) == .openMetrics) == isOpenMetrics)
    }

    @Test func numbersRoundAsTheStandardLibrary() {
        var random = SystemRandomNumberGenerator()
        var wrong: [String] = []
        for _ in 0..<5000 {
            let value = Double(bitPattern: random.next())
            guard value.isFinite else { continue }
            let short = "\(Int(value.significand * 1e6))e\(Int.random(in: -30...30))"
            for text in ["\(value)", "\(Float(value))", short] where Double(text)?.isFinite ?? false {
                if ExpositionNumber.value(text)?.bitPattern != Double(text)?.bitPattern { wrong.append(text) }
            }
        }
        #expect(wrong.isEmpty)
    }

    @Test func aCacheFindsByBytesAndTellsWhatVanished() {
        var cache = SeriesCache<Int>()
        var wrong: [Int] = []
        func bytes(_ text: String, _ body: (UnsafeRawBufferPointer) -> Void) {
            Array(text.utf8).withUnsafeBytes { body($0) }
        }
        for round in 0..<3 {
            for number in round * 500..<round * 500 + 1000 {
                bytes("metric{number=\"\(number)\"}") { series in
                    let known = cache.find(series)
                    if known != (round > 0 && number < round * 500 + 500 ? number : nil) { wrong.append(number) }
                    if known == nil { cache.insert(series, number) }
                }
            }
            #expect(wrong.isEmpty)
            #expect(cache.endRound().sorted() == (round == 0 ? [] : Array((round - 1) * 500..<round * 500)))
            #expect(cache.count == 1000)
        }
        bytes("metric") { #expect(cache.find($0) == nil) }
    }
}
