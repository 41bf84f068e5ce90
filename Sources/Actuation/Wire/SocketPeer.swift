import Glibc

/// Who is at the other end of a unix socket, by the kernel's word.
struct SocketPeer: Hashable, Sendable {
    var uid: UInt32
    /// All groups of the process that connected.
    var groups: Set<UInt32>

    init(uid: UInt32, groups: Set<UInt32>) {
        self.uid = uid
        self.groups = groups
    }

    /// Nil where the kernel does not say.
    init?(_ socket: Int32) {
        // struct ucred, which Swift's Glibc module leaves out.
        var credentials: (pid: Int32, uid: UInt32, gid: UInt32) = (0, 0, 0)
        var size = socklen_t(MemoryLayout.size(ofValue: credentials))
        guard getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &credentials, &size) == 0 else { return nil }
        var groups = [gid_t](repeating: 0, count: 1024)
        var bytes = socklen_t(groups.count * MemoryLayout<gid_t>.size)
        let peerGroups: Int32 = 59  // SO_PEERGROUPS, which Glibc does not name
        let isKnown = getsockopt(socket, SOL_SOCKET, peerGroups, &groups, &bytes) == 0
        let supplementary = isKnown ? groups.prefix(Int(bytes) / MemoryLayout<gid_t>.size) : []
        self.init(uid: credentials.uid, groups: Set(supplementary).union([credentials.gid]))
    }

    var name: String { Accounts.user(uid: uid)?.name ?? "uid \(uid)" }
    var person: Person { Person(uid: uid, name: name) }
}

/// Whom each socket is for.
struct Admission: Sendable {
    /// Nil where the settings name no user of this host.
    var coreUID: UInt32?
    var approverUIDs: Set<UInt32>
    var approverGroups: Set<UInt32>

    init(coreUID: UInt32?, approverUIDs: Set<UInt32> = [], approverGroups: Set<UInt32> = []) {
        self.coreUID = coreUID
        self.approverUIDs = approverUIDs
        self.approverGroups = approverGroups
    }

    init(_ settings: InstalledSettings) {
        coreUID = Accounts.user(settings.core)?.uid
        approverUIDs = Set(settings.approvers.users.compactMap { Accounts.user($0)?.uid })
        approverGroups = Set(settings.approvers.groups.compactMap { Accounts.groupID($0) })
    }

    /// exec.sock: the core's user and nobody else, root included.
    func refusalToAsk(_ peer: SocketPeer) -> String? {
        guard let coreUID else { return "there is no user to take orders from: the settings' `core` names none" }
        return peer.uid == coreUID ? nil : "\(peer.name) is not the user whose daemon gives orders"
    }

    /// approve.sock: root and the approvers, but never the core, in whatever group it is.
    func refusalToApprove(_ peer: SocketPeer) -> String? {
        if peer.uid == coreUID { return "the daemon's own user never approves" }
        if peer.uid == 0 || approverUIDs.contains(peer.uid) || !approverGroups.isDisjoint(with: peer.groups) {
            return nil
        }
        return "\(peer.name) is not among the approvers"
    }
}
