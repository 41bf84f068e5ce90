internal import Model

/// How long to wait before a message is tried again.
enum Backoff {
    static let most = Duration.seconds(60)
    /// For what the receiver will not have: somebody has to mend something first.
    static let refused = Duration.seconds(900)

    /// After so many failed tries: 1 s, doubled each time up to `most`, then 25 % more or less by `random` (0 ..< 1).
    static func pause(afterTry attempt: Int, random: Double) -> Duration {
        spread(min(.seconds(1 << min(attempt - 1, 6)), most), random)
    }

    static func spread(_ duration: Duration, _ random: Double) -> Duration {
        .milliseconds(Int64(Double(duration.milliseconds) * (0.75 + random / 2)))
    }
}
