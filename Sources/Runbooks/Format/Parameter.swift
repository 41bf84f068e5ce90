public import Model
public import Text

/// A declared input of a runbook.
public struct Parameter: Sendable {
    public let name: String
    public let place: SourcePlace
    public let type: ParameterType
    /// Where its value comes from, over `$labels` and `$project`; nil where whoever begins the run has to give it.
    public let from: Template?

    /// Its author said what it is, so nobody else does.
    var isFixed: Bool { from?.isLiteral ?? false }
}

/// What a parameter may be; everything else is refused.
public indirect enum ParameterType: Sendable {
    /// A systemd unit's full name; nil while nobody said which, and then the runbook only observes.
    case unit(allow: [String]?)
    /// An absolute path without `.`, `..` or doubled slashes, at or below `under`.
    case path(under: String)
    case integer(ClosedRange<Int>)
    case number(ClosedRange<Double>)
    case duration(ClosedRange<Duration>)
    case size(ClosedRange<ByteSize>)
    /// A host name or an IP address; nil for any.
    case host(allow: [String]?)
    /// http or https, below one of these prefixes.
    case url(allow: [String])
    case enumeration([String])
    /// One line without control characters.
    case text(pattern: Pattern?, lengthMax: Int)
    /// Comma-separated, at least one and at most `itemsMax`.
    case list(of: ParameterType, itemsMax: Int)

    public static let words = [
        "unit", "path", "integer", "number", "duration", "size", "host", "url", "enum", "text", "list",
    ]

    public var word: String {
        switch self {
        case .unit: "unit"
        case .path: "path"
        case .integer: "integer"
        case .number: "number"
        case .duration: "duration"
        case .size: "size"
        case .host: "host"
        case .url: "url"
        case .enumeration: "enum"
        case .text: "text"
        case .list: "list"
        }
    }

    /// Names something that can be acted upon, so it can be the target.
    var isLocator: Bool {
        switch self {
        case .unit, .path, .host, .url: true
        case .list(let item, _): item.isLocator
        default: false
        }
    }

    var isUnboundUnit: Bool {
        switch self {
        case .unit(allow: nil): true
        case .list(let item, _): item.isUnboundUnit
        default: false
        }
    }
}

/// The values of a runbook's parameters, each in its type's canonical form.
///
/// Sizes are numbers of bytes and durations literals such as `90s`, so that both can stand in an expression.
public struct Parameters: Sendable, Codable, Hashable {
    public var values: [String: JSONValue]

    public init(_ values: [String: JSONValue] = [:]) { self.values = values }

    public init(from decoder: any Decoder) throws { values = try [String: JSONValue](from: decoder) }
    public func encode(to encoder: any Encoder) throws { try values.encode(to: encoder) }
}

/// What becomes of a runbook's parameters for one incident.
public enum Binding: Sendable, Codable, Hashable {
    case bound(Parameters)
    /// There is no target, or not what was declared: nothing may happen.
    case refused(guard: String, text: String)
}
