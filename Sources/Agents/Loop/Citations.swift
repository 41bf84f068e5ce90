public import Model

/// A claim's proof: words copied from a tool's answer or from the material.
public struct Citation: Sendable, Hashable, Codable {
    public var id: String
    public var quote: String

    public init(id: String, quote: String) {
        self.id = id
        self.quote = quote
    }

    /// Every citation in a result: each object that has a text `quote` and, beside it, a text `id` or `citation`.
    public static func all(in result: JSONValue) -> [Citation] {
        switch result {
        case .array(let items): items.flatMap(all)
        case .object(let members): here(members) + members.sorted { $0.key < $1.key }.flatMap { all(in: $0.value) }
        default: []
        }
    }

    private static func here(_ members: [String: JSONValue]) -> [Citation] {
        guard let quote = members["quote"]?.string, let id = (members["citation"] ?? members["id"])?.string else {
            return []
        }
        return [Citation(id: id, quote: quote)]
    }
}

/// Everything that the agents of one run were shown under an ID, to check what they claim to have read.
public struct Citations: Sendable, Hashable {
    /// By ID, whitespace folded.
    private var texts: [String: String] = [:]
    private var last = 0

    /// Shorter words stand in any text and so prove nothing.
    public static let quoteMin = 8

    public init() {}

    /// All that these transcripts of a run's agent steps can cite.
    public init(transcripts: [[Exchange]]) {
        for exchange in transcripts.joined() { add(exchange.shown) }
    }

    public var count: Int { texts.count }

    /// The ID of the next answer: unique as long as the citations of all earlier steps of the run are here.
    public var nextID: String { "T\(last + 1)" }

    public mutating func add(_ answers: [ToolAnswer]) {
        for answer in answers {
            guard let id = answer.citation else { continue }
            texts[id] = Self.folded(answer.text)
            last = max(last, Int(id.dropFirst()) ?? 0)
        }
    }

    /// Why these citations prove nothing, as a sentence about the first that does not hold; nil where all hold.
    public func check(_ citations: [Citation]) -> String? {
        for citation in citations {
            let quote = Self.folded(citation.quote)
            guard let text = texts[citation.id] else { return "there is no \(quoted(citation.id)) to cite" }
            guard quote.unicodeScalars.count >= Self.quoteMin else {
                return
                    "the quote \(quoted(quote)) is too short to prove anything; copy at least "
                    + "\(Self.quoteMin) characters"
            }
            guard text.utf8.firstRange(of: quote.utf8) != nil else {
                return "\(citation.id) does not contain \(quoted(quote))"
            }
        }
        return nil
    }

    /// Every run of blanks and line ends as one blank.
    static func folded(_ text: String) -> String {
        var out = String.UnicodeScalarView()
        var blank = false
        for scalar in text.unicodeScalars {
            if scalar.properties.isWhitespace {
                blank = !out.isEmpty
            } else {
                if blank { out.append(" ") }
                blank = false
                out.append(scalar)
            }
        }
        return String(out)
    }
}
