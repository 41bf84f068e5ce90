/// The lines that differ between two texts: Myers' greedy algorithm ("An O(ND) Difference Algorithm", 1986), bounded.
struct LineDiff {
    /// A run of lines before that became a run of lines after; one of the two may be empty, not both.
    struct Region: Hashable {
        var before: Range<Int>
        var after: Range<Int>
    }

    /// In order; at least one equal line stands between two of them.
    let regions: [Region]

    /// Where the texts differ by more than `differencesMax` lines, all from the first to the last difference is one region.
    init(_ before: [Substring.UTF8View], _ after: [Substring.UTF8View], differencesMax: Int = 1000) {
        var numbers: [[UInt8]: Int] = [:]
        func number(_ line: Substring.UTF8View) -> Int {
            let bytes = Array(line)
            if let known = numbers[bytes] { return known }
            numbers[bytes] = numbers.count
            return numbers.count - 1
        }
        let left = before.map(number)
        let right = after.map(number)
        let shorter = min(left.count, right.count)
        var start = 0
        while start < shorter, left[start] == right[start] { start += 1 }
        var end = 0
        while end < shorter - start, left[left.count - 1 - end] == right[right.count - 1 - end] { end += 1 }
        let middle = Self.regions(
            left[start..<left.count - end], right[start..<right.count - end], differencesMax: differencesMax)
        regions = middle
    }

    private static func regions(_ left: ArraySlice<Int>, _ right: ArraySlice<Int>, differencesMax: Int) -> [Region] {
        guard !left.isEmpty, !right.isEmpty else {
            return left.isEmpty && right.isEmpty ? [] : [Region(before: left.indices, after: right.indices)]
        }
        guard let trace = trace(left, right, differencesMax: differencesMax) else {
            return [Region(before: left.indices, after: right.indices)]
        }
        var steps: [Region] = []
        var x = left.count
        var y = right.count
        for d in stride(from: trace.count - 1, to: 0, by: -1) {
            let reached = trace[d - 1]
            let k = x - y
            let down = k == -d || (k != d && reached[k - 1 + d] < reached[k + 1 + d])
            let fromX = down ? reached[k + 1 + d] : reached[k - 1 + d]
            let fromY = fromX - (down ? k + 1 : k - 1)
            let at = Region(
                before: left.startIndex + fromX..<left.startIndex + fromX + (down ? 0 : 1),
                after: right.startIndex + fromY..<right.startIndex + fromY + (down ? 1 : 0))
            steps.append(at)
            x = fromX
            y = fromY
        }
        return joined(steps.reversed())
    }

    /// For each number of differences d the furthest x on diagonal k, at index k + d + 1; nil beyond the bound.
    private static func trace(_ left: ArraySlice<Int>, _ right: ArraySlice<Int>, differencesMax: Int) -> [[Int]]? {
        let a = Array(left)
        let b = Array(right)
        var trace: [[Int]] = []
        for d in 0...min(differencesMax, a.count + b.count) {
            var reached = [Int](repeating: -1, count: 2 * d + 3)
            for k in stride(from: -d, through: d, by: 2) {
                var x = 0
                if d > 0, let last = trace.last {
                    let down = k == -d || (k != d && last[k - 1 + d] < last[k + 1 + d])
                    x = down ? last[k + 1 + d] : last[k - 1 + d] + 1
                }
                var y = x - k
                while x < a.count, y < b.count, y >= 0, a[x] == b[y] {
                    x += 1
                    y += 1
                }
                reached[k + d + 1] = x
                if x >= a.count, y >= b.count {
                    trace.append(reached)
                    return trace
                }
            }
            trace.append(reached)
        }
        return nil
    }

    private static func joined(_ steps: [Region]) -> [Region] {
        var regions: [Region] = []
        for step in steps {
            if let last = regions.last, last.before.upperBound == step.before.lowerBound,
                last.after.upperBound == step.after.lowerBound
            {
                regions[regions.count - 1].before = last.before.lowerBound..<step.before.upperBound
                regions[regions.count - 1].after = last.after.lowerBound..<step.after.upperBound
            } else {
                regions.append(step)
            }
        }
        return regions
    }
}
