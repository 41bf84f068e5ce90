/// The value that says a series ended: a NaN with bits of its own, the same as Prometheus'.
///
/// It is never a result: selectors skip it, and an instant selector that finds it last finds nothing.
public enum StaleMarker {
    public static let value = Double(bitPattern: 0x7ff0_0000_0000_0002)

    public static func isStale(_ value: Double) -> Bool { value.bitPattern == Self.value.bitPattern }
}
