import Model

extension Function {
    static let windowFunctions: [Function] = [
        window("rate") { Rate.extrapolated($0, isCounter: true, perSecond: true) },
        window("increase") { Rate.extrapolated($0, isCounter: true, perSecond: false) },
        window("delta") { Rate.extrapolated($0, isCounter: false, perSecond: false) },
        window("irate") { Rate.instant($0, isCounter: true) },
        window("idelta") { Rate.instant($0, isCounter: false) },
        window("changes") { window in
            Double(
                zip(window.samples, window.samples.dropFirst()).count { before, after in
                    before.value != after.value && !(before.value.isNaN && after.value.isNaN)
                })
        },
        window("resets") { window in
            Double(zip(window.samples, window.samples.dropFirst()).count { $1.value < $0.value })
        },
        window("avg_over_time") { window in
            var mean = Mean(first: window.first.value)
            for sample in window.samples.dropFirst() { mean.add(sample.value) }
            return mean.value
        },
        window("sum_over_time") { window in
            var sum = CompensatedSum()
            for sample in window.samples { sum.add(sample.value) }
            return sum.total
        },
        window("min_over_time") { window in
            window.samples.reduce(window.first.value) { $1.value < $0 || $0.isNaN ? $1.value : $0 }
        },
        window("max_over_time") { window in
            window.samples.reduce(window.first.value) { $1.value > $0 || $0.isNaN ? $1.value : $0 }
        },
        window("count_over_time") { Double($0.count) },
        window("last_over_time") { $0.last.value },
        window("first_over_time") { $0.first.value },
        window("present_over_time") { _ in 1 },
        window("stdvar_over_time") { variance($0) },
        window("stddev_over_time") { variance($0).squareRoot() },
        window("mad_over_time") { window in
            let values = window.values
            guard !values.contains(where: \.isNaN) else { return .nan }
            let median = Numbers.quantile(0.5, of: values)
            return Numbers.quantile(0.5, of: values.map { abs($0 - median) })
        },
        Function(
            "quantile_over_time", [.scalar, .matrix], .window { Numbers.quantile($1[0], of: $0.values) }),
        window("deriv") { $0.count < 2 ? nil : Regression($0.samples, origin: $0.first.milliseconds).slope },
        Function(
            "predict_linear", [.matrix, .scalar],
            .window { window, scalars in
                guard window.count >= 2 else { return nil }
                let line = Regression(window.samples, origin: window.evaluated)
                return line.slope * scalars[0] + line.intercept
            }),
        Function("double_exponential_smoothing", [.matrix, .scalar, .scalar], .window(smoothed)),
    ]

    private static func window(_ name: String, _ compute: @escaping @Sendable (Window) -> Double?) -> Function {
        Function(name, [.matrix], .window { window, _ in compute(window) })
    }

    private static func variance(_ window: Window) -> Double {
        var count = 0.0
        var mean = CompensatedSum()
        var squares = CompensatedSum()
        for sample in window.samples {
            count += 1
            let distance = sample.value - (mean.sum + mean.lost)
            mean.add(distance / count)
            squares.add(distance * (sample.value - (mean.sum + mean.lost)))
        }
        return (squares.sum + squares.lost) / count
    }

    /// Holt's linear trend: a level and a slope, each smoothed by its factor.
    private static func smoothed(_ window: Window, _ factors: [Double]) throws(Fault) -> Double? {
        for (name, factor) in zip(["smoothing", "trend"], factors) where !(factor > 0 && factor < 1) {
            throw Fault(
                "query.parameter", "the \(name) factor must lie between 0 and 1, not \(NumberText.message(factor))")
        }
        guard window.count >= 2 else { return nil }
        let values = window.values
        var level = values[0]
        var slope = values[1] - values[0]
        for value in values.dropFirst() {
            let next = factors[0] * value + (1 - factors[0]) * (level + slope)
            slope = factors[1] * (next - level) + (1 - factors[1]) * slope
            level = next
        }
        return level
    }
}
