public import Model

extension Runbook {
    /// The runbook with units allowed that its author left open; what `nightshift runbooks install --allow` installs.
    ///
    /// The list is appended to the text as a key of its own, so a reader sees the author's file and, below it, what the
    /// host added; the digest is that of the whole.
    public func allowing(_ units: [String: [String]]) throws(Diagnostics) -> Runbook {
        guard !units.isEmpty else { return self }
        let lists = units.sorted { $0.key < $1.key }.map { name, units in
            "  \(name): [\(units.map(\.quotedForPrometheus).joined(separator: ", "))]"
        }
        let newline = text.hasSuffix("\n") ? "" : "\n"
        return try Self.parse(text + "\(newline)allow:\n\(lists.joined(separator: "\n"))\n", file: place.file)
    }
}
