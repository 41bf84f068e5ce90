import CYAML
import Model

/// Why libyaml stopped, in a sentence that says what to do, at the most useful place.
struct YAMLComplaint {
    private let problem: String
    private let context: String
    /// Line and column from 0.
    private let problemMark: (line: Int, column: Int)
    private let contextMark: (line: Int, column: Int)
    private let source: SourceLines

    init(_ parser: yaml_parser_t, _ bytes: UnsafeBufferPointer<UInt8>, _ source: SourceLines) {
        problem = parser.problem.map { String(cString: $0) } ?? "cannot be read"
        context = parser.context.map { String(cString: $0) } ?? ""
        self.source = source
        if parser.error == YAML_READER_ERROR {
            let before = String(decoding: bytes.prefix(parser.problem_offset), as: UTF8.self)
            let lines = before.split(omittingEmptySubsequences: false) { $0.isNewline }
            problemMark = (lines.count - 1, lines.last?.unicodeScalars.count ?? 0)
        } else {
            problemMark = (Int(parser.problem_mark.line), Int(parser.problem_mark.column))
        }
        let hasContext = parser.context != nil
        contextMark = hasContext ? (Int(parser.context_mark.line), Int(parser.context_mark.column)) : problemMark
    }

    func diagnostic(file: String) -> Diagnostic {
        let (mark, sentence) = sentence
        return Diagnostic(SourcePlace(file: file, line: mark.line + 1, column: mark.column + 1), sentence)
    }

    /// The character at which libyaml stopped.
    private var found: Unicode.Scalar? {
        let line = source[problemMark.line]
        return problemMark.column < line.count ? line[problemMark.column] : nil
    }

    /// Nothing but blanks stands behind the place where libyaml stopped.
    private var isAtEnd: Bool {
        let rest = source.lines.dropFirst(problemMark.line)
        return rest.first?.dropFirst(problemMark.column).allSatisfy(\.properties.isWhitespace) ?? true
            && rest.dropFirst().allSatisfy { $0.allSatisfy(\.properties.isWhitespace) }
    }

    private var sentence: ((line: Int, column: Int), String) {
        let opened = "begun in line \(contextMark.line + 1)"
        switch problem {
        case "mapping values are not allowed in this context":
            return (problemMark, "a \":\" cannot stand here; quote text that holds \": \", or mend the indentation")
        case "could not find expected ':'":
            return (contextMark, "this line has no \":\"; write \"key: value\", or mend the indentation")
        case "did not find expected key":
            return (problemMark, "this does not fit the mapping \(opened); mend the indentation or the quotes")
        case "did not find expected '-' indicator":
            return (problemMark, "this does not fit the list \(opened); begin an item with \"- \" in the same column")
        case "did not find expected ',' or ']'":
            if isAtEnd { return (contextMark, "this list is never closed; end it with \"]\"") }
            return (problemMark, "expected \",\" or \"]\" in the list \(opened)")
        case "did not find expected ',' or '}'":
            if isAtEnd { return (contextMark, "this mapping is never closed; end it with \"}\"") }
            return (problemMark, "expected \",\" or \"}\" in the mapping \(opened)")
        case "found unexpected end of stream", "found unexpected document indicator":
            return (contextMark, "this quoted text is never closed")
        case "found unknown escape character":
            return (problemMark, "unknown escape in \"…\"; write \\\\ for a backslash, or use '…'")
        case "block sequence entries are not allowed in this context":
            return (problemMark, "a list item (\"- \") cannot begin here; put it on a line of its own")
        case "did not find expected <document start>":
            return (problemMark, "the document has ended before this; mend the indentation")
        case "found a tab character that violates indentation",
            "found a tab character where an indentation space is expected":
            return (problemMark, Self.tab)
        case "found character that cannot start any token":
            if found == "\t" { return (problemMark, Self.tab) }
            return (problemMark, "a value cannot begin with \(found.map { "\"\($0)\"" } ?? "this"); quote it")
        case "did not find expected alphabetic or numeric character":
            return (
                contextMark, "a value cannot begin with \(context.contains("anchor") ? "\"&\"" : "\"*\""); quote it"
            )
        case "did not find expected node content":
            return (problemMark, "a value is missing here, or it must be quoted")
        case "control characters are not allowed":
            return (problemMark, "a control character stands here; write it as an escape in \"…\"")
        default:
            let during = context.isEmpty ? "" : " \(context)"
            return (problemMark, "not valid YAML: \(problem)\(during)")
        }
    }

    private static let tab = "a tab cannot indent; use spaces"
}
