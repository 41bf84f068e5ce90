/// When something happened, on both clocks: the wall's, and the boot's that no one can step.
public struct Stamp: Hashable, Sendable, Codable {
    public var wall: Timestamp
    /// The kernel's random boot ID, 32 hexadecimal digits.
    public var bootID: String
    /// Time since that boot, suspended time included (CLOCK_BOOTTIME).
    public var sinceBoot: Duration

    public init(wall: Timestamp, bootID: String, sinceBoot: Duration) {
        self.wall = wall
        self.bootID = bootID
        self.sinceBoot = sinceBoot
    }

    /// Time from `earlier` to this stamp: by the boot clock within a boot, by the wall clock across boots, never negative.
    public func since(_ earlier: Stamp) -> Duration {
        bootID == earlier.bootID
            ? max(.zero, sinceBoot - earlier.sinceBoot) : max(.zero, wall - earlier.wall)
    }
}
