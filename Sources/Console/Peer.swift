import Glibc
public import Model
import NIOCore

/// Who is at the other end of a unix socket, by the kernel's word.
public struct Peer: Sendable, Hashable {
    public var uid: UInt32
    public var name: String
    public var groups: Set<String>

    public init(uid: UInt32, name: String, groups: Set<String>) {
        self.uid = uid
        self.name = name
        self.groups = groups
    }
}

/// Which groups may do what; root and the daemon's own user may read and operate, and approve.
public struct Access: Sendable, Hashable {
    public enum Right: String, Sendable { case view, operate, approve }

    public var viewers: String
    public var operators: String
    public var approvers: String
    public var ownUID: UInt32

    public init(viewers: String, operators: String, approvers: String, ownUID: UInt32) {
        self.viewers = viewers
        self.operators = operators
        self.approvers = approvers
        self.ownUID = ownUID
    }

    /// Nil when the peer has the right; else the sentence that says whose it is.
    public func refusal(of right: Right, for peer: Peer) -> Fault? {
        if peer.uid == 0 || peer.uid == ownUID { return nil }
        let wanted: [String] =
            switch right {
            case .view: [viewers, operators, approvers]
            case .operate: [operators]
            case .approve: [approvers]
            }
        if !peer.groups.isDisjoint(with: wanted) { return nil }
        return Fault(
            "access.denied", "\(peer.name) may not \(right.rawValue) here",
            hint: "Members of the group \(wanted.joined(separator: " or ")) may.")
    }
}

extension Peer {
    /// The kernel's credentials of the process that connected (SO_PEERCRED), with all groups of its user.
    static func of(_ channel: any Channel) async throws -> Peer {
        guard let provider = channel as? any SocketOptionProvider else {
            throw Fault("access.unknown", "This connection does not say who is at its other end")
        }
        let credentials: Credentials = try await provider.unsafeGetSocketOption(
            level: .init(rawValue: SOL_SOCKET), name: .init(rawValue: SO_PEERCRED)
        ).get()
        return named(uid: credentials.uid, gid: credentials.gid)
    }

    /// Linux' `struct ucred`, which Glibc's module leaves out.
    private struct Credentials {
        var pid: Int32 = 0
        var uid: UInt32 = 0
        var gid: UInt32 = 0
    }

    /// Looks the user up; an unknown uid has its number as name and only the group of its process.
    public static func named(uid: UInt32, gid: UInt32) -> Peer {
        var buffer = [CChar](repeating: 0, count: 16_384)
        var entry = passwd()
        var found: UnsafeMutablePointer<passwd>?
        guard getpwuid_r(uid, &entry, &buffer, buffer.count, &found) == 0, found != nil else {
            return Peer(uid: uid, name: "uid \(uid)", groups: Set([groupName(gid)].compactMap { $0 }))
        }
        var ids = [gid_t](repeating: 0, count: 256)
        var count = Int32(ids.count)
        if getgrouplist(entry.pw_name, entry.pw_gid, &ids, &count) < 0 { count = Int32(ids.count) }
        let names = ids.prefix(Int(count)).compactMap(groupName) + [groupName(gid)].compactMap { $0 }
        return Peer(uid: uid, name: String(cString: entry.pw_name), groups: Set(names))
    }

    private static func groupName(_ gid: gid_t) -> String? {
        var buffer = [CChar](repeating: 0, count: 65_536)
        var entry = group()
        var found: UnsafeMutablePointer<group>?
        guard getgrgid_r(gid, &entry, &buffer, buffer.count, &found) == 0, found != nil else { return nil }
        return String(cString: entry.gr_name)
    }
}
