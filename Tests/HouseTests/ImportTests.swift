import Testing

/// What a target may import is a table in docs/architecture.md; this reads it and every import.
@Suite struct ImportTests {
    struct Row {
        let target: String
        let imports: Set<String>
    }

    static let page = "docs/architecture.md"
    static let pure: Set<String> = ["Model", "Text", "Series", "Detection", "Incidents", "Runbooks"]
    /// What a pure target may use besides other such targets, for arithmetic, JSON and parsing; PurityTests looks at what
    /// of it is called.
    static let pureModules: Set<String> = ["Foundation", "FoundationEssentials", "Glibc", "CYAML", "CRE2", "CCrypto"]

    /// The rows below the header `| target | may import |`.
    private static func table() throws -> [Row] {
        var rows: [Row] = []
        var inTable = false
        for line in try Repository().read(page).lines {
            let cells = line.split(separator: "|", omittingEmptySubsequences: false).dropFirst().dropLast()
                .map { $0.filter { $0 != "`" } }
            if cells == [" target ", " may import "] {
                inTable = true
            } else if inTable, cells.count == 2 {
                if cells[0].hasPrefix("-") { continue }
                let imports = modules(cells[1], above: rows.map(\.target))
                rows.append(Row(target: cells[0].filter { $0 != " " }, imports: imports))
            } else {
                inTable = false
            }
        }
        return rows
    }

    private static func modules(_ cell: String, above: [String]) -> Set<String> {
        var found: Set<String> = []
        for part in cell.split(separator: ",") {
            switch part.trimmed {
            case "": continue
            case "every target above": found.formUnion(above)
            case "Foundation": found.formUnion(["Foundation", "FoundationEssentials"])
            case let name: found.insert(name)
            }
        }
        return found
    }

    /// The modules that a Swift file imports.
    static func imports(of text: SwiftText) -> [(line: Int, module: String)] {
        var found: [(line: Int, module: String)] = []
        for (number, line) in text.codeLines.enumerated() {
            var words = line.split(separator: " ").map(String.init)
            let modifiers: Set = ["public", "package", "internal", "private", "fileprivate"]
            while let first = words.first, modifiers.contains(first) || first.hasPrefix("@") { words.removeFirst() }
            guard words.first == "import", words.count >= 2 else { continue }
            let kinds: Set = ["struct", "class", "enum", "protocol", "typealias", "func", "let", "var", "actor"]
            let name = kinds.contains(words[1]) ? words[2] : words[1]
            found.append((number + 1, String(name.prefix { $0 != "." })))
        }
        return found
    }

    @Test func importsAreReadInEveryForm() {
        let text = """
            public import Model
            @testable import struct Text.Pattern
            import FoundationEssentials // import Not
            let a = "import Nothing"
            """
        #expect(Self.imports(of: SwiftText(text)).map(\.module) == ["Model", "Text", "FoundationEssentials"])
    }

    @Test func everyImportIsAllowed() throws {
        let repository = Repository()
        let rows = try Self.table()
        try #require(!rows.isEmpty, "\(Self.page) has no table with the header | target | may import |")
        let allowed = Dictionary(rows.map { ($0.target, $0.imports) }, uniquingKeysWith: { $0.union($1) })
        #expect(allowed.count == rows.count, "a target has two rows")
        for target in try repository.names(in: "Sources") {
            let files = try repository.files(under: "Sources/" + target, suffix: ".swift")
            guard !files.isEmpty else { continue }
            guard let modules = allowed[target] else {
                Issue.record("Sources/\(target) has no row in \(Self.page)")
                continue
            }
            for file in files {
                for (line, module) in Self.imports(of: file.swift) where module != target {
                    #expect(modules.contains(module), "\(file):\(line): \(target) may not import \(module)")
                }
            }
        }
    }

    @Test func everyRowIsATarget() throws {
        let targets = Set(try Repository().names(in: "Sources"))
        for row in try Self.table() { #expect(targets.contains(row.target), "\(row.target) is no folder in Sources") }
    }

    @Test func pureTargetsStayPure() throws {
        let rows = try Self.table().filter { Self.pure.contains($0.target) }
        #expect(Set(rows.map(\.target)) == Self.pure)
        for row in rows {
            let impure = row.imports.subtracting(Self.pure).subtracting(Self.pureModules)
            #expect(impure.isEmpty, "\(row.target) is pure and may not import \(impure.sorted())")
        }
    }

    /// An import can only point backwards in the table: the order is the one in which an event travels.
    @Test func importsPointBackwards() throws {
        let rows = try Self.table()
        let names = rows.map(\.target)
        for (place, row) in rows.enumerated() {
            let forward = row.imports.intersection(names[place...])
            #expect(forward.isEmpty, "\(row.target) imports \(forward.sorted()), listed after it")
        }
    }
}

extension Substring {
    fileprivate var trimmed: String {
        String(drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
    }
}
