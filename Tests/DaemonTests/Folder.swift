import Foundation
import Testing

/// A directory of a test's own, removed with it.
final class Folder: Sendable {
    let path = FileManager.default.temporaryDirectory.path + "/daemon-" + UUID().uuidString

    init(_ files: [String: String] = [:]) throws {
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        for (name, text) in files { try write(name, text) }
    }

    deinit {
        try? FileManager.default.removeItem(atPath: path)  // what is left is in the temporary directory
    }

    func file(_ name: String) -> String { path + "/" + name }

    /// Writes a file, and makes the directories that it lies in.
    func write(_ name: String, _ text: String) throws {
        let url = URL(filePath: file(name))
        try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: url)
    }

    func remove(_ name: String) throws { try FileManager.default.removeItem(atPath: file(name)) }
}

/// Files that are right.
enum Written {
    static let rules = """
        groups:
          - name: test
            rules:
              - alert: TooHot
                expr: temperature > 40

        """

    /// A runbook without an allow list acts on nothing, until it is installed with one.
    static func runbook(
        _ name: String = "restart-web", allow: [String]? = ["web.service"], mode: String = "auto", risk: String = "low"
    ) -> String {
        """
        runbook: \(name)
        description: Restart a service.
        when_not: It is being worked on.
        on:
          - [alertname="UnitFailed"]
        parameters:
          unit: {type: unit, from: '{{ $labels.unit }}'\(allow.map { ", allow: [\($0.joined(separator: ", "))]" } ?? "")}
        mode: \(mode)
        risk: \(risk)
        steps:
          - name: save
            run: [/bin/dump, '{{ $params.unit }}']
          - name: restart
            systemd: {restart: '{{ $params.unit }}'}
        verify:
          expr: 'unit_active{unit="{{ $params.unit }}"} == 1'
          for: 3s
          within: 30s
        otherwise: [escalate]

        """
    }

    static func settings(_ folder: Folder, more: String = "") -> String {
        """
        state: \(folder.file("state"))
        runtime: \(folder.file("run"))
        rules: [\(folder.file("rules"))]
        runbooks: [\(folder.file("runbooks"))]
        \(more)

        """
    }

    /// Settings with a rule and a runbook.
    static func folder(more: String = "") throws -> Folder {
        let folder = try Folder(["rules/a.yaml": rules, "runbooks/restart-web.yaml": runbook()])
        try folder.write("nightshift.yaml", settings(folder, more: more))
        return folder
    }
}
