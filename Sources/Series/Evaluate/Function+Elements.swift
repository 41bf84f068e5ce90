import Glibc
import Model

extension Function {
    static let elementFunctions: [Function] = [
        element("abs") { abs($0) }, element("ceil") { $0.rounded(.up) }, element("floor") { $0.rounded(.down) },
        element("exp") { Glibc.exp($0) }, element("sqrt") { $0.squareRoot() }, element("ln") { Glibc.log($0) },
        element("log2") { Glibc.log2($0) }, element("log10") { Glibc.log10($0) },
        element("sgn") { $0 < 0 ? -1 : $0 > 0 ? 1 : $0 },
        element("sin") { Glibc.sin($0) }, element("cos") { Glibc.cos($0) }, element("tan") { Glibc.tan($0) },
        element("asin") { Glibc.asin($0) }, element("acos") { Glibc.acos($0) }, element("atan") { Glibc.atan($0) },
        element("sinh") { Glibc.sinh($0) }, element("cosh") { Glibc.cosh($0) }, element("tanh") { Glibc.tanh($0) },
        element("asinh") { Glibc.asinh($0) }, element("acosh") { Glibc.acosh($0) },
        element("atanh") { Glibc.atanh($0) },
        element("rad") { $0 * .pi / 180 }, element("deg") { $0 * 180 / .pi },
        Function(
            "round", [.vector, .scalar], optional: 1,
            .elements { value, scalars in
                let inverse = 1 / (scalars.first ?? 1)
                return (value * inverse + 0.5).rounded(.down) / inverse
            }),
        Function("clamp", [.vector, .scalar, .scalar], .elements { clamped($0, $1[0], $1[1]) }),
        Function("clamp_min", [.vector, .scalar], .elements { clamped($0, $1[0], .infinity) }),
        Function("clamp_max", [.vector, .scalar], .elements { clamped($0, -.infinity, $1[0]) }),
    ]

    static let dateFunctions: [Function] = [
        date("year") { Double($0.year) }, date("month") { Double($0.month) }, date("day_of_month") { Double($0.day) },
        date("day_of_week") { Double($0.weekday) }, date("day_of_year") { Double($0.dayOfYear) },
        date("days_in_month") { Double($0.daysInMonth) }, date("hour") { Double($0.hour) },
        date("minute") { Double($0.minute) },
    ]

    private static func element(_ name: String, _ compute: @escaping @Sendable (Double) -> Double) -> Function {
        Function(name, [.vector], .elements { value, _ in compute(value) })
    }

    private static func date(_ name: String, _ part: @escaping @Sendable (CalendarDate) -> Double) -> Function {
        Function(name, [.vector], optional: 1, .date(part))
    }

    private static func clamped(_ value: Double, _ lowest: Double, _ highest: Double) -> Double? {
        if highest < lowest { return nil }
        return Numbers.larger(lowest, Numbers.smaller(highest, value))
    }
}

/// A UTC date of the proleptic Gregorian calendar, after Howard Hinnant's `chrono`-compatible date algorithms.
struct CalendarDate: Sendable {
    let year: Int
    let month: Int
    let day: Int
    /// From 1.
    let dayOfYear: Int
    /// Sunday is 0.
    let weekday: Int
    let hour: Int
    let minute: Int

    /// Seconds since the epoch, rounded down.
    init(seconds: Int) {
        let days = Self.floorDivide(seconds, 86_400)
        let rest = seconds - days * 86_400
        hour = rest / 3600
        minute = rest / 60 % 60
        weekday = ((days + 4) % 7 + 7) % 7
        let shifted = days + 719_468
        let era = Self.floorDivide(shifted, 146_097)
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let fromMarch = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * fromMarch + 2) / 153
        day = fromMarch - (153 * shiftedMonth + 2) / 5 + 1
        month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        let leap = Self.isLeap(year)
        dayOfYear = month <= 2 ? fromMarch - 305 : fromMarch + 60 + (leap ? 1 : 0)
    }

    var daysInMonth: Int {
        switch month {
        case 2: Self.isLeap(year) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    private static func isLeap(_ year: Int) -> Bool { year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) }
    private static func floorDivide(_ value: Int, _ by: Int) -> Int {
        value / by - (value % by < 0 ? 1 : 0)
    }
}
