/// What is needed of a language to tell its comments from its code.
struct CodeLanguage: Sendable {
    struct Quote: Sendable {
        let open: [UInt8]
        let close: [UInt8]
        var isMultiline = false
        var hasEscapes = true

        init(_ open: String, multiline: Bool = false, escapes: Bool = true) {
            self.open = Array(open.utf8)
            close = self.open
            isMultiline = multiline
            hasEscapes = escapes
        }
    }

    /// What no table says.
    enum Peculiarity: Sendable {
        /// A string by itself is a document.
        case docStrings
        /// `#` begins a comment only at a word's start; a backslash takes the next character's meaning.
        case shellWords
        case hereDocuments
        /// `/` may begin a pattern.
        case regexes
        /// `'` may begin a lifetime; `#` may stand around a quote.
        case rustQuotes
        case swiftQuotes
        /// Indented texts after `|` and `>`; quotes only at a value's start.
        case blockScalars
        /// Comments before `import "C"` are code.
        case cgo
    }

    struct Block: Sendable {
        let open: [UInt8]
        let close: [UInt8]
        let nests: Bool

        init(_ open: String, _ close: String, nests: Bool) {
            self.open = Array(open.utf8)
            self.close = Array(close.utf8)
            self.nests = nests
        }
    }

    var lineComments: [[UInt8]] = []
    var block: Block?
    var quotes: [Quote] = []
    var peculiarities: Set<Peculiarity> = []
    /// A comment with one of these speaks to a tool and counts as code.
    var directives: [String] = []

    /// Nil where the language is not known: then everything is code.
    static func of(path: RelativePath) -> CodeLanguage? {
        let ending = path.name.utf8.lastIndex(of: UInt8(ascii: ".")).map { dot in
            String(Substring(path.name.utf8[dot...])).lowercased()
        }
        return ending.flatMap { byEnding[$0] }
    }

    private static let byEnding: [String: CodeLanguage] = {
        let table: [(endings: [String], language: CodeLanguage)] = [
            ([".py", ".pyi"], python), ([".c", ".h", ".cc", ".cpp", ".cxx", ".hpp", ".hh", ".m"], c), ([".go"], go),
            ([".js", ".mjs", ".cjs", ".jsx", ".ts", ".tsx", ".mts"], javascript), ([".swift"], swift), ([".rs"], rust),
            ([".java", ".kt", ".kts", ".scala", ".groovy", ".cs"], java), ([".sh", ".bash", ".bats", ".zsh"], shell),
            ([".rb", ".rake"], ruby), ([".yaml", ".yml"], yaml), ([".toml"], toml), ([".sql"], sql),
        ]
        var languages: [String: CodeLanguage] = [:]
        for row in table { for ending in row.endings { languages[ending] = row.language } }
        return languages
    }()

    private static let slashes = Block("/*", "*/", nests: false)
    private static let nestedSlashes = Block("/*", "*/", nests: true)
    private static let hash = [Array("#".utf8)]
    private static let twoSlashes = [Array("//".utf8)]
    private static let single = Quote("'")
    private static let double = Quote("\"")
    private static let triple = Quote("\"\"\"", multiline: true)

    private static let python = CodeLanguage(
        lineComments: hash, quotes: [triple, Quote("'''", multiline: true), double, single],
        peculiarities: [.docStrings],
        directives: ["#!", "coding", "type:", "cython:", "distutils:", "pragma:", "pytest", "doctest"])
    private static let c = CodeLanguage(lineComments: twoSlashes, block: slashes, quotes: [double, single])
    private static let go = CodeLanguage(
        lineComments: twoSlashes, block: slashes,
        quotes: [double, single, Quote("`", multiline: true, escapes: false)],
        peculiarities: [.cgo], directives: ["go:", "+build", "export ", "//line", "/*line"])
    private static let javascript = CodeLanguage(
        lineComments: twoSlashes, block: slashes, quotes: [double, single, Quote("`", multiline: true)],
        peculiarities: [.regexes],
        directives: ["@ts-", "@jsx", "@jest", "@vitest", "webpack", "sourceMappingURL", "istanbul", "c8 "])
    private static let swift = CodeLanguage(
        lineComments: twoSlashes, block: nestedSlashes, quotes: [triple, double], peculiarities: [.swiftQuotes],
        directives: ["swift-tools-version"])
    private static let rust = CodeLanguage(
        lineComments: twoSlashes, block: nestedSlashes, quotes: [Quote("\"", multiline: true)],
        peculiarities: [.rustQuotes])
    private static let java = CodeLanguage(lineComments: twoSlashes, block: slashes, quotes: [triple, double, single])
    private static let shell = CodeLanguage(
        lineComments: hash,
        quotes: [Quote("\"", multiline: true), Quote("'", multiline: true, escapes: false)],
        peculiarities: [.shellWords, .hereDocuments], directives: ["#!"])
    private static let ruby = CodeLanguage(
        lineComments: hash, quotes: [Quote("\"", multiline: true), Quote("'", multiline: true)],
        peculiarities: [.hereDocuments], directives: ["#!", "coding", "frozen_string_literal", "typed:"])
    private static let yaml = CodeLanguage(
        lineComments: hash,
        quotes: [Quote("\"", multiline: true), Quote("'", multiline: true, escapes: false)],
        peculiarities: [.blockScalars], directives: ["#!"])
    private static let toml = CodeLanguage(
        lineComments: hash,
        quotes: [triple, Quote("'''", multiline: true, escapes: false), double, Quote("'", escapes: false)])
    private static let sql = CodeLanguage(
        lineComments: [Array("--".utf8)], block: slashes,
        quotes: [Quote("'", multiline: true, escapes: false), Quote("\"", multiline: true, escapes: false)])
}
