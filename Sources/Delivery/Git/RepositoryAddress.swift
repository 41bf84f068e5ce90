import Glibc
import Model

/// Where a repository is: an absolute path, or a URL of a kind that is allowed.
struct RepositoryAddress: Sendable, Hashable {
    let text: String
    /// The folder, where it is on this host.
    let path: String?

    init(_ text: String) throws(Fault) {
        let isPlain = text.unicodeScalars.allSatisfy { $0.value > 0x20 && $0.value != 0x7f }
        let isSSH =
            text.split(separator: ":").count == 2 && text.contains("@") && !text.contains("::")
            && !text.contains("://")
        let isKnown =
            text.hasPrefix("/") || isSSH
            || ["file:///", "https://", "ssh://"].contains { text.hasPrefix($0) }
        guard isPlain, isKnown, !text.hasPrefix("-"), text.utf8.count <= 2000 else {
            throw Fault(
                "repository.url", "\(excerpt(text)) is not a repository's address that is allowed here",
                hint: "Use an absolute path, file://, https:// or ssh://")
        }
        self.text = text
        path = text.hasPrefix("/") ? text : text.hasPrefix("file://") ? String(text.dropFirst(7)) : nil
    }

    /// - Throws: `repository.gone` where nothing is at the path.
    func check() throws(Fault) {
        guard let path else { return }
        guard access(path, F_OK) == 0 else {
            throw Fault(
                "repository.gone", "the repository \(text) is gone", hint: "Check repository.url of the project")
        }
    }

    /// What a failed talk with it means.
    func fault(_ complaint: String) -> Fault {
        let isGone = ["does not appear to be a git repository", "not found", "does not exist", "not a git repository"]
            .contains { complaint.contains($0) }
        return isGone
            ? Fault("repository.gone", "the repository \(text) is gone: \(complaint)")
            : Fault("repository.unreachable", "the repository \(text) cannot be reached: \(complaint)")
    }
}
