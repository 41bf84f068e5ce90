import FoundationEssentials

enum Coding {
    /// Through JSON and back.
    static func round<T: Codable>(_ value: T) throws -> T {
        try JSONDecoder().decode(T.self, from: JSONEncoder().encode(value))
    }
}
