import Glibc
import Model
import Testing
import Text

@testable import Delivery

/// The agents' process is killed in the middle of a step: handed out again, all steps give what they would have given.
@Suite struct RepositoryDeathTests {
    private static func outcomes(
        _ desk: RepositoryDesk, _ project: Project
    ) async -> [Outcome] {
        var outcomes: [Outcome] = []
        for (path, work) in RepositoryStage.way {
            outcomes.append(await desk.perform(.sample(path, project: project), work))
        }
        return outcomes
    }

    /// A git that counts its calls, and kills its caller at call number `death`, before or after doing it.
    private static func mortal(_ stage: RepositoryStage, death: Int, isAfter: Bool) throws -> String {
        let folder = stage.repository.folder
        try folder.write(
            """
            #!/bin/sh
            echo >> \(folder.path)/count
            if [ $(wc -l < \(folder.path)/count) -eq \(death) ]; then
                \(isAfter ? "/usr/bin/git \"$@\" > /dev/null 2>&1" : ":")
                kill -9 $PPID
                exit 99
            fi
            exec /usr/bin/git "$@"
            """, to: "git", mode: 0o755)
        return folder.path + "/git"
    }

    @Test func anyCallMayBeTheLast() async throws {
        let whole = try await RepositoryStage()
        var desk = try await whole.desk()
        desk.git = try Git(programs: [try Self.mortal(whole, death: 0, isAfter: false)])
        let expected = await Self.outcomes(desk, whole.project)
        try #require(expected.allSatisfy { $0.result != nil }, "\(expected)")
        let branch = try await whole.branch()
        let calls = try whole.repository.folder.read("count").utf8.count
        #expect(calls > 50)
        // All where that is asked for, else a few.
        let stride = getenv("NIGHTSHIFT_EVERY_DEATH") == nil ? calls / 3 : 1
        for death in Swift.stride(from: stride / 2 + 1, through: calls, by: stride) {
            let stage = try await RepositoryStage()
            let git = try Self.mortal(stage, death: death, isAfter: death % 2 == 0)
            let (project, state) = (stage.project, stage.repository.state)
            await #expect(processExitsWith: .signal(SIGKILL), "call \(death) of \(calls)") {
                [project = project as Project, state = state as String, git = git as String] in
                var desk = RepositoryDesk(
                    line: FakeDaemon(repository: project.repository), state: state,
                    sandbox: .success(try await Sandbox.open()), masking: try Masking(), clock: quickClock())
                desk.git = try Git(programs: [git])
                _ = await Self.outcomes(desk, project)
            }
            #expect(await Self.outcomes(try await stage.desk(), project) == expected, "died at call \(death)")
            #expect(try await stage.branch() == branch, "died at call \(death)")
        }
    }
}
