import HTTPClient
import Model
import Testing

@testable import Agents

@Suite struct RetryHintTests {
    private func hint(_ headers: [(String, String)]) -> Duration? {
        RetryHint.read(
            HTTPResponse(
                status: 429, headers: headers.map { (name: $0.0, value: $0.1) }, began: Timestamp(microseconds: 0),
                duration: .zero))
    }

    static let now = ("Date", "Wed, 21 Oct 2015 07:28:00 GMT")

    static let cases: [([(String, String)], Duration?)] = [
        ([], nil), ([("Retry-After", "30")], .seconds(30)), ([("retry-after", "1.5")], .milliseconds(1500)),
        ([("Retry-After", "0")], .zero), ([("Retry-After-Ms", "250"), ("Retry-After", "30")], .milliseconds(250)),
        ([("Retry-After", "Wed, 21 Oct 2015 07:29:30 GMT"), now], .seconds(90)),
        ([("Retry-After", "Sat, 24 Oct 2015 07:28:00 GMT"), now], RetryHint.most),
        ([("Retry-After", "Wed, 21 Oct 2015 07:27:00 GMT"), now], .zero),
        ([("Retry-After", "Wed, 21 Oct 2015 07:29:30 GMT")], nil),
        ([("Retry-After", "Mon, 29 Feb 2016 00:00:10 GMT"), ("Date", "Sun, 28 Feb 2016 23:59:50 GMT")], .seconds(20)),
        ([("Retry-After", "Fri, 01 Jan 2027 00:00:05 GMT"), ("Date", "Thu, 31 Dec 2026 23:59:55 GMT")], .seconds(10)),
        ([("Retry-After", "soon"), now], nil), ([("Retry-After", "-5")], nil), ([("Retry-After", "1e9")], nil),
        ([("Retry-After", "99999999999999999999")], RetryHint.most), ([("Retry-After", "nan")], nil),
        ([("x-ratelimit-remaining-requests", "0"), ("x-ratelimit-reset-requests", "6m0s")], .seconds(360)),
        ([("x-ratelimit-remaining-requests", "5"), ("x-ratelimit-reset-requests", "6m0s")], nil),
        (
            [
                ("x-ratelimit-remaining-requests", "0"), ("x-ratelimit-reset-requests", "120ms"),
                ("x-ratelimit-remaining-tokens", "0"), ("x-ratelimit-reset-tokens", "1m2.5s"),
            ], .milliseconds(62_500)
        ),
        ([("x-ratelimit-remaining-tokens", "0"), ("x-ratelimit-reset-tokens", "7")], .seconds(7)),
        ([("x-ratelimit-remaining-tokens", "0"), ("x-ratelimit-reset-tokens", "7 parsecs")], nil),
        ([("x-ratelimit-remaining-tokens", "0"), ("x-ratelimit-reset-tokens", "")], nil),
        ([("x-ratelimit-remaining-tokens", "0")], nil),
    ]

    @Test(arguments: cases)
    func hintsAreUnderstood(headers: [(String, String)], expected: Duration?) { #expect(hint(headers) == expected) }
}
