import FoundationEssentials
import Model

/// The settings as they lie on disk.
enum SettingsFile {
    static let standardPath = "/etc/nightshift/nightshift.yaml"

    /// Reads the file that was named, else the standard one, else takes the defaults; Diagnostics or a Fault says what is wrong.
    static func load(_ path: String?) throws -> Settings {
        let file = path ?? standardPath
        guard FileManager.default.fileExists(atPath: file) else {
            guard path != nil else { return Settings() }
            throw Fault("settings.missing", "There is no settings file \(file)")
        }
        guard let data = FileManager.default.contents(atPath: file) else {
            throw Fault("settings.unreadable", "The settings file \(file) cannot be read")
        }
        return try Settings.parse(String(decoding: data, as: UTF8.self), file: file)
    }
}
