import Model
import Text

/// A file that begins with YAML between two lines `---`: that, and the text below it.
struct FrontMatter {
    let front: YAMLNode
    let prompt: String
    /// Where the prompt begins.
    let promptPlace: SourcePlace

    static let bytesMax = 256 << 10

    init(_ text: String, file: String) throws(Diagnostics) {
        let start = SourcePlace(file: file, line: 1, column: 1)
        func refuse(_ place: SourcePlace, _ message: String) -> Diagnostics {
            Diagnostics([Diagnostic(place, message)])
        }
        guard text.utf8.count <= Self.bytesMax else {
            throw refuse(start, "a role's file may be at most \(Self.bytesMax >> 10) KiB long")
        }
        let lines = text.split(omittingEmptySubsequences: false) { $0.isNewline }
        guard Self.isFence(lines.first) else {
            throw refuse(start, "a role begins with a line \"---\", its front matter and another line \"---\"")
        }
        guard let end = lines.indices.dropFirst().first(where: { Self.isFence(lines[$0]) }) else {
            throw refuse(start, "the front matter is never closed; end it with a line \"---\"")
        }
        // An empty line stands for the first fence, so that every place is the file's own.
        guard let front = try YAML.parse("\n" + lines[1..<end].joined(separator: "\n") + "\n", file: file) else {
            throw refuse(start, "the front matter is empty")
        }
        self.front = front
        let body = lines[(end + 1)...]
        let blank = body.firstIndex { !$0.allSatisfy(\.isWhitespace) }.map { $0 - body.startIndex } ?? 0
        prompt = body.dropFirst(blank).joined(separator: "\n")
        promptPlace = SourcePlace(file: file, line: end + 2 + blank, column: 1)
    }

    private static func isFence(_ line: Substring?) -> Bool {
        guard let line, line.hasPrefix("---") else { return false }
        return line.dropFirst(3).allSatisfy { $0 == " " }
    }
}

extension YAMLNode {
    /// As JSON: plain text that is a JSON literal becomes it (`true`, `12`, `null`), all other text stays text.
    var json: JSONValue {
        switch content {
        case .scalar(let text, quoted: true): .string(text)
        case .scalar(let text, quoted: false): Self.literal(text)
        case .sequence(let items): .array(items.map(\.json))
        case .mapping(let pairs):
            .object(Dictionary(pairs.map { ($0.key.text ?? "", $0.value.json) }) { _, last in last })
        }
    }

    private static func literal(_ text: String) -> JSONValue {
        switch text {
        case "true": return true
        case "false": return false
        case "null", "": return .null
        default: break
        }
        let digits = text.hasPrefix("-") ? text.dropFirst() : text[...]
        guard let first = digits.utf8.first, (48...57).contains(first),
            digits.utf8.allSatisfy({ (48...57).contains($0) || [43, 45, 46, 69, 101].contains($0) }),
            let number = Double(text), number.isFinite
        else { return .string(text) }
        return .number(number)
    }

    /// Where the value at this path stands; for a path that leads nowhere, the last place on the way.
    func place(of path: [String]) -> SourcePlace {
        guard let name = path.first else { return place }
        switch content {
        case .scalar: return place
        case .sequence(let items):
            guard let index = Int(name), items.indices.contains(index) else { return place }
            return items[index].place(of: Array(path.dropFirst()))
        case .mapping(let pairs):
            guard let pair = pairs.first(where: { $0.key.text == name }) else { return place }
            return path.count == 1 ? pair.key.place : pair.value.place(of: Array(path.dropFirst()))
        }
    }
}
