/// Puts a vendor's streamed answer together, from bytes that arrive in any pieces.
protocol AnswerReader: Sendable {
    /// What the vendor has counted so far; nil where it has said nothing.
    var usage: ModelUsage? { get }
    /// Bytes of text, arguments and thinking so far.
    var outputBytes: Int { get }
    /// The vendor's last event was read: nothing more is needed.
    var isComplete: Bool { get }

    mutating func take(_ bytes: [UInt8], onText: (String) -> Void) throws(ModelError)
    /// The whole answer; an error where something of it is missing.
    mutating func finish() throws(ModelError) -> ModelReply
}

extension ModelError {
    /// The answer ended before its last event; `hasBegun` tells a broken one from one that never was an answer.
    static func brokenOff(hasBegun: Bool) -> ModelError {
        hasBegun
            ? ModelError(.unreachable, "the answer broke off before its end")
            : ModelError(.malformed, "the answer has no event of the vendor's format")
    }
}
