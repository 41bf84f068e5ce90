public import Model
public import Series

/// Conditions, as guards and proofs read them: an expression that has a value, and whose every value is 1.
public enum Condition {
    /// Evaluates `text` with `bool` on its outermost comparison; nil where there is no value.
    ///
    /// Samples up to and including `newerThan` do not exist, and ranges are clipped to what is left.
    public static func holds(
        _ text: String, in source: some SeriesSource, at now: Timestamp, newerThan: Timestamp? = nil
    ) throws(Fault) -> Bool? {
        let expression: Expression
        do {
            expression = try Expression(parsing: text)
        } catch {
            throw Fault("condition.syntax", "\(text): \(error.message)")
        }
        var options = EvaluationOptions()
        options.notBefore = newerThan.map { $0.milliseconds + 1 }
        return try expression.condition().holds(in: source, at: now, options: options)
    }
}
