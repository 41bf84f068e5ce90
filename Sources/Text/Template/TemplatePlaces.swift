import Model

/// Where each character of a template stands in its file.
struct TemplatePlaces {
    private let file: String
    /// Line and column of each character and of the end.
    private let places: [(line: Int, column: Int)]

    /// Of the text of a YAML scalar.
    init(_ node: YAMLNode) {
        let text = node.text ?? ""
        guard let layout = node.layout else {
            self.init(text, startingAt: node.place)
            return
        }
        self.init(file: node.place.file, places: layout.places(in: text, startingAt: node.place))
    }

    /// Of text whose start is all that is known; later lines are taken to begin in column 1.
    init(_ text: String, startingAt start: SourcePlace) {
        var places: [(line: Int, column: Int)] = []
        var (line, column) = (start.line, start.column)
        for character in text {
            places.append((line, column))
            (line, column) = character.isNewline ? (line + 1, 1) : (line, column + character.unicodeScalars.count)
        }
        self.init(file: start.file, places: places + [(line, column)])
    }

    private init(file: String, places: [(line: Int, column: Int)]) {
        self.file = file
        self.places = places
    }

    /// The place of the character at an offset, or of the end for an offset past it.
    subscript(offset: Int) -> SourcePlace {
        let (line, column) = places[max(0, min(offset, places.count - 1))]
        return SourcePlace(file: file, line: line, column: column)
    }
}
