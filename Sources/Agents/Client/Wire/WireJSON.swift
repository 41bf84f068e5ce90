import FoundationEssentials
import Model

/// JSON as it goes over the wire.
enum WireJSON {
    /// Nil where the bytes are not one JSON value in UTF-8.
    static func decode(_ bytes: some Sequence<UInt8>) -> JSONValue? { JSONText.read(Array(bytes)) }

    /// With sorted keys: the same request has the same bytes, which is what vendors' caches compare.
    static func encode(_ value: JSONValue) throws(ModelError) -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        do {
            return Array(try encoder.encode(value))
        } catch {
            throw ModelError(.refused, "the request cannot be written as JSON: it has a number that is not finite")
        }
    }

    static func text(_ value: JSONValue) throws(ModelError) -> String {
        String(decoding: try encode(value), as: UTF8.self)
    }

    /// What a model wrote as arguments: an object; or the text as it is, where that is none.
    static func arguments(_ text: String) -> JSONValue {
        if text.utf8.allSatisfy({ $0 == 32 || (9...13).contains($0) }) { return [:] }
        guard let value = decode(text.utf8), value.object != nil else { return .string(text) }
        return value
    }

    /// Arguments where only an object is allowed.
    static func object(_ arguments: JSONValue) -> JSONValue {
        arguments.object == nil ? .object(["invalid": arguments]) : arguments
    }
}

extension JSONValue {
    /// A count of tokens; nil where it is absent or null.
    func tokens(_ key: String) throws(ModelError) -> Int? {
        guard let value = self[key], value != .null else { return nil }
        guard let number = value.number, let count = Int(exactly: number), (0...1_000_000_000).contains(count) else {
            throw ModelError(.malformed, "the answer's \(key) is not a count of tokens")
        }
        return count
    }
}
