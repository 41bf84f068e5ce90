public import Model

/// Reads what a target exposes: Prometheus' text format 0.0.4 and OpenMetrics 1.0, both with names in quotes.
public enum Exposition {
    public enum Format: Sendable {
        case text, openMetrics

        /// OpenMetrics where the content type says so, text otherwise.
        public init(contentType: String?) {
            let type = contentType?.prefix { $0 != ";" }.lowercased().filter { $0 != " " }
            self = type == "application/openmetrics-text" ? .openMetrics : .text
        }
    }

    public struct Limits: Sendable {
        public var bodyBytesMax: Int
        public var lineBytesMax: Int
        public var samplesMax: Int
        /// Of one series, its name not counted.
        public var labelsMax: Int

        public init(
            bodyBytesMax: Int = 64 << 20, lineBytesMax: Int = 64 << 10, samplesMax: Int = 200_000, labelsMax: Int = 64
        ) {
            self.bodyBytesMax = bodyBytesMax
            self.lineBytesMax = lineBytesMax
            self.samplesMax = samplesMax
            self.labelsMax = labelsMax
        }
    }

    /// One sample as it stands in the body; valid only within the call that receives it.
    public struct Item {
        /// The series as written, from the name to the closing brace: the same bytes are the same series.
        public let series: UnsafeRawBufferPointer
        public let value: Double
        /// Milliseconds since the epoch, where the target gave a time.
        public let milliseconds: Int64?
        let line: Int
        let type: MetricType
        let labelsMax: Int
    }

    enum MetricType { case histogram, summary, other }

    /// Calls `each` for every sample in the body's order.
    ///
    /// Labels are read only where `each` asks an item for them: look `Item.series` up in a `SeriesCache` first. The
    /// first fault ends the reading and names its line; what was given before it stands.
    public static func parse(
        _ body: UnsafeRawBufferPointer, contentType: String?, limits: Limits = Limits(),
        each: (Item) throws(Fault) -> Void
    ) throws(Fault) {
        try parse(body, format: Format(contentType: contentType), limits: limits, each: each)
    }

    public static func parse(
        _ body: UnsafeRawBufferPointer, format: Format, limits: Limits = Limits(),
        each: (Item) throws(Fault) -> Void
    ) throws(Fault) {
        guard body.count <= limits.bodyBytesMax else {
            throw Fault(
                "exposition.size",
                "the exposition has \(body.count) bytes, more than the \(limits.bodyBytesMax) allowed")
        }
        var reader = ExpositionReader(body, format, limits)
        while let item = try reader.next() { try each(item) }
    }
}

extension Exposition.Item {
    /// The series' labels, `__name__` among them.
    ///
    /// `le` of a histogram's bucket and `quantile` of a summary are written as Prometheus 3 writes them: `1` is `1.0`.
    public func labels() throws(Fault) -> Labels {
        var scanner = SeriesScanner(series, line: line)
        let pairs = try scanner.pairs(labelsMax: labelsMax)
        var values: [String: String] = [:]
        for (name, value) in pairs {
            let isNumber = type == .histogram && name == "le" || type == .summary && name == "quantile"
            let text = isNumber ? NumberText.labelValue(value) : value
            guard values.updateValue(text, forKey: name) == nil else {
                throw ExpositionReader.fault(line, "the label \"\(name)\" occurs twice")
            }
        }
        return Labels(values)
    }
}
