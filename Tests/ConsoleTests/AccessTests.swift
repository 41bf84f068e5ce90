import Console
import Testing

@Suite struct AccessTests {
    let access = Access(viewers: "journal", operators: "ops", approvers: "approvers", ownUID: 500)

    static let cases: [(Access.Right, Set<String>, Bool)] = [
        (.view, [], false), (.view, ["journal"], true), (.view, ["approvers"], true),
        (.operate, ["journal"], false), (.operate, ["ops"], true), (.operate, ["approvers"], false),
        (.approve, ["ops"], false), (.approve, ["approvers"], true),
    ]

    @Test(arguments: cases)
    func aRightBelongsToItsGroup(right: Access.Right, groups: Set<String>, may: Bool) {
        let peer = Peer(uid: 1000, name: "ada", groups: groups)
        #expect((access.refusal(of: right, for: peer) == nil) == may)
    }

    @Test func rootAndOurselvesMayAll() {
        for uid: UInt32 in [0, 500] {
            let peer = Peer(uid: uid, name: "x", groups: [])
            #expect(access.refusal(of: .approve, for: peer) == nil)
        }
    }

    @Test func theKernelsNumbersGetTheirNames() {
        let root = Peer.named(uid: 0, gid: 0)
        #expect(root.name == "root")
        #expect(root.groups.contains("root"))
        #expect(Peer.named(uid: 4_000_000_000, gid: 0).name == "uid 4000000000")
    }
}
