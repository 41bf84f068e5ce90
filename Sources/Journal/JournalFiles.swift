import CSystemd
import Glibc
import Model

/// The files that make up a journal, watched for two things that libsystemd keeps to itself: files that it will not read,
/// and files that went away with entries in them that nobody had read.
struct JournalFiles {
    private struct Tracked {
        var header: JournalFileHeader
        /// Held while the file is written to, so that its last state can be seen even after it was deleted.
        var descriptor: Descriptor?
        /// How many of its entries had been read, or passed over, when reading was last at the end of the journal.
        var entriesSeen: UInt64 = 0
    }

    let source: JournalSource
    /// By the file's own ID, which a renaming does not change.
    private var tracked: [JournalFileHeader.ID: Tracked] = [:]
    /// Why, by path.
    private var refused: [String: Int32] = [:]

    init(_ source: JournalSource) { self.source = source }

    /// The entries of all readable files together; a copy in two files counts twice.
    var entries: Int { tracked.values.reduce(0) { $0 + Int(clamping: $1.header.entries) } }
    func isRefused(_ path: String) -> Bool { refused[path] != nil }
    /// Why nothing at all can be read; nil where something can, or where there is nothing.
    var refusalOfAll: Int32? { tracked.isEmpty ? refused.values.first : nil }

    /// Looks which files there are now.
    ///
    /// - Parameter place: how far reading has come.
    /// - Returns: what cannot be read, each file once, and what vanished unread.
    mutating func scan(readTo place: JournalPlace?, since: Timestamp?) -> [JournalGap] {
        var gaps: [JournalGap] = []
        var present: Set<JournalFileHeader.ID> = []
        var doubtful = look(at: paths(), &present)
        // A file that journald is just making, or renaming, is whole a moment later.
        for _ in 0..<2 where doubtful.contains(where: { refused[$0.path] == nil }) {
            usleep(25_000)
            doubtful = look(at: doubtful.map(\.path), &present)
        }
        for (path, result) in doubtful where refused.updateValue(result, forKey: path) == nil {
            gaps.append(
                JournalGap(
                    from: place ?? JournalPlace(), reason: .unreadable,
                    text: "\(path) is skipped: \(JournalHandle.reason(result))"))
        }
        for (id, file) in tracked where !present.contains(id) {
            // A file that was renamed while we looked still has a name.
            if let descriptor = file.descriptor, !descriptor.isDeleted { continue }
            tracked[id] = nil
            let last = file.descriptor.flatMap { JournalFileHeader($0) } ?? file.header
            let unread = last.entries > file.entriesSeen ? last.entries - file.entriesSeen : 0
            guard unread > 0, last.newest > (place?.at ?? since ?? Timestamp(microseconds: 0)) else { continue }
            gaps.append(
                JournalGap(
                    from: place ?? JournalPlace(), to: JournalPlace(at: last.newest), reason: .vacuumed,
                    count: file.entriesSeen > 0 ? Int(clamping: unread) : nil,
                    text: "a journal file was removed before all of it was read"))
        }
        return gaps
    }

    /// Tracks those that can be read; returns the others.
    private mutating func look(
        at paths: [String], _ present: inout Set<JournalFileHeader.ID>
    ) -> [(path: String, result: Int32)] {
        var doubtful: [(path: String, result: Int32)] = []
        for path in paths {
            let descriptor = Descriptor(path)
            let header = descriptor.flatMap { JournalFileHeader($0) }
            if header.flatMap({ tracked[$0.id] }) == nil, let result = JournalHandle.refusal(ofFile: path) {
                // Gone while we looked: no trouble.
                if result != -ENOENT { doubtful.append((path, result)) }
                continue
            }
            refused[path] = nil
            guard let header, let descriptor else { continue }
            present.insert(header.id)
            tracked[header.id, default: Tracked(header: header)].header = header
            tracked[header.id]?.descriptor = header.isArchived ? nil : descriptor
        }
        return doubtful
    }

    /// How many entries each file has now; taken before reading on, and given to `noteEnd` when the end was reached.
    mutating func count() -> [JournalFileHeader.ID: UInt64] {
        for (id, file) in tracked {
            guard let descriptor = file.descriptor, let header = JournalFileHeader(descriptor) else { continue }
            tracked[id]?.header = header
        }
        return tracked.mapValues(\.header.entries)
    }

    /// All entries counted have been read or passed over.
    mutating func noteEnd(_ counted: [JournalFileHeader.ID: UInt64]) {
        for (id, entries) in counted { tracked[id]?.entriesSeen = entries }
    }

    private func paths() -> [String] {
        switch source {
        case .files(let paths): return paths
        case .directory(let path): return Self.journals(in: path, prefixes: nil, descending: true)
        case .system: return Self.local { Self.journals(in: $0, prefixes: ["system"], descending: false) }
        case .user:
            let user = getuid()
            let prefixes = ["user-\(user)"] + (user < 1000 ? ["system"] : [])
            return Self.local { Self.journals(in: $0, prefixes: prefixes, descending: false) }
        }
    }

    private static func local(_ list: (String) -> [String]) -> [String] {
        var machine = sd_id128_t()
        guard sd_id128_get_machine(&machine) >= 0 else { return [] }
        let id = withUnsafeBytes(of: machine) { bytes in
            bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        }
        return ["/var/log/journal/\(id)", "/run/log/journal/\(id)"].flatMap(list)
    }

    private static func journals(in directory: String, prefixes: [String]?, descending: Bool) -> [String] {
        names(in: directory).sorted().flatMap { name -> [String] in
            let path = "\(directory)/\(name)"
            if name.hasSuffix(".journal") || name.hasSuffix(".journal~") {
                let isWanted =
                    prefixes?.contains { name.hasPrefix($0 + ".journal") || name.hasPrefix($0 + "@") } ?? true
                return isWanted ? [path] : []
            }
            let isMachine = name.utf8.count >= 32 && name.utf8.prefix(32).allSatisfy(isHexadecimal)
            return descending && isMachine ? journals(in: path, prefixes: prefixes, descending: false) : []
        }
    }

    private static func isHexadecimal(_ byte: UInt8) -> Bool { (48...57).contains(byte) || (97...102).contains(byte) }

    /// Empty for a directory that cannot be listed: libsystemd says why when it opens it.
    private static func names(in directory: String) -> [String] {
        guard let listing = opendir(directory) else { return [] }
        defer { closedir(listing) }
        var names: [String] = []
        while let entry = readdir(listing) {
            names.append(
                withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                    String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
                })
        }
        return names
    }
}

/// What the first bytes of a journal file say, after systemd's documented file format.
struct JournalFileHeader {
    typealias ID = [UInt8]

    let id: ID
    let isArchived: Bool
    let entries: UInt64
    let newest: Timestamp

    init?(_ descriptor: Descriptor) {
        let bytes = descriptor.read(208)
        guard bytes.count == 208, bytes.starts(with: "LPKSHHRH".utf8) else { return nil }
        func number(at offset: Int) -> UInt64 {
            bytes[offset..<offset + 8].reversed().reduce(0) { $0 << 8 | UInt64($1) }
        }
        id = Array(bytes[24..<40])
        isArchived = bytes[16] == 2
        // A damaged header may say anything; an entry takes at least 64 bytes.
        entries = min(number(at: 152), descriptor.size / 64)
        newest = Timestamp(microseconds: Int64(clamping: number(at: 192)))
    }
}

/// A file open for reading, closed when the last reference goes.
final class Descriptor {
    private let number: Int32

    init?(_ path: String) {
        number = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        if number < 0 { return nil }
    }

    deinit { close(number) }

    func read(_ count: Int) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            filled = max(0, pread(number, buffer.baseAddress, count, 0))
        }
    }

    var size: UInt64 { status.map { UInt64(clamping: $0.st_size) } ?? 0 }
    var isDeleted: Bool { status.map { $0.st_nlink == 0 } ?? false }

    private var status: stat? {
        var status = stat()
        return fstat(number, &status) == 0 ? status : nil
    }
}
