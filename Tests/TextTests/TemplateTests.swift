import Model
import Testing
import Text

@Suite struct TemplateTests {
    static let scope = TemplateScope(
        variables: [
            "labels": [
                "unit": "web.service", "instance": "web-1.example.org:9100", "job": "web", "n": "5", "html": "<a&b>",
            ],
            "value": 0.0523, "externalLabels": ["region": "eu"],
            "params": ["count": 2_000_000, "ratio": 1.5, "list": ["a", "b"], "flag": true, "none": .null],
            "steps": ["dump-state": ["result": ["exit": 1]], "restart": ["result": ["job": 1174]]],
            "samples": [
                ["labels": ["job": "b"], "value": 2], ["labels": ["job": "a", "__value__": "x"], "value": 1.5],
            ],
        ])

    static func render(_ source: String, _ scope: TemplateScope = scope) throws -> String {
        try Template(parsing: source, at: SourcePlace(file: "f", line: 1, column: 1)).render(scope)
    }

    @Test(arguments: [
        ("{{ \"}}\" }}{{ `{{` }}", "}}{{"), ("", ""), ("plain } text {", "plain } text {"),
        ("{{ $labels.unit }} is down", "web.service is down"),
        ("{{$labels.unit}}", "web.service"),
        (
            "{{ .Labels.unit }} {{ .Value }} {{ $.Labels.job }} {{ .ExternalLabels.region }}",
            "web.service 0.0523 web eu"
        ),
        ("a {{- \" b \" -}} c", "a b c"), ("a {{- /* note */ -}} c", "ac"), ("a {{/* note }} */}} c", "a  c"),
        ("a\n  {{- 1 }}\n{{ 2 -}}\n b", "a1\n2b"), ("{{ -3 }}{{- -4 }}", "-3-4"),
        ("{{ `raw \"x\"` }} {{ \"tab\\tquote\\\" \\u00e4 \\x41\" }}", "raw \"x\" tab\tquote\" ä A"),
        ("{{ 42 }} {{ 1.50 }} {{ 0x1F }} {{ 1_000 }} {{ 1e3 }} {{ true }} {{ .5 }}", "42 1.5 31 1000 1000 true 0.5"),
        ("{{ if gt $value 0.01 }}high{{ else }}low{{ end }}", "high"),
        ("{{ if false }}a{{ else if eq $labels.job \"web\" }}b{{ else }}c{{ end }}", "b"),
        ("{{ if false }}a{{ else if false }}b{{ else }}c{{ end }}", "c"), ("{{ if 0 }}a{{ end }}", ""),
        ("{{ with $labels.unit }}<{{ . }}>{{ end }}", "<web.service>"),
        ("{{ with $x := $labels.unit }}{{ $x }}{{ else }}none{{ end }}", "web.service"),
        ("{{ with \"\" }}a{{ else with \"b\" }}{{ . }}{{ end }}", "b"),
        ("{{ with $labels }}{{ .unit }} {{ $.Labels.job }}{{ end }}", "web.service web"),
        ("{{ range $params.list }}[{{ . }}]{{ end }}", "[a][b]"),
        ("{{ range $i, $v := $params.list }}{{ $i }}={{ $v }} {{ end }}", "0=a 1=b "),
        ("{{ range $v := $params.list }}{{ $v }}{{ end }}", "ab"),
        ("{{ range $k, $v := $externalLabels }}{{ $k }}:{{ $v }}{{ end }}", "region:eu"),
        ("{{ range 3 }}{{ . }}{{ end }}{{ range 0 }}x{{ else }}none{{ end }}", "012none"),
        (
            "{{ range 9 }}{{ if eq . 1 }}{{ continue }}{{ end }}{{ if eq . 4 }}{{ break }}{{ end }}{{ . }}{{ end }}",
            "023"
        ),
        ("{{ $x := \"a\" }}{{ if true }}{{ $x = \"b\" }}{{ end }}{{ $x }}", "b"),
        ("{{ $x := \"a\" }}{{ if true }}{{ $x := \"b\" }}{{ end }}{{ $x }}", "a"),
        ("{{ $x := 1 }}{{ range 3 }}{{ $x = . }}{{ end }}{{ $x }}", "2"),
        ("{{ ($labels).unit | toUpper | printf \"%s!\" }}", "WEB.SERVICE!"),
        ("{{ (index $samples 0).labels.job }}", "b"), ("{{ index $labels \"unit\" }}", "web.service"),
        ("{{ $steps.dump-state.result.exit }}", "1"), ("{{ index $steps \"restart\" \"result\" \"job\" }}", "1174"),
        (
            "{{ and 1 0 2 }} {{ and 1 2 }} {{ or 0 \"\" 3 }} {{ not 1 }} {{ 0 | or 7 }} {{ 5 | and true }}",
            "0 2 3 false 7 5"
        ),
        ("{{ and false (index $params.list 9) }}{{ or true (index $params.list 9) }}", "falsetrue"),
        (
            "{{ eq 1 2 3 1 }} {{ ne 1 2 }} {{ lt \"a\" \"b\" }} {{ le 2 2.0 }} {{ ge $params.count 2000000 }}",
            "true true true true true"
        ),
        ("{{ len \"äb\" }} {{ len $params.list }} {{ len $externalLabels }}", "3 2 1"),
        ("{{ print 1 2 \"x\" 3 true }} {{ println 1 \"x\" }}", "1 2x3 true 1 x\n"),
        (
            "{{ $params.count }} {{ $params.ratio }} {{ $params.list }} {{ $externalLabels }}",
            "2000000 1.5 [a b] map[region:eu]"
        ),
        (
            "{{ html $labels.html }} {{ urlquery \"a b/ä\" }} {{ js \"it's <b>\" }}",
            "&lt;a&amp;b&gt; a+b%2F%C3%A4 it\\'s \\u003Cb\\u003E"
        ),
    ])
    func renders(source: String, expected: String) throws {
        #expect(try Self.render(source) == expected)
    }

    /// Numbers in `$value` print as Go's float64 does, other whole numbers as integers.
    @Test(arguments: [
        (0, "0"), (1, "1"), (-0.5, "-0.5"), (123_456, "123456"), (1_234_567, "1.234567e+06"), (1e6, "1e+06"),
        (1e21, "1e+21"),
        (0.0001, "0.0001"), (0.00001234, "1.234e-05"), (1e-7, "1e-07"), (.infinity, "+Inf"), (-.infinity, "-Inf"),
        (.nan, "NaN"),
        (.leastNonzeroMagnitude, "5e-324"), (1.7976931348623157e308, "1.7976931348623157e+308"), (100, "100"),
        (0.1 + 0.2, "0.30000000000000004"),
        (99999.5, "99999.5"), (-1_500_000, "-1.5e+06"),
    ])
    func theValuePrintsAsInGo(value: Double, expected: String) throws {
        #expect(try Self.render("{{ $value }}", TemplateScope(variables: ["value": .number(value)])) == expected)
    }

    @Test func whatIsMissingIsNothingOrAFault() throws {
        var scope = Self.scope
        scope.missing = .empty
        #expect(
            try Self.render(
                "<{{ $labels.pod }}{{ $labels.pod.x }}{{ if $labels.pod }}a{{ end }}{{ $params.none }}>", scope) == "<>"
        )
        #expect(
            try Self.render("{{ if eq $labels.pod \"\" }}a{{ end }}{{ range $labels.pod }}b{{ else }}c{{ end }}", scope)
                == "ac")
        #expect(try Self.render("{{ toUpper $labels.pod }}{{ index $labels \"pod\" }}", scope) == "")
        #expect(throws: Fault.self) { try Self.render("{{ $labels.pod }}") }
    }

    @Test func escapingTouchesWhatActionsPrintAndNothingElse() throws {
        let template = try Template(
            parsing: "up{unit=\"{{ $labels.unit }}\"}", at: SourcePlace(file: "f", line: 1, column: 1))
        let scope = TemplateScope(variables: ["labels": ["unit": "x\"} or up{y=\"\\"]])
        #expect(try template.render(scope, escape: Escape.promQLString) == #"up{unit="x\x22} or up{y=\x22\\"}"#)
        let safe = try Template(parsing: "{{ safeHtml $labels.unit }}", at: SourcePlace(file: "f", line: 1, column: 1))
        #expect(try safe.render(scope, escape: Escape.html) == "x&#34;} or up{y=&#34;\\")
    }

    /// The value begins with a character that combines with the one before it, and stays apart all the same.
    @Test func escapingMayDependOnWhatStandsBefore() throws {
        let source = "a=\"{{ $labels.x }}\" b={{ $labels.x }}{{ range 2 }}{{ . }}{{ end }}"
        let template = try Template(parsing: source, at: SourcePlace(file: "f", line: 1, column: 1))
        let scope = TemplateScope(variables: ["labels": ["x": "\u{301}\""]])
        var seen: [String] = []
        let text = try template.render(scope) { before, value in
            seen.append(before)
            return "<\(value.utf8.count)>"
        }
        #expect(text == "a=\"<3>\" b=<3><1><1>")
        #expect(seen == ["a=\"", "a=\"<3>\" b=", "a=\"<3>\" b=<3>", "a=\"<3>\" b=<3><1>"])
        #expect(throws: Fault("x", "y")) {
            try template.render(scope, placing: { _, _ throws(Fault) in throw Fault("x", "y") })
        }
    }

    @Test(arguments: [
        ("{{ $labels.unit }} {{ $value | humanize }} {{ $labels.unit }}", ["labels.unit", "value"]),
        ("{{ $steps.dump-state.result.exit }}", ["steps.dump-state.result.exit"]),
        ("{{ .Labels.unit }}{{ .Value }}{{ $.Labels.job }}", ["labels.unit", "value", "labels.job"]),
        ("{{ index $steps \"a\" \"result\" }}{{ (index $labels \"b\") }}", ["steps.a.result", "labels.b"]),
        ("{{ index $steps $labels.x \"y\" }}", ["steps", "labels.x"]),
        (
            "{{ range $k, $v := $labels }}{{ $k }}{{ $v }}{{ .x }}{{ $.Value }}{{ else }}{{ .Value }}{{ end }}",
            ["labels", "value"]
        ),
        ("{{ with $x := $params.a }}{{ $x.b }}{{ .c }}{{ end }}{{ $x.b }}", ["params.a", "x.b"]),
        ("{{ if $a }}{{ $b }}{{ else if $c }}{{ $d }}{{ else }}{{ $e }}{{ end }}", ["a", "b", "c", "d", "e"]),
        ("text", []),
    ])
    func referencesAreWhatItReadsFromItsScope(source: String, paths: [String]) throws {
        let template = try Template(parsing: source, at: SourcePlace(file: "f", line: 1, column: 1))
        #expect(template.references.map { $0.joined(separator: ".") } == paths)
        #expect(template.isLiteral == paths.isEmpty)
    }

    @Test func eachReadHasItsPlace() throws {
        let yaml = "a: |\n  one {{ $labels.x }}\n  two {{ if $value }}{{ end }}\n"
        guard case .mapping(let pairs)? = try YAML.parse(yaml, file: "f")?.content else {
            Issue.record("not a mapping")
            return
        }
        let template = try Template(pairs[0].value)
        #expect(template.reads.map { "\($0.text) \($0.place)" } == ["$labels.x f:2:10", "$value f:3:13"])
    }
}
