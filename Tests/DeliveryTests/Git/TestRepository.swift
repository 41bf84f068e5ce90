import FoundationEssentials
import Glibc
import Model

@testable import Delivery

/// A folder that goes away with the test.
final class TestFolder: Sendable {
    let path: String

    init() throws {
        var name = Array("/tmp/nightshift-test-XXXXXX".utf8CString)
        guard mkdtemp(&name) != nil else { throw Fault("test", "no folder in /tmp") }
        path = String(decoding: name.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        chmod(path, 0o755)
    }

    deinit {
        // What is left in /tmp harms no other test.
        try? FileManager.default.removeItem(atPath: path)
    }

    func write(_ text: String, to name: String, mode: mode_t = 0o644) throws {
        let file = "\(path)/\(name)"
        try StateFolder.make(String(file[..<file.lastIndex(of: "/")!]))
        try text.write(toFile: file, atomically: false, encoding: .utf8)
        chmod(file, mode)
    }

    func read(_ name: String) throws -> String { try String(contentsOfFile: "\(path)/\(name)", encoding: .utf8) }
    func has(_ name: String) -> Bool { access("\(path)/\(name)", F_OK) == 0 }
}

/// A bare repository with real commits, and a state directory beside it.
struct TestRepository {
    let folder: TestFolder
    let git: Git
    let path: String
    var state: String { folder.path + "/state" }
    static let date = Timestamp(parsing: "2026-11-24T03:00:00Z")!

    init(branch: String = "main") async throws {
        folder = try TestFolder()
        git = try Git()
        path = folder.path + "/project.git"
        _ = try await git.run(
            ["init", "--quiet", "--bare", "--initial-branch=\(branch)", "--template=", "--", path], Git.Setting())
    }

    /// Has a commit of a worktree taken in as its item's branch.
    @discardableResult
    func receive(
        _ commit: CommitID, of worktree: Worktree, replacing old: CommitID? = nil, by git: Git? = nil
    ) async throws(Fault) -> LocalForge.Reception {
        let forge = try await LocalForge(project().repository, git: git ?? self.git)
        return try await forge.receive(try await worktree.offer(commit, replacing: old), as: worktree.item)
    }

    /// Commits these files on top of the branch; nil removes one.
    @discardableResult
    func commit(
        _ files: [String: String?], on branch: String = "main", from parent: CommitID? = nil,
        message: String = "A commit", modes: [String: String] = [:]
    ) async throws -> CommitID {
        let tip = try await git.reference("refs/heads/" + branch, in: path)
        let parents = [parent ?? tip].compactMap { $0 }
        let index = folder.path + "/index"
        try await StateFolder.remove(index)
        if let parent = parents.first {
            _ = try await git.run(["read-tree", parent.text], Git.Setting(repository: path, index: index))
        }
        var records = ""
        for (name, text) in files.sorted(by: { $0.key < $1.key }) {
            if let text {
                let blob = try await git.run(
                    ["hash-object", "-w", "--stdin"], Git.Setting(repository: path, input: Array(text.utf8)))
                records += "\(modes[name] ?? "100644") \(blob.line)\t\(name)\n"
            } else {
                records += "0 \(String(repeating: "0", count: 40))\t\(name)\n"
            }
        }
        _ = try await git.run(
            ["update-index", "--index-info"],
            Git.Setting(repository: path, index: index, input: Array(records.utf8)))
        let tree = try await git.run(["write-tree"], Git.Setting(repository: path, index: index)).line
        let made = try await git.run(
            ["commit-tree", tree, "-m", message] + parents.flatMap { ["-p", $0.text] },
            Git.Setting(repository: path, date: Self.date))
        _ = try await git.run(["update-ref", "refs/heads/" + branch, made.line], in: path)
        return try CommitID(made.line)
    }

    func project(revision: Project.Revision = .label("revision"), branch: String = "main") -> Project {
        Project(
            name: "payments", units: ["payments.service"], repository: .init(url: path, branch: branch),
            revision: revision, paths: .init(allow: ["**"], tests: ["tests/**"], deny: []), test: ["make", "test"],
            report: .tap("-"))
    }

    func mirror() async throws -> Mirror {
        let mirror = try Mirror(of: project(), state: state, git: git)
        try await mirror.update()
        return mirror
    }

    func lines(_ arguments: [String]) async throws -> [String] {
        try await git.run(arguments, in: path).text.split(separator: "\n").map(String.init)
    }
}

/// The fault that a call throws; nil where it throws none.
func fault(_ body: () async throws -> Void) async throws -> Fault? {
    do {
        try await body()
        return nil
    } catch let fault as Fault {
        return fault
    }
}
