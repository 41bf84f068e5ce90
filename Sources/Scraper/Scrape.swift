public import Model

/// What one scrape of one target brought.
public struct Scrape: Sendable {
    /// `job`, `instance` and what the settings add.
    public var target: Labels
    /// Without secrets.
    public var url: String
    /// The time of the samples to which the target gave none.
    public var began: Timestamp
    public var duration: Duration
    public var up: Bool
    /// Why `up` is false.
    public var fault: Fault?
    /// `up`, `scrape_duration_seconds` and the other series about the scrape among them.
    public var samples: [(Labels, Sample)]
    /// Series that were there with the scrape before and are gone: they get a stale marker at `began`.
    public var stale: [Labels]
}
