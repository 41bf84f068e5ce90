/// Follows a journal on a thread of its own and hands over batches one at a time.
public struct JournalFollower: Sendable {
    public var source: JournalSource
    public var matches: [String]
    public var start: JournalPosition
    /// The fields to deliver, asked for before each batch; nil for all.
    public var fields: @Sendable () -> Set<String>?
    public var entriesMax: Int
    public var bytesMax: Int
    /// An empty batch comes after this time without entries, as a sign that following still works.
    public var quietMax: Duration

    public init(
        source: JournalSource, matches: [String] = [], start: JournalPosition,
        fields: @escaping @Sendable () -> Set<String>? = { nil }, entriesMax: Int = 512, bytesMax: Int = 1 << 20,
        quietMax: Duration = .seconds(10)
    ) {
        self.source = source
        self.matches = matches
        self.start = start
        self.fields = fields
        self.entriesMax = entriesMax
        self.bytesMax = bytesMax
        self.quietMax = quietMax
    }

    /// Delivers batches until the task is cancelled, `take` throws, or the journal cannot be read any more.
    ///
    /// The first batch comes at once, possibly without entries, and carries `start`: where following began. The next
    /// one is read only when `take` has returned. Cancellation throws `CancellationError`; the thread has ended when
    /// this returns.
    public func run(_ take: (JournalBatch) async throws -> Void) async throws {
        let thread = try ReaderThread(self)
        do {
            while true { try await take(thread.next()) }
        } catch {
            await thread.end()
            throw error
        }
    }
}
