import Model

/// The lines of a file, shared by all of its nodes; columns count Unicode scalars, as libyaml's marks do.
final class SourceLines: Sendable {
    let lines: [[Unicode.Scalar]]

    init(_ text: String) {
        lines = text.split(omittingEmptySubsequences: false) { $0.isNewline }.map { Array($0.unicodeScalars) }
    }

    /// Empty past the end.
    subscript(index: Int) -> [Unicode.Scalar] { lines.indices.contains(index) ? lines[index] : [] }
}

/// How a scalar was written, so that a place inside its text can be found again in the file.
struct ScalarLayout: Sendable {
    enum Style: Sendable { case plain, singleQuoted, doubleQuoted, literal, folded }

    let style: Style
    let source: SourceLines

    /// Walks the written form and the text side by side up to `offset` characters.
    func place(ofOffset offset: Int, in text: String, startingAt start: SourcePlace) -> SourcePlace {
        var cursor = Cursor(style: style, source: source, start: start)
        for character in text.prefix(max(0, offset)) { cursor.pass(character) }
        cursor.settle(before: text.dropFirst(max(0, offset)).unicodeScalars.first)
        return SourcePlace(file: start.file, line: cursor.line + 1, column: cursor.column + 1)
    }

    /// The places (line and column from 1) of all characters of the text and of its end, in one walk.
    func places(in text: String, startingAt start: SourcePlace) -> [(line: Int, column: Int)] {
        var cursor = Cursor(style: style, source: source, start: start)
        var places: [(line: Int, column: Int)] = []
        for character in text {
            cursor.settle(before: character.unicodeScalars.first)
            places.append((cursor.line + 1, cursor.column + 1))
            cursor.pass(character)
        }
        return places + [(cursor.line + 1, cursor.column + 1)]
    }

    /// A position in the written form; line and column from 0.
    private struct Cursor {
        let style: Style
        let source: SourceLines
        var line: Int
        var column: Int
        /// How deep a literal block's text is indented.
        var indentation = 0

        init(style: Style, source: SourceLines, start: SourcePlace) {
            self.style = style
            self.source = source
            line = start.line - 1
            column = start.column - 1
            switch style {
            case .plain: break
            case .singleQuoted, .doubleQuoted: column += 1
            case .literal, .folded:
                line += 1
                let first = source.lines.dropFirst(line).first { $0.contains { $0 != " " } } ?? []
                indentation = first.prefix { $0 == " " }.count
                column = min(indentation, source[line].count)
            }
        }

        var current: Unicode.Scalar? { column < source[line].count ? source[line][column] : nil }

        mutating func pass(_ character: Character) {
            for scalar in character.unicodeScalars {
                settle(before: scalar)
                if current != nil {
                    column += writtenLength
                } else if style == .literal, scalar == "\n" {
                    nextLine()
                }
            }
        }

        /// Moves to where a character is written: over line ends, indentation and escaped line ends.
        ///
        /// A blank that stands for a folded line end is written nowhere; the character after it settles on the next
        /// line.
        mutating func settle(before scalar: Unicode.Scalar?) {
            guard style != .literal, let scalar, scalar != " ", scalar != "\n", scalar != "\t" else { return }
            while line < source.lines.count {
                switch current {
                case nil: nextLine()
                case " ", "\t": column += 1
                case "\\" where style == .doubleQuoted && column + 1 == source[line].count: nextLine()
                default: return
                }
            }
        }

        private mutating func nextLine() {
            line += 1
            column = style == .literal ? min(indentation, source[line].count) : 0
        }

        /// How many characters of the file stand for the text's next one.
        private var writtenLength: Int {
            switch style {
            case .plain, .literal, .folded: return 1
            case .singleQuoted: return current == "'" ? 2 : 1
            case .doubleQuoted:
                guard current == "\\", column + 1 < source[line].count else { return 1 }
                switch source[line][column + 1] {
                case "x": return 4
                case "u": return 6
                case "U": return 10
                default: return 2
                }
            }
        }
    }
}
