/// What a line of a timeline rests on: something that a person can look up again.
public struct Evidence: Hashable, Sendable, Codable {
    public enum Kind: String, Sendable, Codable {
        case journal, metric, rule, unit, http, helper, person, ledger
        /// What a gate saw, on several lines.
        case gate
        /// A likely cause that agents found: the reference is how sure they are, from 0 to 1; the text is the cause, why,
        /// and the words that it rests on, a line each.
        case cause
    }

    public var kind: Kind
    /// A journal cursor, a series or expression, `FILE:LINE`, an InvocationID, a URL, an effect's key, a step's
    /// path, a person's name.
    public var reference: String
    /// What was seen there, masked; may be empty.
    public var text: String

    public init(_ kind: Kind, _ reference: String, _ text: String = "") {
        self.kind = kind
        self.reference = reference
        self.text = text
    }
}
