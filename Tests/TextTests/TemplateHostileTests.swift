import Model
import Testing
import Text

@Suite struct TemplateHostileTests {
    static func fault(_ source: String, _ scope: TemplateScope = TemplateScope()) -> String? {
        do {
            _ = try TemplateTests.render(source, scope)
            return nil
        } catch let fault as Fault {
            return fault.code
        } catch let diagnostic as Diagnostic {
            return diagnostic.message
        } catch { return "\(error)" }
    }

    @Test func theOutputIsBounded() throws {
        let text = JSONValue.string(String(repeating: "x", count: 1000))
        let scope = TemplateScope(variables: ["x": text])
        #expect(Self.fault("{{ range 60 }}{{ $x }}{{ end }}", scope) == nil)
        #expect(Self.fault("{{ range 70 }}{{ $x }}{{ end }}", scope) == "template.large")
        #expect(Self.fault("{{ $y := $x }}{{ range 30 }}{{ $y = print $y $y }}{{ end }}", scope) == "template.large")
        #expect(Self.fault("{{ $y := reReplaceAll \"x\" $x $x }}", scope) == "template.large")
    }

    @Test func theStepsAreBounded() {
        #expect(Self.fault("{{ range 50000 }}{{ end }}") == nil)
        #expect(Self.fault("{{ range 1000 }}{{ range 1000 }}{{ end }}{{ end }}") == "template.steps")
        #expect(Self.fault("{{ range 1000000000000 }}{{ end }}") == "template.kind")
    }

    static let deep: [String: String] = [
        "parentheses": "{{ " + String(repeating: "(", count: 20_000) + "1 }}",
        "ifs": String(repeating: "{{ if 1 }}", count: 3_000),
        "else ifs": "{{ if 1 }}" + String(repeating: "{{ else if 1 }}", count: 3_000) + "{{ end }}",
        "ranges": String(repeating: "{{ range $x }}", count: 3_000),
    ]

    @Test(arguments: ["parentheses", "ifs", "else ifs", "ranges"])
    func nestingIsBounded(kind: String) throws {
        #expect(Self.fault(try #require(Self.deep[kind])) == "the template is nested deeper than 64")
    }

    @Test(arguments: ["{{", "{{ \"", "{{ `", "{{/*", "{{ $a", "{{ .", "{{ (", " ", "{{ 1 }}", "{{- ", "}}"])
    func aLongRunOfAnythingEnds(piece: String) {
        let source = String(repeating: piece, count: 65_536 / piece.utf8.count)
        #expect(Self.fault(source) != "")
    }

    @Test func aSourceThatIsTooLongIsRefused() {
        let source = String(repeating: "x", count: 65_536)
        #expect(Self.fault(source + "{{ 1 }}") == "a template may be at most 64 KiB long, this one has 65543 bytes")
        #expect(Self.fault(source) == nil)
        #expect(Self.fault(source + "x") == "template.large")
    }

    /// Random mixtures of the language's own pieces parse and render, or give a problem with a place; they never crash.
    @Test(arguments: 0..<8)
    func randomTemplatesNeverCrash(seed: UInt64) {
        var random = FixedRandom(seed: seed)
        let pieces = [
            "{{ ", " }}", "{{- ", " -}}", "$labels", ".unit", "$value", " | ", "humanize", " ", "(", ")", "if ",
            "else ", "end", "range ",
            "with ", "$x", " := ", " = ", ",", "\"a\"", "`b`", "1", "-2.5", "1e9", "print ", "printf \"%5.2f %v\" ",
            "index ", "eq ", ".",
            "$", "text", "\n", "/*", "*/", "nil", "true", "len ", "break", "continue", "'", "\\", "toTime ",
            "$steps.dump-state", "ü", "\u{301}",
        ]
        for _ in 0..<1500 {
            let source = (0..<random.below(24)).map { _ in pieces[random.below(pieces.count)] }.joined()
            let wrapped = random.below(2) == 0 ? source : "{{ \(source) }}"
            do {
                let template = try Template(parsing: wrapped, at: SourcePlace(file: "f", line: 1, column: 1))
                var scope = TemplateTests.scope
                scope.missing = random.below(2) == 0 ? .empty : .error
                #expect(try template.render(scope).utf8.count <= 65_536)
            } catch let diagnostic as Diagnostic {
                #expect(diagnostic.place.line >= 1 && diagnostic.place.column >= 1 && !diagnostic.message.isEmpty)
            } catch { #expect((error as? Fault)?.message.isEmpty == false) }
        }
    }
}
