public import Model

/// One node of a YAML file: text, a list or a mapping, and where it stands.
///
/// Scalars stay text, whatever YAML 1.1 would make of them; whoever reads one knows from the schema what it must be.
public struct YAMLNode: Sendable {
    public enum Content: Sendable {
        /// `quoted` tells '…' and "…" from plain text and from block text (`|`, `>`). Null is an empty plain scalar.
        case scalar(String, quoted: Bool)
        case sequence([YAMLNode])
        /// Keys are scalars, and none occurs twice.
        case mapping([(key: YAMLNode, value: YAMLNode)])
    }

    public let place: SourcePlace
    public let content: Content
    let layout: ScalarLayout?

    /// A node that stands in no file, or whose place is all that is known of it.
    public init(place: SourcePlace, content: Content) {
        self.init(place: place, content: content, layout: nil)
    }

    init(place: SourcePlace, content: Content, layout: ScalarLayout?) {
        self.place = place
        self.content = content
        self.layout = layout
    }

    /// The text of a scalar, as written; nil for a list or a mapping.
    public var text: String? { if case .scalar(let text, _) = content { text } else { nil } }
    /// A key without a value, as in `labels:`.
    public var isNull: Bool { if case .scalar("", quoted: false) = content { true } else { false } }

    /// What the node is, for a sentence: `text`, `a list`, `a mapping`, `nothing`.
    public var kind: String {
        switch content {
        case .scalar where isNull: "nothing"
        case .scalar: "text"
        case .sequence: "a list"
        case .mapping: "a mapping"
        }
    }

    /// Where the character at `offset` (from 0, in characters of the scalar's text) stands in the file.
    ///
    /// Quotes, escapes and the indentation of block text are counted, so that an error inside an expression or a
    /// template points at the very character. An offset past the end gives the place behind the last character.
    public func place(ofOffset offset: Int) -> SourcePlace {
        guard let layout, let text else { return place }
        return layout.place(ofOffset: offset, in: text, startingAt: place)
    }
}
