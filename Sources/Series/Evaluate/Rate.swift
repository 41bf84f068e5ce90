import Model

/// How fast a series changes over a window.
enum Rate {
    /// Prometheus' rule for `rate`, `increase` and `delta`: the change from the first to the last sample, carried on.
    ///
    /// It is carried to the ends of the window where the samples reach near them, else by half the distance between
    /// samples; a counter is never carried below zero, and each drop of it counts as a restart from zero.
    static func extrapolated(_ window: Window, isCounter: Bool, perSecond: Bool) -> Double? {
        guard window.count >= 2 else { return nil }
        var change = window.last.value - window.first.value
        if isCounter {
            for (before, after) in zip(window.samples, window.samples.dropFirst()) where after.value < before.value {
                change += before.value
            }
        }
        let sampled = seconds(window.last.milliseconds - window.first.milliseconds)
        let distance = sampled / Double(window.count - 1)
        let nearby = distance * 1.1
        var toStart = seconds(window.first.milliseconds - window.start)
        var toEnd = seconds(window.end - window.last.milliseconds)
        if toStart >= nearby { toStart = distance / 2 }
        if isCounter, change > 0, window.first.value >= 0 {
            toStart = min(toStart, sampled * (window.first.value / change))
        }
        if toEnd >= nearby { toEnd = distance / 2 }
        var factor = (sampled + toStart + toEnd) / sampled
        if perSecond { factor /= seconds(window.end - window.start) }
        return change * factor
    }

    /// `irate` and `idelta`: the last two samples only.
    static func instant(_ window: Window, isCounter: Bool) -> Double? {
        guard window.count >= 2 else { return nil }
        let last = window.last
        let before = window.samples[window.samples.endIndex - 2]
        let restarted = isCounter && last.value < before.value
        let change = restarted ? last.value : last.value - before.value
        return isCounter ? change / seconds(last.milliseconds - before.milliseconds) : change
    }

    private static func seconds(_ milliseconds: Int64) -> Double { Double(milliseconds) / 1000 }
}

/// The line that least squares draw through some samples; x is seconds after `origin`.
struct Regression {
    private(set) var slope: Double
    private(set) var intercept: Double

    init(_ samples: ArraySlice<Sample>, origin: Int64) {
        let count = Double(samples.count)
        var x = CompensatedSum()
        var y = CompensatedSum()
        var xy = CompensatedSum()
        var xx = CompensatedSum()
        for sample in samples {
            let time = Double(sample.milliseconds - origin) / 1000
            x.add(time)
            y.add(sample.value)
            xy.add(time * sample.value)
            xx.add(time * time)
        }
        if let first = samples.first?.value, samples.allSatisfy({ $0.value == first }) {
            slope = first.isInfinite ? .nan : 0
            intercept = first.isInfinite ? .nan : first
            return
        }
        let (sumX, sumY) = (x.sum + x.lost, y.sum + y.lost)
        let covariance = (xy.sum + xy.lost) - sumX * sumY / count
        let variance = (xx.sum + xx.lost) - sumX * sumX / count
        slope = covariance / variance
        intercept = sumY / count - slope * sumX / count
    }
}
