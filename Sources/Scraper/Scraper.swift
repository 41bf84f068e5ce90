public import HTTPClient
public import Model

/// Scrapes every target of the configs at its own times; none waits for another.
public struct Scraper: Sendable {
    private let targets: [ScrapeTarget]
    private let client: HTTPClient
    private let clock: HostClock

    public init(_ configs: [ScrapeConfig], client: HTTPClient, clock: HostClock) {
        targets = ScrapeTarget.all(configs)
        self.client = client
        self.clock = clock
    }

    /// The labels of each target: those that `Scrape.target` will have.
    public var targetLabels: [Labels] { targets.map(\.labels) }

    /// Delivers each scrape, good or failed, until the task is cancelled; returns at once where there is no target.
    ///
    /// Several targets may deliver at a time; a target's next scrape begins when its last one has been taken.
    public func run(_ deliver: @escaping @Sendable (Scrape) async -> Void) async {
        await withDiscardingTaskGroup { group in
            for target in targets {
                group.addTask {
                    var worker = TargetScraper(target, client: client, clock: clock)
                    while let scrape = await worker.next() { await deliver(scrape) }
                }
            }
        }
    }
}
