import Model

/// What a person should know about a result, in Prometheus' words, each said once.
struct Notes {
    private let text: String
    private(set) var warnings: [String] = []
    private(set) var infos: [String] = []

    init(_ text: String) { self.text = text }

    mutating func warn(_ message: String, _ span: Range<Int>) {
        let note = "PromQL warning: \(message) (\(place(span)))"
        if !warnings.contains(note) { warnings.append(note) }
    }

    mutating func inform(_ message: String, _ span: Range<Int>) {
        let note = "PromQL info: \(message) (\(place(span)))"
        if !infos.contains(note) { infos.append(note) }
    }

    /// `LINE:COLUMN`, from 1.
    private func place(_ span: Range<Int>) -> String {
        let before = text.utf8.prefix(span.lowerBound)
        let line = before.count { $0 == 10 } + 1
        let column = before.reversed().prefix { $0 != 10 }.count + 1
        return "\(line):\(column)"
    }

    mutating func checkQuantile(_ q: Double, _ span: Range<Int>) {
        guard !(q >= 0 && q <= 1) else { return }
        warn("quantile value should be between 0 and 1, got \(NumberText.message(q))", span)
    }

    mutating func checkCounter(_ labels: Labels, _ span: Range<Int>) {
        guard let name = labels["__name__"],
            !["_total", "_sum", "_count", "_bucket"].contains(where: name.hasSuffix)
        else { return }
        inform("metric might not be a counter, name does not end in _total/_sum/_count/_bucket: \"\(name)\"", span)
    }

    mutating func sortIsIneffective(_ span: Range<Int>) {
        warn("sort is ineffective for range queries since results are always ordered by labels", span)
    }

    mutating func badBucketLabel(_ labels: Labels, _ span: Range<Int>) {
        let of = labels["__name__"].map { " for metric name \"\($0)\"" } ?? ""
        let value = (labels["le"] ?? "").quotedForPrometheus
        warn("bucket label \"le\" is missing or has a malformed value of \(value)\(of)", span)
    }
}
