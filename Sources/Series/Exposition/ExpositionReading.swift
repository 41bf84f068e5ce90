public import Model

extension Exposition.Format {
    /// The format of a file whose content type nobody told: OpenMetrics where it ends with `# EOF`, text otherwise.
    public init(guessing body: UnsafeRawBufferPointer) {
        let end = body.reversed().drop { $0 == 10 }.prefix(5).reversed()
        self = end.elementsEqual("# EOF".utf8) ? .openMetrics : .text
    }
}

/// What an exposition holds, counted.
public struct ExpositionSummary: Sendable, Hashable, CustomStringConvertible {
    public private(set) var samples = 0
    public private(set) var series = 0
    /// Of the finite values.
    public var sum: Double { total.total }
    private var total = CompensatedSum()

    /// Reads the body, every series' labels included.
    public init(
        of body: UnsafeRawBufferPointer, format: Exposition.Format, limits: Exposition.Limits = .init()
    ) throws(Fault) {
        var known = SeriesCache<Bool>()
        var distinct: Set<Labels> = []
        try Exposition.parse(body, format: format, limits: limits) { item throws(Fault) in
            samples += 1
            if item.value.isFinite { total.add(item.value) }
            if known.find(item.series) == nil {
                known.insert(item.series, true)
                distinct.insert(try item.labels())
            }
        }
        series = distinct.count
    }

    /// `samples=N series=N sum=X`
    public var description: String { "samples=\(samples) series=\(series) sum=\(NumberText.json(sum))" }

    public static func == (left: ExpositionSummary, right: ExpositionSummary) -> Bool {
        left.description == right.description
    }
    public func hash(into hasher: inout Hasher) { hasher.combine(description) }
}

extension SeriesStore {
    /// A store of all that an exposition with timestamps recorded; a sample without one is of the time `at`.
    ///
    /// Samples of a series may come in any order. Nothing is forgotten.
    public init(
        recorded body: UnsafeRawBufferPointer, format: Exposition.Format, at time: Timestamp,
        limits: Exposition.Limits = .init()
    ) throws(Fault) {
        self.init(retention: .seconds(1 << 40), memory: ByteSize(bytes: .max))
        var known = SeriesCache<Labels>()
        var recorded: [Labels: [Sample]] = [:]
        try Exposition.parse(body, format: format, limits: limits) { item throws(Fault) in
            var labels = known.find(item.series)
            if labels == nil {
                let read = try item.labels()
                known.insert(item.series, read)
                labels = read
            }
            let sample = Sample(milliseconds: item.milliseconds ?? time.milliseconds, value: item.value)
            if let labels { recorded[labels, default: []].append(sample) }
        }
        for (labels, samples) in recorded {
            for sample in samples.sorted(by: { $0.milliseconds < $1.milliseconds }) { append(labels, sample) }
        }
    }
}
