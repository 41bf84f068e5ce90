import Model

/// How far a value is from the recent past of its own series: a robust z-score by median and MAD.
///
/// After Iglewicz and Hoaglin, "How to Detect and Handle Outliers" (1993): the distance from the median in units of
/// 1.4826 MAD, or of 1.2533 mean absolute deviations where more than half of the past is one value. The unit is at
/// least a hundredth of the median, so that a flat series does not make noise an anomaly.
struct RobustScore: Hashable, Sendable {
    let median: Double
    let spread: Double
    /// Above zero for a value above the median; infinite where the past knows no spread at all.
    let score: Double

    /// Nil for an empty past.
    init?(_ value: Double, past: [Double]) {
        guard !past.isEmpty else { return nil }
        let median = Self.median(past)
        let deviations = past.map { abs($0 - median) }
        let middle = Self.median(deviations)
        let mean = deviations.reduce(0, +) / Double(deviations.count)
        self.median = median
        spread = max(middle > 0 ? 1.4826 * middle : 1.2533 * mean, abs(median) / 100)
        let distance = value - median
        score = distance == 0 ? 0 : distance / spread
    }

    private static func median(_ values: [Double]) -> Double {
        let sorted = values.sorted()
        let middle = sorted.count / 2
        return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
    }
}

/// The recent past of each element of an anomaly rule's expression.
struct AnomalyHistory: Sendable {
    struct Value: Hashable, Sendable, Codable {
        var at: Timestamp
        var value: Double
    }

    private(set) var series: [Labels: [Value]] = [:]
    /// Elements that were not learned because there were too many.
    private(set) var dropped = 0

    /// What is remembered, and how much of it must be known before anything is judged.
    static let window = Duration.seconds(3600)
    static let warmUp = Duration.seconds(1800)
    static let valuesMin = 20
    /// Values nearer to each other than this are not remembered: 720 of them fill the window.
    private static let spacing = Duration.seconds(5)
    private static let seriesMax = 200

    init(_ restored: [(labels: Labels, values: [Value])] = []) {
        for item in restored { series[item.labels] = item.values }
    }

    /// Scores a value by the past and then adds it to the past; nil while the past is too short.
    mutating func judge(_ labels: Labels, _ value: Double, at: Timestamp) -> RobustScore? {
        guard value.isFinite else { return nil }
        if series[labels] == nil, series.count >= Self.seriesMax {
            dropped += 1
            return nil
        }
        var past = series[labels] ?? []
        past.removeAll { $0.at >= at || at - $0.at > Self.window }
        let score = isWarm(past, at: at) ? RobustScore(value, past: past.map(\.value)) : nil
        if past.last.map({ at - $0.at >= Self.spacing }) ?? true { past.append(Value(at: at, value: value)) }
        series[labels] = past
        return score
    }

    private func isWarm(_ past: [Value], at: Timestamp) -> Bool {
        guard past.count >= Self.valuesMin, let first = past.first else { return false }
        return at - first.at >= Self.warmUp
    }

    /// Forgets series whose past is over; says how far those are that cannot be judged yet.
    mutating func tidy(at: Timestamp) -> String? {
        series = series.filter { _, past in past.last.map { at - $0.at <= Self.window } ?? false }
        let cold = series.values.filter { !isWarm($0, at: at) }
        guard let youngest = cold.compactMap({ $0.first?.at }).max() else { return nil }
        let known = min(at - youngest, Self.warmUp)
        return
            "warming up: \(cold.count) of \(series.count) series cannot be judged yet; knows \(known.literal) of \(Self.warmUp.literal)"
    }
}

extension AnomalyCondition {
    /// Whether a score is an anomaly.
    func isAnomaly(_ score: Double) -> Bool {
        switch direction {
        case .up: score > sensitivity.limit
        case .down: score < -sensitivity.limit
        case .both: abs(score) > sensitivity.limit
        }
    }
}

extension AnomalyCondition.Sensitivity {
    /// The robust z-score beyond which a value is an anomaly.
    ///
    /// For independent, normal values and an evaluation each 15 s, 4 is about one false alarm a week; real series have
    /// longer tails, so the steps leave room. They are not calibrated to an exact rate of false alarms.
    var limit: Double {
        switch self {
        case .low: 8
        case .medium: 6
        case .high: 4
        }
    }
}
