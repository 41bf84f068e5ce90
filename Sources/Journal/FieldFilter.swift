/// The fields that somebody wants, compiled for look-up by bytes.
struct FieldFilter {
    private struct Name {
        let text: String
        let bytes: [UInt8]
        let isWanted: Bool
    }

    /// By length of the name; nil where every field is wanted.
    private var byLength: [[Name]] = []
    private let wantsAll: Bool

    /// Read with every entry, because they say that journald dropped something.
    static let own = ["MESSAGE_ID", "N_DROPPED", "_TRANSPORT"]

    /// - Parameter fields: nil for all.
    init(_ fields: Set<String>?) {
        wantsAll = fields == nil
        guard let fields else { return }
        for field in fields.union(Self.own) {
            let bytes = Array(field.utf8)
            while byLength.count <= bytes.count { byLength.append([]) }
            byLength[bytes.count].append(Name(text: field, bytes: bytes, isWanted: fields.contains(field)))
        }
    }

    /// The name as a String, and whether it was asked for; nil for a field that nobody wants.
    func find(_ name: UnsafeRawBufferPointer) -> (text: String, isWanted: Bool)? {
        if wantsAll { return (String(decoding: name, as: UTF8.self), true) }
        guard name.count < byLength.count else { return nil }
        for candidate in byLength[name.count] where name.elementsEqual(candidate.bytes) {
            return (candidate.text, candidate.isWanted)
        }
        return nil
    }
}
