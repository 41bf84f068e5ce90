import Foundation
import Model
import Testing

@testable import Agents

@Suite final class ModelKeyTests {
    private let folder = FileManager.default.temporaryDirectory.appending(path: "nightshift-key-\(UUID())")

    init() throws { try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true) }

    deinit {
        try? FileManager.default.removeItem(at: folder)  // a folder that stays harms nobody
    }

    private func file(_ content: [UInt8], mode: Int = 0o600) throws -> String {
        let path = folder.appending(path: "key").path
        try Data(content).write(to: URL(filePath: path))
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
        return path
    }

    private func fault(_ read: () throws(Fault) -> ModelKey) -> Fault? {
        do throws(Fault) {
            _ = try read()
            return nil
        } catch {
            return error
        }
    }

    @Test(arguments: ["sk-abc", "sk-abc\n", "sk-abc\r\n", "sk-abc \t\n\n"], [0o600, 0o400, 0o640, 0o440])
    func aKeyIsOneLineOfAFile(content: String, mode: Int) throws {
        #expect(try ModelKey.read(file(Array(content.utf8), mode: mode)).secret == "sk-abc")
    }

    @Test(arguments: [
        ("", "it is empty"), ("\n \n", "it is empty"), ("sk-a\nsk-b", "it is not one line"),
        ("sk a", "it is not one line"), ("sk-\u{7}", "it is not one line"), ("schlüssel", "it is not one line"),
        (String(repeating: "k", count: 5000), "it is larger than 4096 bytes"),
    ])
    func anythingElseIsRefusedWithoutBeingShown(content: String, reason: String) throws {
        let path = try file(Array(content.utf8))
        let fault = try #require(fault { () throws(Fault) in try ModelKey.read(path) })
        #expect(fault.code == "agents.key" && fault.message.contains(reason) && fault.message.contains(path))
        #expect(content.isEmpty || !fault.description.contains(content))
    }

    @Test(arguments: [0o644, 0o604, 0o602, 0o666])
    func aFileThatEverybodyMayReadIsRefused(mode: Int) throws {
        let path = try file(Array("sk-abc".utf8), mode: mode)
        let fault = try #require(fault { () throws(Fault) in try ModelKey.read(path) })
        #expect(fault.message.contains("everybody on this host may read or write it"))
        #expect(fault.hint == "Run chmod 600 \(path)")
    }

    @Test func whatIsNoFileIsRefused() throws {
        #expect(
            fault { () throws(Fault) in try ModelKey.read("/nowhere/key") }?.message.contains("No such file") == true)
        let folder = folder.path
        #expect(fault { () throws(Fault) in try ModelKey.read(folder) }?.message.contains("not a file") == true)
        let pipe = self.folder.appending(path: "pipe").path
        #expect(mkfifo(pipe, 0o600) == 0)
        // Nobody writes to it: reading would never end.
        #expect(fault { () throws(Fault) in try ModelKey.read(pipe) }?.message.contains("not a file") == true)
    }

    @Test func aCredentialIsFoundWhereSystemdPutsIt() throws {
        let setting = "$CREDENTIALS_DIRECTORY/model-key"
        let path = try ModelKey.path(setting, environment: ["CREDENTIALS_DIRECTORY": "/run/credentials/x"])
        #expect(path == "/run/credentials/x/model-key")
        #expect(try ModelKey.path("/etc/key", environment: [:]) == "/etc/key")
        for environment in [[:], ["CREDENTIALS_DIRECTORY": ""], ["CREDENTIALS_DIRECTORY": "here"]] {
            #expect(throws: Fault.self) { try ModelKey.path(setting, environment: environment) }
        }
    }

    @Test(arguments: [
        "", "key", "./key", "~/key", "$HOME/key", "$CREDENTIALS_DIRECTORY", "$CREDENTIALS_DIRECTORY/",
        "$CREDENTIALS_DIRECTORY/../key", "$CREDENTIALS_DIRECTORY/a/b", "$CREDENTIALS_DIRECTORY/.key",
    ])
    func noOtherPathIs(setting: String) {
        #expect(throws: Fault.self) { try ModelKey.path(setting, environment: ["CREDENTIALS_DIRECTORY": "/run/c"]) }
    }

    @Test func aKeyIsNeverShown() throws {
        let key = try #require(ModelKey("sk-secret"))
        var shown = "\(key) \([key]) " + String(reflecting: key) + String(describing: Optional(key))
        dump(key, to: &shown)
        #expect(!shown.contains("sk-secret"))
        #expect(key.hidden(in: "a sk-secret b sk-secretc") == "a [key] b [key]c")
    }
}
