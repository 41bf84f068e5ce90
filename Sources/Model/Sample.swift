/// One value of a series at a time (milliseconds since the epoch).
public struct Sample: Hashable, Sendable {
    public var milliseconds: Int64
    public var value: Double

    public init(milliseconds: Int64, value: Double) {
        self.milliseconds = milliseconds
        self.value = value
    }
}
