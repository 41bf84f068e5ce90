import Model

/// A function of PromQL: what it takes, what it gives, and how it is computed.
struct Function: Sendable {
    enum Body: Sendable {
        /// Each element of the vector by itself, with the scalar arguments; nil leaves the element out.
        case elements(@Sendable (Double, [Double]) -> Double?)
        /// Each series' samples in its window, with the scalar arguments; nil leaves the series out.
        case window(@Sendable (Window, [Double]) throws(Fault) -> Double?)
        /// A part of a date, of the vector's values or of the time of evaluation.
        case date(@Sendable (CalendarDate) -> Double)
        /// The evaluator knows it by name.
        case special(Special)
    }

    enum Special: Sendable {
        case absent, absentOverTime, scalar, vector, time, pi, timestamp, sort, sortDescending
        case labelReplace, labelJoin, histogramQuantile, histogramFraction
    }

    let name: String
    let arguments: [ValueType]
    /// How many arguments, from the end, may be missing; nil: the last one may come any number of times, or never.
    let optional: Int?
    let returns: ValueType
    let body: Body

    init(
        _ name: String, _ arguments: [ValueType], optional: Int? = 0, returns: ValueType = .vector, _ body: Body
    ) {
        self.name = name
        self.arguments = arguments
        self.optional = optional
        self.returns = returns
        self.body = body
    }

    func accepts(_ count: Int) -> Bool {
        count >= arguments.count - (optional ?? 1) && (optional == nil || count <= arguments.count)
    }

    var expectedCount: String {
        let least = arguments.count - (optional ?? 1)
        let most = arguments.count
        if optional == nil { return "at least \(least) arguments" }
        if least == most { return most == 1 ? "one argument" : "\(most) arguments" }
        return "\(least) to \(most) arguments"
    }

    static let all: [String: Function] = Dictionary(
        uniqueKeysWithValues: (elementFunctions + windowFunctions + dateFunctions + specialFunctions)
            .map { ($0.name, $0) })

    /// Prometheus has them; most are experimental there or concern native histograms.
    static let notInThisVersion: Set<String> = [
        "end", "histogram_avg", "histogram_count", "histogram_quantiles", "histogram_stddev", "histogram_stdvar",
        "histogram_sum", "info", "max_of", "min_of", "range", "sort_by_label", "sort_by_label_desc", "start",
        "start_timestamp", "step", "ts_of_first_over_time", "ts_of_last_over_time", "ts_of_max_over_time",
        "ts_of_min_over_time",
    ]

    private static let specialFunctions: [Function] = [
        Function("absent", [.vector], .special(.absent)),
        Function("absent_over_time", [.matrix], .special(.absentOverTime)),
        Function("scalar", [.vector], returns: .scalar, .special(.scalar)),
        Function("vector", [.scalar], .special(.vector)),
        Function("time", [], returns: .scalar, .special(.time)),
        Function("pi", [], returns: .scalar, .special(.pi)),
        Function("timestamp", [.vector], .special(.timestamp)),
        Function("sort", [.vector], .special(.sort)),
        Function("sort_desc", [.vector], .special(.sortDescending)),
        Function("label_replace", [.vector, .string, .string, .string, .string], .special(.labelReplace)),
        Function("label_join", [.vector, .string, .string, .string], optional: nil, .special(.labelJoin)),
        Function("histogram_quantile", [.scalar, .vector], .special(.histogramQuantile)),
        Function("histogram_fraction", [.scalar, .scalar, .vector], .special(.histogramFraction)),
    ]
}
