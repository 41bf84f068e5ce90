import CSystemd
import Glibc

/// Writes to the journal.
public enum JournalSend {
    /// Sends one entry with these fields, `MESSAGE` and `PRIORITY` among them.
    ///
    /// - Returns: false where journald did not take it; a host without journald takes everything and keeps nothing.
    @discardableResult
    public static func send(_ fields: [(String, String)]) -> Bool {
        let texts = fields.map { Array("\($0.0)=\($0.1)".utf8) }
        let sizes = texts.map(\.count)
        let bytes = texts.flatMap { $0 }
        return bytes.withUnsafeBytes { bytes in
            guard let base = bytes.baseAddress else { return false }
            var vectors: [iovec] = []
            var offset = 0
            for size in sizes {
                vectors.append(iovec(iov_base: UnsafeMutableRawPointer(mutating: base + offset), iov_len: size))
                offset += size
            }
            return sd_journal_sendv(vectors, Int32(vectors.count)) >= 0
        }
    }
}
