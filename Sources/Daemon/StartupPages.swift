import Glibc
import Model

/// Code that only the start has needed.
enum StartupPages {
    /// Lets go of all pages of code: what is used comes back at its next use, from the kernel's cache of the file.
    ///
    /// Only mappings that are executable and read-only, to which nothing can have been written; so nothing is lost.
    static func giveBack() {
        for line in TextFile.lines("/proc/self/maps") {
            let words = line.split(separator: " ")
            guard words.count >= 6, words[1] == "r-xp", words[5].hasPrefix("/") else { continue }
            let ends = words[0].split(separator: "-").compactMap { UInt(String($0), radix: 16) }
            guard ends.count == 2, ends[1] > ends[0], let begin = UnsafeMutableRawPointer(bitPattern: ends[0]) else {
                continue
            }
            // A refusal costs memory and nothing else.
            _ = madvise(begin, Int(ends[1] - ends[0]), MADV_DONTNEED)
        }
    }
}
