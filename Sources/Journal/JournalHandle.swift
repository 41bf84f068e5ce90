import CSystemd
import Glibc
import Model

/// An open `sd_journal`, closed when the last reference goes; to be used from one thread at a time.
final class JournalHandle {
    let pointer: OpaquePointer

    private init(_ pointer: OpaquePointer) { self.pointer = pointer }

    deinit { sd_journal_close(pointer) }

    static func open(_ source: JournalSource) throws(Fault) -> JournalHandle {
        var journal: OpaquePointer?
        let result: Int32
        switch source {
        case .system: result = sd_journal_open(&journal, Int32(SD_JOURNAL_LOCAL_ONLY | SD_JOURNAL_SYSTEM))
        case .user: result = sd_journal_open(&journal, Int32(SD_JOURNAL_LOCAL_ONLY | SD_JOURNAL_CURRENT_USER))
        case .directory(let path): result = sd_journal_open_directory(&journal, path, 0)
        case .files(let paths): result = open(paths: paths, into: &journal)
        }
        guard result >= 0, let journal else { throw fault(source, result) }
        return JournalHandle(journal)
    }

    /// Why libsystemd will not read this file; nil where it will.
    static func refusal(ofFile path: String) -> Int32? {
        var journal: OpaquePointer?
        let result = open(paths: [path], into: &journal)
        if let journal { sd_journal_close(journal) }
        return result < 0 ? result : nil
    }

    private static func open(paths: [String], into journal: inout OpaquePointer?) -> Int32 {
        var names: [UnsafePointer<CChar>?] = paths.map { UnsafePointer(strdup($0)) }
        defer { for name in names { free(UnsafeMutableRawPointer(mutating: name)) } }
        names.append(nil)
        return sd_journal_open_files(&journal, &names, 0)
    }

    /// What a negative result of libsystemd means for a journal, as part of a sentence.
    static func reason(_ result: Int32) -> String {
        switch -result {
        case EBADMSG: "it is not a journal file, or it is corrupt"
        case ENODATA: "it is truncated or empty"
        case EPROTONOSUPPORT: "it was written by a newer systemd"
        case EBADFD, EISDIR: "it is not a regular file"
        default: String(cString: strerror(-result))
        }
    }

    static func fault(_ source: JournalSource, _ result: Int32) -> Fault {
        Fault(
            "journal.open", "cannot open \(source): \(reason(result))",
            hint: -result == EACCES || -result == EPERM ? "Join the group systemd-journal, or run as root" : nil)
    }
}
