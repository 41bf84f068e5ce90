import FoundationEssentials
public import Model

extension LocalForge {
    public enum Reception: String, Sendable, Codable {
        case made
        /// The branch was there already, with this very commit.
        case known
        /// The branch had the commit that the offer said it would replace.
        case replaced
    }

    /// Takes an offered commit in as branch `nightshift/ITEM`, and touches no other branch.
    ///
    /// The pack comes from the process that talks to models: git checks every object and link of it before the branch
    /// moves. May be called again after a death at any point.
    /// - Throws: `repository.branch-conflict` where the branch has another commit than the offer knows;
    ///   `repository.offer` where the pack does not hold what it should.
    public func receive(_ offer: BranchOffer, as item: ItemName) async throws(Fault) -> Reception {
        let branch = item.branch
        let now = try await git.reference(branch.reference, in: repository)
        if now == offer.commit { return .known }
        guard now == nil || now == offer.replacing else { throw conflict(branch, now) }
        try await unpack(offer)
        let answer = try await git.run(
            ["update-ref", branch.reference, offer.commit.text, now?.text ?? offer.commit.absent],
            Git.Setting(repository: repository, accepts: [0, 1, 128]))
        if answer.exit == 0 { return now == nil ? .made : .replaced }
        let after = try await git.reference(branch.reference, in: repository)
        if after == offer.commit { return .known }
        if after != now { throw conflict(branch, after) }
        throw Fault("forge.branch", "\(branch) could not be moved: \(answer.complaint)")
    }

    private func unpack(_ offer: BranchOffer) async throws(Fault) {
        guard offer.pack.count <= BranchOffer.packMax else {
            throw Fault("repository.offer", "a pack of \(offer.pack.count) bytes is not taken in")
        }
        let pack = try await git.run(
            ["index-pack", "--threads=1", "--stdin", "--fix-thin", "--strict"],
            Git.Setting(
                repository: repository, input: Array(offer.pack), dataMax: Git.readingMax, accepts: [0, 1, 128]))
        guard pack.exit == 0 else {
            throw Fault("repository.offer", "what is offered is not a whole change: \(pack.complaint)")
        }
        // Every object that the commit reaches must be here now.
        let whole = try await git.run(
            ["rev-list", "--objects", "--quiet", offer.commit.text, "--not", "--all", "--"],
            Git.Setting(repository: repository, accepts: [0, 1, 128]))
        guard whole.exit == 0 else {
            throw Fault("repository.offer", "\(offer.commit.short) is not in what is offered: \(whole.complaint)")
        }
    }

    private func conflict(_ branch: BranchName, _ theirs: CommitID?) -> Fault {
        Fault(
            "repository.branch-conflict",
            "the branch \(branch) has changed in \(repository): it is at \(theirs?.short ?? "nothing") now",
            hint: "Look at it there; nothing of ours was put there")
    }
}

extension CommitID {
    /// As git writes that there is no commit.
    fileprivate var absent: String { String(repeating: "0", count: text.utf8.count) }
}
