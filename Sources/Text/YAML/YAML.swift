import CYAML
public import Model

/// Strict YAML, the subset that configuration needs: text, lists and mappings of one document, with the place of each.
///
/// Refused, each at its place: duplicate keys, keys that are not text, anchors, aliases and merge keys, tags, a second
/// document, a tab for indentation, a file over 1 MiB, nesting past 32.
public enum YAML {
    static let bytesMax = 1 << 20
    static let depthMax = 32

    /// Nil for a document without content. Throws the first problem, as one sentence with its place.
    public static func parse(_ text: String, file: String) throws(Diagnostics) -> YAMLNode? {
        guard text.utf8.count <= bytesMax else {
            let place = SourcePlace(file: file, line: 1, column: 1)
            throw Diagnostics([Diagnostic(place, "the file is larger than 1 MiB; split it")])
        }
        let bytes = Array(text.utf8)
        let result: Result<YAMLNode?, Diagnostic> = bytes.withUnsafeBufferPointer { buffer in
            let reader = YAMLReader(buffer, file: file, source: SourceLines(text))
            do throws(Diagnostic) { return .success(try reader.document()) } catch { return .failure(error) }
        }
        do throws(Diagnostic) { return try result.get() } catch { throw Diagnostics([error]) }
    }
}

/// Builds nodes from libyaml's events; it builds nothing of what it refuses.
private final class YAMLReader {
    private var parser = yaml_parser_t()
    private let bytes: UnsafeBufferPointer<UInt8>
    private let file: String
    private let source: SourceLines

    /// The bytes must outlive the reader.
    init(_ bytes: UnsafeBufferPointer<UInt8>, file: String, source: SourceLines) {
        self.bytes = bytes
        self.file = file
        self.source = source
        yaml_parser_initialize(&parser)
        yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING)
        yaml_parser_set_input_string(&parser, bytes.baseAddress, bytes.count)
    }

    deinit { yaml_parser_delete(&parser) }

    func document() throws(Diagnostic) -> YAMLNode? {
        _ = try next()  // the stream's start
        guard case .documentStart = try next().kind else { return nil }
        let root = try node(try next(), depth: 1)
        _ = try next()  // the document's end
        let after = try next()
        if case .documentStart = after.kind {
            throw Diagnostic(after.place, "a second document begins here; a file holds one document")
        }
        return root.isNull ? nil : root
    }

    private struct Event {
        enum Kind {
            case documentStart, alias
            case scalar(String, ScalarLayout.Style)
            case sequenceStart, mappingStart, end
        }
        var kind: Kind
        var place: SourcePlace
        var anchor = false
        var tag: String?
    }

    private func next() throws(Diagnostic) -> Event {
        var event = yaml_event_t()
        guard yaml_parser_parse(&parser, &event) == 1 else {
            throw YAMLComplaint(parser, bytes, source).diagnostic(file: file)
        }
        defer { yaml_event_delete(&event) }
        let place = SourcePlace(
            file: file, line: Int(event.start_mark.line) + 1, column: Int(event.start_mark.column) + 1)
        switch event.type {
        case YAML_DOCUMENT_START_EVENT: return Event(kind: .documentStart, place: place)
        case YAML_ALIAS_EVENT: return Event(kind: .alias, place: place)
        case YAML_SCALAR_EVENT:
            let scalar = event.data.scalar
            let text = String(decoding: UnsafeBufferPointer(start: scalar.value, count: scalar.length), as: UTF8.self)
            return Event(
                kind: .scalar(text, style(scalar.style)), place: place, anchor: scalar.anchor != nil,
                tag: word(scalar.tag))
        case YAML_SEQUENCE_START_EVENT:
            let start = event.data.sequence_start
            return Event(kind: .sequenceStart, place: place, anchor: start.anchor != nil, tag: word(start.tag))
        case YAML_MAPPING_START_EVENT:
            let start = event.data.mapping_start
            return Event(kind: .mappingStart, place: place, anchor: start.anchor != nil, tag: word(start.tag))
        default: return Event(kind: .end, place: place)
        }
    }

    private func word(_ text: UnsafeMutablePointer<yaml_char_t>?) -> String? {
        text.map { String(cString: $0) }
    }

    private func style(_ style: yaml_scalar_style_t) -> ScalarLayout.Style {
        switch style {
        case YAML_SINGLE_QUOTED_SCALAR_STYLE: .singleQuoted
        case YAML_DOUBLE_QUOTED_SCALAR_STYLE: .doubleQuoted
        case YAML_LITERAL_SCALAR_STYLE: .literal
        case YAML_FOLDED_SCALAR_STYLE: .folded
        default: .plain
        }
    }

    /// The node that begins with `event`; the depth is checked before it goes deeper.
    private func node(_ event: Event, depth: Int) throws(Diagnostic) -> YAMLNode {
        if event.anchor {
            throw Diagnostic(event.place, "anchors (&name) are not allowed; write the value out where it is used")
        }
        if let tag = event.tag {
            let short = tag.hasPrefix("tag:yaml.org,2002:") ? "!!" + tag.dropFirst(18) : tag
            throw Diagnostic(event.place, "tags (\(short)) are not allowed; each key's type is known")
        }
        guard depth <= YAML.depthMax else {
            throw Diagnostic(event.place, "lists and mappings are nested deeper than \(YAML.depthMax)")
        }
        switch event.kind {
        case .scalar(let text, let style):
            let quoted = style == .singleQuoted || style == .doubleQuoted
            return YAMLNode(
                place: event.place, content: .scalar(text, quoted: quoted),
                layout: ScalarLayout(style: style, source: source))
        case .sequenceStart:
            return YAMLNode(place: event.place, content: .sequence(try items(depth: depth)))
        case .mappingStart:
            return YAMLNode(place: event.place, content: .mapping(try pairs(depth: depth)))
        case .alias, .documentStart, .end:
            throw Diagnostic(
                event.place, "aliases (*name) are not allowed; write the value out, or quote text that begins with *")
        }
    }

    private func items(depth: Int) throws(Diagnostic) -> [YAMLNode] {
        var items: [YAMLNode] = []
        while true {
            let event = try next()
            if case .end = event.kind { return items }
            items.append(try node(event, depth: depth + 1))
        }
    }

    private func pairs(depth: Int) throws(Diagnostic) -> [(key: YAMLNode, value: YAMLNode)] {
        var pairs: [(key: YAMLNode, value: YAMLNode)] = []
        var lines: [String: Int] = [:]
        while true {
            let event = try next()
            if case .end = event.kind { return pairs }
            switch event.kind {
            case .mappingStart, .sequenceStart:
                throw Diagnostic(event.place, "a key must be text; a template must stand in quotes: '{{ … }}'")
            default: break
            }
            let key = try node(event, depth: depth)
            let name = key.text ?? ""
            if name == "<<" { throw Diagnostic(key.place, "merge keys (<<) are not allowed; write the keys out") }
            if let line = lines.updateValue(key.place.line, forKey: name) {
                throw Diagnostic(key.place, "key \"\(name)\" occurs twice in this mapping, first in line \(line)")
            }
            pairs.append((key: key, value: try node(try next(), depth: depth + 1)))
        }
    }
}
