import Model

/// What a range selector or a subquery gives of one series: its samples after `start` up to `end`, no stale markers.
struct Window {
    let samples: ArraySlice<Sample>
    /// Milliseconds; `start` itself does not belong to the window.
    let start: Int64
    let end: Int64
    /// When the expression is evaluated; differs from `end` under `offset` and `@`.
    let evaluated: Int64

    var first: Sample { samples[samples.startIndex] }
    var last: Sample { samples[samples.endIndex - 1] }
    var count: Int { samples.count }
    var values: [Double] { samples.map(\.value) }
}
