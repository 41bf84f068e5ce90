import Actuation
import Glibc
import Model
import Runbooks

extension ExecutorChecks {
    private static let folder = "/srv/actuation-lab"
    private static let commit = "d00d1e1f00d5"

    private static let runbook = """
        runbook: lab-deploy
        description: Deploys, for the lab.
        on: []
        parameters:
          project: {type: text, max: 48}
          revision: {type: text, max: 64}
        target: project
        mode: auto
        risk: low
        limits: {cooldown: 1ms, attempts: 10000 per 1h, concurrent: {host: 100}}
        steps:
          - name: production
            deploy: {to: production, project: '{{ $params.project }}', revision: '{{ $params.revision }}'}
            undo: {deploy: {rollback: production, project: '{{ $params.project }}'}}
        verify: {expr: 'up == 1', for: 5s, within: 1m}
        """

    /// Through the socket, by the packaged helper: the installed command as root, its rollback, and nothing else.
    func deploy() async throws {
        for folder in ["/srv", Self.folder] { mkdir(folder, 0o755) }
        try write("#!/bin/sh\necho \"$@\" >\(Self.folder)/running\n", to: Self.folder + "/deploy")
        chmod(Self.folder + "/deploy", 0o755)
        try install { request in
            request.sources = [("deploy.yaml", Self.runbook)]
            let command = [Self.folder + "/deploy", "production"]
            request.projects = [
                InstalledProject(
                    name: "payments", production: .init(deploy: command, rollback: [Self.folder + "/deploy", "back"]))
            ]
        }
        let id = "deploy\(getpid())"
        let step = key(id, "production")
        for (project, revision) in [
            ("ledger", Self.commit), ("payments", "--force"), ("payments", "d00d1e1 d00d1e2"), ("payments", "main"),
        ] {
            let answer = try await client.perform(step, try await order(id, project, revision))
            guard case .refused("project", _) = answer else { throw Failure("\(project) \(revision): \(answer)") }
        }
        for (path, wanted) in [("production", "production \(Self.commit)\n"), ("undo.production", "back\n")] {
            let step = key(id, path)
            let answer = try await client.perform(step, try await order(id, "payments", Self.commit))
            guard case .accepted = answer else { throw Failure("\(answer)") }
            guard case .done(let result) = try await client.result(of: step) else { throw Failure("\(path): not done") }
            try await client.collect(step)
            try expect(result["exit"]?.number == 0, "\(result)")
            let running = try read(Self.folder + "/running")
            try expect(running == wanted, running)
        }
        var found = stat()
        try expect(stat(Self.folder + "/running", &found) == 0, "nothing is there")
        try expect(found.st_uid == 0 && found.st_mode & 0o777 == 0o644, "\(found.st_uid) \(found.st_mode)")
    }

    private func order(_ run: String, _ project: String, _ revision: String) async throws -> Order {
        var order = try await order(run, runbook: "lab-deploy")
        order.parameters = Parameters(["project": .string(project), "revision": .string(revision)])
        return order
    }
}
