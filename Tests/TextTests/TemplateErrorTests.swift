import Model
import Testing
import Text

@Suite struct TemplateErrorTests {
    static let place = SourcePlace(file: "f", line: 1, column: 1)

    static func problem(_ source: String) -> String? {
        do throws(Diagnostic) {
            _ = try Template(parsing: source, at: place)
            return nil
        } catch { return "\(error.place.line):\(error.place.column) \(error.message)" }
    }

    @Test(arguments: [
        ("a {{ $x", "1:3 this action is never closed; end it with \"}}\""),
        ("{{ $x }", "1:7 \"}\" has no meaning here"),
        ("{{ $x {{ $y }}", "1:7 an action cannot begin inside another one; end that with \"}}\""),
        ("{{ }}", "1:4 a value is missing before \"}}\""),
        ("{{ $x | }}", "1:9 a value is missing before \"}}\""),
        ("{{ humanise $value }}", "1:4 unknown function \"humanise\"; did you mean \"humanize\"?"),
        ("{{ labels.unit }}", "1:4 unknown function \"labels\"; a variable is written $labels"),
        ("{{ query \"up\" }}", "1:4 \"query\" is not in this version"),
        ("{{ externalURL }}", "1:4 \"externalURL\" is not in this version"),
        ("{{ pathPrefix }}", "1:4 \"pathPrefix\" is not in this version"),
        ("{{ tmpl \"a\" }}", "1:4 \"tmpl\" is not in this version"),
        ("{{ template \"a\" }}", "1:4 \"template\" is not in this version"),
        ("{{ define \"a\" }}{{ end }}", "1:4 \"define\" is not in this version"),
        ("{{ if $x }}a", "1:4 this {{ if }} is never ended; add {{ end }}"),
        ("{{ range $x }}{{ if $y }}{{ end }}", "1:4 this {{ range }} is never ended; add {{ end }}"),
        ("{{ end }}", "1:4 {{ end }} stands without an {{ if }}, {{ with }} or {{ range }}"),
        ("a{{ else }}", "1:5 {{ else }} stands without an {{ if }}, {{ with }} or {{ range }}"),
        ("{{ if 1 }}{{ else }}{{ else }}{{ end }}", "1:24 this {{ if }} has an {{ else }} already"),
        ("{{ if }}a{{ end }}", "1:7 a value is missing before \"}}\""),
        ("{{ break }}", "1:4 {{ break }} stands outside of any {{ range }}"),
        ("{{ humanize }}", "1:4 humanize is used as \"humanize NUMBER\", but here it has 0 arguments"),
        ("{{ $value | humanize 1 }}", "1:13 humanize is used as \"humanize NUMBER\", but here it has 2 arguments"),
        ("{{ $x $y }}", "1:4 \"$x\" is no function and takes no arguments"),
        ("{{ $x | \"a\" }}", "1:9 \"a\" cannot take what is piped into it; only a function can"),
        ("{{ $x == 1 }}", "1:7 there are no operators in templates; write eq A B"),
        ("{{ $x != 1 }}", "1:7 there are no operators in templates; write ne A B, or not A"),
        ("{{ $x > 1 }}", "1:7 there are no operators in templates; write gt A B"),
        ("{{ $x && $y }}", "1:7 there are no operators in templates; write and A B"),
        ("{{ $x || $y }}", "1:7 there are no operators in templates; write or A B"),
        ("{{ $x + 1 }}", "1:7 templates do not calculate; do it in the expression"),
        ("{{ 'a' }}", "1:4 text stands in double quotes or backquotes, not in single quotes"),
        ("{{ \"a }}", "1:4 this text is never closed; end it with a double quote"),
        ("{{ `a }}", "1:4 this text is never closed; end it with a backquote"),
        ("{{ \"\\d\" }}", "1:5 unknown escape \"\\d\"; write \\\\ for a backslash, or use `…`"),
        ("{{ \"\\u12\" }}", "1:5 this escape needs 4 hexadecimal digits of a character"),
        ("{{ 12ab }}", "1:4 \"12ab\" is not a number, or not one that can be held exactly"),
        ("{{ 9007199254740993 }}", "1:4 \"9007199254740993\" is not a number, or not one that can be held exactly"),
        ("{{ ($x }}", "1:4 this parenthesis is never closed"),
        ("{{ $x) }}", "1:6 \")\" cannot stand here"),
        ("{{ eq\"a\"\"b\" }}", "1:6 a blank is missing before \"a\""),
        ("{{ $x, $y }}", "1:6 a blank is missing before \",\""),
        ("{{ $i, $v := $x }}", "1:6 only {{ range }} sets two variables"),
        ("{{ $x = 1 }}", "1:4 \"$x\" is not a variable of this template; set it first with $x := …"),
        ("{{ if end }}", "1:7 {{ end }} is an action of its own and cannot stand here"),
        ("{{ match \"(\" $x }}", "1:4 pattern \"(\" is not valid: missing ) at \"(\""),
        ("{{ ($x := 1) }}", "1:5 a variable cannot be set in parentheses"),
        ("{{/* a }}", "1:1 this comment is never closed; end it with \"*/}}\""),
        ("{{/* a */ $x }}", "1:10 a comment fills its action; \"*/\" must be followed by \"}}\""),
        ("one\ntwo {{ $x }}\n {{ foo }}", "3:5 unknown function \"foo\""),
    ])
    func parsingSaysWhereAndWhatInstead(source: String, problem: String) {
        #expect(Self.problem(source) == problem)
    }

    @Test(arguments: [
        ("a: '{{ foo }}'", "f:1:8"), ("a: it is {{ foo }}", "f:1:13"), ("a: |\n  x\n    {{ foo }}\n", "f:3:8"),
        ("a: >-\n  x\n  y {{ foo }}\n", "f:3:8"), ("a: \"\\\"{{ foo }}\"", "f:1:10"),
    ])
    func placesAreExactInsideYAML(yaml: String, place: String) throws {
        let node = try #require(YAMLTests.scalar(in: try YAML.parse(yaml, file: "f"), containing: "foo"))
        #expect(throws: Diagnostic.self) {
            do throws(Diagnostic) { _ = try Template(node) } catch {
                #expect(error.place.description == place)
                throw error
            }
        }
    }

    @Test(arguments: [
        ("x {{ $labels.pod }}", "f:1:6: $labels has no \"pod\"; it has html, instance, job, n, unit"),
        (
            "{{ $labels.unti }}",
            "f:1:4: $labels has no \"unti\"; did you mean \"unit\"?"
        ),
        ("{{ $steps.restart.result.exit }}", "f:1:4: $steps.restart.result has no \"exit\"; it has job"),
        (
            "{{ $lables.x }}",
            "f:1:4: there is no $lables here; did you mean \"$labels\"?"
        ),
        (
            "{{ $zzz }}",
            "f:1:4: there is no $zzz here; there are $externalLabels, $labels, $params, $samples, $steps, $value"
        ),
        ("{{ $labels.unit.x }}", "f:1:4: $labels.unit is text and has no \"x\""),
        ("{{ index $params.list 7 }}", "f:1:4: what index reads has 2 items and none at 7"),
        ("{{ index $labels \"pod\" }}", "f:1:4: what index reads has no \"pod\"; it has html, instance, job, n, unit"),
        ("{{ $params.none }}", "f:1:4: there is no value here"),
        (
            "{{ eq $labels.n 5 }}",
            "f:1:4: eq: text (\"5\") and a number (\"5\") do not compare. Labels are text: compare them with \"5\", not with 5"
        ),
        (
            "{{ lt $labels 1 }}",
            "f:1:4: lt: an object (\"map[html:<a&b> instance:web-1.example.org:9100 job:web n:5 u…\") "
                + "and a number (\"1\") do not compare"
        ),
        ("{{ humanize $labels.unit }}", "f:1:4: humanize: needs a number, not text (\"web.service\")"),
        ("{{ len 5 }}", "f:1:4: len: needs text, a list or an object, not a number (\"5\")"),
        ("{{ toUpper 5 }}", "f:1:4: toUpper: needs text, not a number (\"5\")"),
        ("{{ printf \"%d\" 1.5 }}", "f:1:4: printf: needs a whole number for %d, not a number (\"1.5\")"),
        ("{{ printf \"%d\" }}", "f:1:4: printf: format \"%d\" needs more than the 0 values given"),
        ("{{ printf \"a\" 1 }}", "f:1:4: printf: format \"a\" takes 0 values, but 1 are given"),
        ("{{ printf \"%\" }}", "f:1:4: printf: format \"%\" ends within a verb; write %% for a percent sign"),
        ("{{ printf \"%y\" 1 }}", "f:1:4: printf: %y is no verb; there are %v %s %q %d %f %e %g %x %o %b %c %t %%"),
        ("{{ printf \"%99999d\" 1 }}", "f:1:4: printf: a width in \"%99999d\" is over 1000"),
        ("{{ parseDuration \"5x\" }}", "f:1:4: parseDuration: needs a duration such as 1h30m, not text (\"5x\")"),
        (
            "{{ humanizeTimestamp 1e300 }}",
            "f:1:4: humanizeTimestamp: 1e+300 is no time between the years 1678 and 2262"
        ),
        (
            "{{ match $labels.html \"a\" }}{{ match (print \"(\") \"a\" }}",
            "f:1:32: match: pattern \"(\" is not valid: missing ) at \"(\""
        ),
        ("{{ first (index $params \"list\" 0) }}", "f:1:4: first: needs a list, not text (\"a\")"),
        ("{{ range $labels.unit }}{{ end }}", "f:1:10: range goes over a list or an object, not over text"),
        (
            "{{ (toTime 1).Format }}",
            "f:1:4: \"Format\" of a time is not in this version; there are Year, Month, Day, Hour, Minute, Second and Unix"
        ),
        ("{{ printf \"%t\" 1 }}", "f:1:4: printf: needs true or false for %t, not a number (\"1\")"),
        ("{{ printf \"%c\" -1 }}", "f:1:4: printf: needs a character's number for %c, not a number (\"-1\")"),
        ("{{ index $value \"a\" 0 }}", "f:1:4: what index reads is a number and has no \"a\""),
        ("{{ index $labels 0 }}", "f:1:4: what index reads is an object and has nothing at 0"),
        ("{{ .Foo }}", "f:1:4: the root is nothing and has no \"Foo\""),
    ])
    func renderingSaysWhereAndWhy(source: String, message: String) throws {
        do {
            let template = try? Template(parsing: source, at: Self.place)  // a template that does not parse fails below
            let text = try #require(template).render(TemplateTests.scope)
            Issue.record("it rendered \(text)")
        } catch let fault as Fault { #expect(fault.description == message) }
    }
}
