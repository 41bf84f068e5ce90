import Delivery
import Model

extension WorkTask {
    /// Takes a commit in as the branch of the task's item: only that of the step that commits, and no other branch.
    ///
    /// - Throws: `repository.offer`, and what `LocalForge.receive` throws.
    func takeIn(_ offer: BranchOffer, git: Git?) async throws(Fault) {
        guard case .repository(.commit) = step, let project, let git else {
            throw Fault("repository.offer", "\(key) has no branch to offer")
        }
        let forge = try await LocalForge(project.repository, git: git)
        _ = try await forge.receive(offer, as: try ItemName(item))
    }
}
