import Model
import Testing
import Text

@Suite struct TemplateFunctionTests {
    static func render(_ source: String) throws -> String { try TemplateTests.render(source) }

    /// Prometheus' documented behaviour, with the values of its own documentation where it gives some.
    @Test(arguments: [
        ("humanize 0.0", "0"), ("humanize 1.0", "1"), ("humanize 1234567.0", "1.235M"), ("humanize .12", "120m"),
        ("humanize -1500", "-1.5k"), ("humanize 999.9999", "1000"), ("humanize 1e30", "1e+06Y"),
        ("humanize 0.000001", "1u"),
        ("humanize \"5\"", "5"), ("humanize \"NaN\"", "NaN"), ("humanize \"+Inf\"", "+Inf"),
        ("humanize1024 0.0", "0"), ("humanize1024 1048576.0", "1Mi"), ("humanize1024 .12", "0.12"),
        ("humanize1024 1500", "1.465ki"),
        ("humanizeDuration 0", "0s"), ("humanizeDuration 1", "1s"), ("humanizeDuration 60", "1m 0s"),
        ("humanizeDuration 3600", "1h 0m 0s"), ("humanizeDuration 86400", "1d 0h 0m 0s"),
        ("humanizeDuration 100000", "1d 3h 46m 40s"),
        ("humanizeDuration -3661", "-1h 1m 1s"), ("humanizeDuration .1", "100ms"), ("humanizeDuration 0.0001", "100us"),
        ("humanizeDuration 12.3456", "12.35s"), ("humanizeDuration -0.5", "-500ms"),
        ("humanizeDuration 1e300", "1e+300s"),
        ("humanizePercentage -0.22222", "-22.22%"), ("humanizePercentage 0.1234567", "12.35%"),
        ("humanizePercentage 1", "100%"),
        ("humanizeTimestamp 0", "1970-01-01 00:00:00 +0000 UTC"), ("humanizeTimestamp \"NaN\"", "NaN"),
        ("humanizeTimestamp 1435065584.128", "2015-06-23 13:19:44.128 +0000 UTC"),
        ("(toTime 1435065584.128).Year", "2015"), ("toTime 1435065584", "2015-06-23 13:19:44 +0000 UTC"),
        ("parseDuration \"1h30m\"", "5400"), ("parseDuration \"1500ms\"", "1.5"),
        ("title \"aa bB-cc it's _x éa 1a\"", "Aa BB-Cc It'S _x Éa 1a"), ("toUpper \"aä\"", "AÄ"),
        ("toLower \"AÄ\"", "aä"),
        ("match \"a+\" \"caab\"", "true"), ("match \"^a+$\" \"b\"", "false"),
        ("reReplaceAll \"(\\\\w+)@(\\\\w+)\" \"$2 at ${1}\" \"x@y z\"", "y at x z"),
        ("\"localhost:80\" | reReplaceAll \":.*\" \"\"", "localhost"),
        ("stripPort \"1.2.3.4:9090\"", "1.2.3.4"), ("stripPort \"1.2.3.4\"", "1.2.3.4"),
        ("stripPort \"[2001:db8::1]:80\"", "2001:db8::1"),
        ("stripPort \"2001:db8::1\"", "2001:db8::1"), ("stripPort \"host:\"", "host"),
        ("stripDomain \"web.example.org:80\"", "web:80"), ("stripDomain \"web.example.org\"", "web"),
        ("stripDomain \"1.2.3.4:80\"", "1.2.3.4:80"),
        ("stripDomain \"[2001:db8::1]:80\"", "[2001:db8::1]:80"), ("stripDomain \"2001:db8::1\"", "2001:db8::1"),
        ("join \", \" $params.list", "a, b"), ("safeHtml \"<b>\"", "<b>"),
        ("(first $samples).labels.job", "b"), ("value (first $samples)", "2"), ("label \"job\" (first $samples)", "b"),
        ("range sortByLabel \"job\" $samples }}{{ value . }},{{ end", "1.5,2,"), ("strvalue (index $samples 1)", "x"),
        ("printf \"%.2f|%5.1f|%-6s|%06.2f\" 1.005 2.25 \"ab\" 3.14159", "1.00|  2.2|ab    |003.14"),
        (
            "printf \"%d %+d %x %X %o %b %c %5d|%-5d|%05d\" 42 42 255 255 8 5 65 42 42 -42",
            "42 +42 ff FF 10 101 A    42|42   |-0042"
        ),
        (
            "printf \"%v %s %q %t %% %e %g\" 1.5 \"a\" \"b\\\"\\n\" true 12345.678 1e21",
            "1.5 a \"b\\\"\\n\" true % 1.234568e+04 1e+21"
        ),
        ("printf \"%.3s|%x|%v\" \"abcdef\" \"hi\" $params.list", "abc|6869|[a b]"),
    ])
    func functionsGiveWhatPrometheusGives(call: String, expected: String) throws {
        #expect(try Self.render("{{ \(call) }}") == expected)
    }
}
